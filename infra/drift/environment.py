"""What a cloud is compared with: the declarations, what they allow, and what the stacks exported and made. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.declaration.model import Platform, Tenant
    from infra.declaration.yaml.source import Source
    from infra.drift.made import Made
    from infra.outputs import PlatformOutput, TenantOutput
    from infra.policy.rules import TenantPolicy


@dataclass(frozen=True, slots=True)
class TenantEnvironment:
    """One tenant: what is declared, what that allows, and its stack's output ``tenant``."""

    declaration: Tenant
    policy: TenantPolicy
    facts: TenantOutput

    @property
    def name(self) -> str:
        """The tenant's name."""
        return self.declaration.name


@dataclass(frozen=True, slots=True)
class Environment:
    """The platform and some tenants.

    ``made`` is what every stack that the engine knows made, those of tenants that are not looked at included: the platform's router and
    backbone serve them all. ``written`` are the declarations as they are written, by stack.
    """

    platform: Platform
    platform_facts: PlatformOutput
    tenants: tuple[TenantEnvironment, ...]
    made: Mapping[str, Made] = field(default_factory=dict, kw_only=True)
    written: Mapping[str, Source] = field(default_factory=dict, kw_only=True)
