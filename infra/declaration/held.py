"""Declarations that hold together, and what is known of one that does not: values, each with the lines where it was written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from infra.declaration.draft import Draft
    from infra.declaration.model import Platform, Tenant
    from infra.declaration.yaml.source import Lines


@dataclass(frozen=True, slots=True)
class TenantDeclaration:
    """A tenant that holds together, and where each part of it was written.

    ``ended`` are the names of the flows whose last day is over: they are still written, and allow nothing any more.
    """

    tenant: Tenant
    lines: Lines
    ended: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class PlatformDeclaration:
    """A platform that holds together, and where each part of it was written."""

    platform: Platform
    lines: Lines


class Claims(NamedTuple):
    """What a tenant that is left out would be called, part by part, and where that is written."""

    tenant: Draft
    lines: Lines
