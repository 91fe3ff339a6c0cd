"""How much a project may hold: what is declared, and the room to make each thing once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.backups import settings as backups
from infra.dynamic.limits import Limits
from infra.neutron.quotas import demand
from infra.neutron.quotas.demand import ROOM

if TYPE_CHECKING:
    from infra.declaration.model import Platform, Tenant
    from infra.policy.rules import TenantPolicy

RULE_STEP = 100
"""A changed flow should not change a limit: round up."""


def project_limits(tenant: Tenant, policy: TenantPolicy, platform: Platform) -> Limits:
    """Return the limits that a declaration comes to.

    No router at all: the edge and the management router are the platform's, so a deployer cannot route its management segment. Backups
    are limited where they are declared; elsewhere the cloud's own limits hold.
    """
    declared = demand.of_tenant(tenant, policy)
    rules = declared.network.pop("security_group_rule")
    return Limits(
        compute={"instances": ROOM * declared.compute["instances"], "key_pairs": ROOM},
        volume={resource: ROOM * number for resource, number in declared.volume.items()} | backups.room(platform, tenant),
        network={
            **{resource: ROOM * number for resource, number in declared.network.items()},
            "security_group_rule": (ROOM * rules // RULE_STEP + 1) * RULE_STEP,
            "router": 0,
            "rbac_policy": 0,
        },
    )


def platform_limits(platform: Platform) -> Limits:
    """Return what the platform's project must be allowed at least: as many tenants as its pool and its backbone hold.

    Routes per router are a quota since Neutron 2026.2; a cloud that knows no such quota is not asked for it.
    """
    declared = demand.of_pool(platform)
    return Limits(
        compute={resource: ROOM * number for resource, number in declared.compute.items()},
        volume={resource: ROOM * number for resource, number in declared.volume.items()},
        network={
            **{resource: ROOM * number for resource, number in declared.network.items()},
            "router_route": platform.backbone.max_routes,
        },
    )
