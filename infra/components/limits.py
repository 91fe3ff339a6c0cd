"""How much a tenant's project may hold: what is declared, and no room for anything that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.dynamic.limits import Limits
from infra.neutron.groups import security_groups

if TYPE_CHECKING:
    from infra.declaration.model import Tenant
    from infra.policy.rules import TenantPolicy

RULE_STEP = 100
"""Rules are made before old ones are removed, and a changed flow should not change a limit: round up generously."""


def project_limits(tenant: Tenant, policy: TenantPolicy) -> Limits:
    """Return the limits that a declaration comes to.

    No router at all: the edge and the management router are the platform's, so a deployer cannot route its management segment. One port
    per zone beyond the servers' is for Neutron's own (distributed DHCP or metadata).
    """
    servers = tenant.servers.values()
    disks = [size for server in servers for size in (server.root, *(disk.size for disk in server.data.values()))]
    groups = security_groups(policy)
    rules = sum(len(group.rules) for group in groups)
    return Limits(
        compute={"instances": len(servers), "key_pairs": 1},
        volume={"volumes": len(disks), "gigabytes": sum(disks)},
        network={
            "network": len(tenant.zones),
            "subnet": sum(len(zone.networks) for zone in tenant.zones.values()),
            "port": sum(len(server.zones) + 1 for server in servers) + len(tenant.zones),
            "router": 0,
            "floatingip": sum(1 for server in servers if server.public),
            "security_group": len(groups) + 1,
            "security_group_rule": (2 * rules // RULE_STEP + 1) * RULE_STEP,
            "rbac_policy": 0,
        },
    )
