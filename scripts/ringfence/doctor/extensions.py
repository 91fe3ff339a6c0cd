"""Which extensions of Neutron's API ringfence needs, and for what: one table. Pure.

``uses`` are the resources and their properties by which it is used: ``Type.property``, or ``Type`` alone where there is no such resource
without the extension. ``tests/fast/ringfence/doctor/test_extensions.py`` holds them against what the components really declare.
The other extensions that a cloud may have, and what they mean for the proof, are in :mod:`infra.neutron.semantics.extensions`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Extension:
    """An extension by its alias. ``since``: what has to be declared for it to be needed at all; empty: it is always."""

    alias: str
    needed_for: str
    uses: tuple[str, ...] = ()
    since: str = ""


EXTERNALS = "externals"
"""What an extension is needed for only where a tenant declares it."""

EXTENSIONS = (
    Extension("address-group", "named prefixes of a tenant (`externals`)", ("AddressGroupV2",), EXTERNALS),
    Extension("agent", "`prove` and `lint`: which firewall driver enforces the groups"),
    Extension("binding", "`verify`: where and how ports are bound"),
    Extension("ext-gw-mode", "source NAT of edge routers, as `prove` and `verify` read it"),
    Extension("external-net", "the external network", ("FloatingIp.pool", "Router.externalNetworkId")),
    Extension("extraroute", "routes to the tenants' management segments", ("ManagementRoute", "PoolRoute")),
    Extension("extraroute-atomic", "two stacks may add a route at the same time", ("ManagementRoute", "PoolRoute")),
    Extension("net-mtu", "servers get their networks' MTU on the config drive"),
    Extension("port-security", "a port sends from its own addresses only", ("Network.portSecurityEnabled", "Port.portSecurityEnabled")),
    Extension("quota_details", "an update that has no room is refused before it begins"),
    Extension("quotas", "a tenant may hold what it declares and no more", ("ProjectLimits.network", "ProjectRoom.network")),
    Extension("rbac-policies", "the management segment is shared with its tenant alone", ("RbacPolicyV2",)),
    Extension("router", "routers and floating IPs", ("Router", "RouterLeg", "Unplugged", "FloatingIp")),
    Extension("security-group", "the flows in the network", ("SecGroup", "SecGroupRule", "EmptyDefaultGroup", "Port.securityGroupIds")),
    Extension(
        "security-groups-remote-address-group",
        "rules for named prefixes of a tenant (`externals`)",
        ("SecGroupRule.remoteAddressGroupId",),
        EXTERNALS,
    ),
    Extension(
        "standard-attr-description",
        "a rule says which flow wants it",
        ("SecGroup.description", "SecGroupRule.description", "AddressGroupV2.description"),
    ),
    Extension(
        "standard-attr-tag",
        "labels: tenant, service, zone, classification",
        tuple(f"{kind}.tags" for kind in ("Network", "Subnet", "SubnetPool", "Router", "Port", "SecGroup", "FloatingIp")),
    ),
    Extension("subnet_allocation", "management subnets out of one pool", ("SubnetPool", "Subnet.subnetpoolId", "Subnet.prefixLength")),
)
"""In the order of their aliases."""

WORTH_HAVING = (
    Extension("network-ip-availability", "`doctor`: how many addresses are left on the external network"),
    Extension("security-groups-default-rules", "`prove --state plan:...`: which rules a new group begins with"),
    Extension("stateful-security-group", "`prove`, `verify`: whether groups track connections"),
    Extension("trunk", "`prove`, `verify`: no trunk leads to a port"),
)
"""Asked for where a cloud has them; a cloud without them has no such objects, or one answer less."""
