"""Flows whose last day is over: each is a finding about its tenant, never a mistake that would stop others from being judged.

Such a flow allows nothing (:func:`infra.policy.flows.expand` leaves it out). It is kept by name, so that a rule that is still in a cloud
leads to the flow that once asked for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Tenant


@dataclass(frozen=True, slots=True)
class EndedFlow:
    """A flow that allows nothing any more, with who answers for it and the line to change. ``expires`` was its last day (ISO 8601)."""

    tenant: str
    flow: str
    expires: str
    owner: str
    reason: str
    file: str
    line: int

    def __str__(self) -> str:
        """Say it in one line, with what to do."""
        place = f"{self.file}:{self.line}: " if self.file else ""
        return (
            f"{place}flow {self.flow} of {self.tenant} expired on {self.expires} and allows nothing any more: "
            f"remove it, or have its owner ({self.owner}) agree to a new date"
        )


def ended(tenant: Tenant, today: date) -> frozenset[str]:
    """Return the names of the flows whose last day is before ``today``."""
    return frozenset(name for name, flow in tenant.flows.items() if flow.expires is not None and flow.expires < today)


def endings(declarations: Iterable[TenantDeclaration]) -> Iterator[EndedFlow]:
    """Yield every flow that has ended, in the order of the declarations."""
    for declaration in declarations:
        for name, flow in declaration.tenant.flows.items():
            if name in declaration.ended:
                place = declaration.lines.of("flows", name)
                yield EndedFlow(declaration.tenant.name, name, str(flow.expires), flow.owner, flow.reason, place.file, place.line)


def as_written(declaration: TenantDeclaration) -> TenantDeclaration:
    """Return a declaration as if none of its flows had ended: what it once asked for."""
    return replace(declaration, ended=frozenset())
