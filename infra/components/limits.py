"""How much a tenant's project may hold: what is declared, and the room to make each thing once more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.dynamic.limits import Limits
from infra.neutron.groups import security_groups

if TYPE_CHECKING:
    from infra.declaration.model import Tenant
    from infra.policy.rules import TenantPolicy

ROOM = 2
"""A busy Neutron counts a request twice that it repeats inside itself, and replacements may overlap with what they replace."""
RULE_STEP = 100
"""A changed flow should not change a limit: round up."""


def project_limits(tenant: Tenant, policy: TenantPolicy) -> Limits:
    """Return the limits that a declaration comes to.

    No router at all: the edge and the management router are the platform's, so a deployer cannot route its management segment.
    """
    servers = tenant.servers.values()
    disks = [size for server in servers for size in (server.root, *(disk.size for disk in server.data.values()))]
    groups = security_groups(policy)
    rules = sum(len(group.rules) for group in groups)
    declared = {
        "network": len(tenant.zones),
        "subnet": sum(len(zone.networks) for zone in tenant.zones.values()),
        "port": sum(len(server.zones) + 1 for server in servers) + len(tenant.zones),
        "floatingip": sum(1 for server in servers if server.public),
        "security_group": len(groups) + 1,
    }
    return Limits(
        compute={"instances": ROOM * len(servers), "key_pairs": ROOM},
        volume={"volumes": ROOM * len(disks), "gigabytes": ROOM * sum(disks)},
        network={
            **{resource: ROOM * number for resource, number in declared.items()},
            "security_group_rule": (ROOM * rules // RULE_STEP + 1) * RULE_STEP,
            "router": 0,
            "rbac_policy": 0,
        },
    )
