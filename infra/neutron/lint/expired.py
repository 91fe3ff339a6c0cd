"""Flows whose last day is over, as findings about their tenants: the line to change, whether or not a cloud still has the rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.lint.findings import Finding, FindingKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.expiry import EndedFlow


def expired(ended: Iterable[EndedFlow]) -> Iterator[Finding]:
    """Yield a finding for every flow that has ended."""
    for one in ended:
        text = f"flow {one.flow} expired on {one.expires} and allows nothing any more: remove it, or have its owner agree to a new date"
        yield Finding(FindingKind.EXPIRED, text, one.tenant, flow=one.flow, owner=one.owner, file=one.file, line=one.line)
