"""One topology object: networks, routers and what joins them, of the platform and of every tenant, from the declarations alone.

The program that builds (:mod:`infra.components`), the snapshot of the declarations that is proven (:mod:`infra.neutron.sources.declared`)
and the comparison with the cloud (``ringfence verify``) are all rendered from :class:`Topology`, so they cannot disagree about what is
wired to what; :class:`infra.policy.rules.TenantPolicy` is the same for what is allowed.
"""

from infra.topology.platform import platform_topology
from infra.topology.tenant import tenant_topology
from infra.topology.values import (
    AddressPool,
    DeclaredInterface,
    DeclaredNetwork,
    DeclaredPort,
    DeclaredRouter,
    DeclaredSubnet,
    HostRoute,
    PublicAddress,
    RouterRoute,
    Topology,
)

__all__ = [
    "AddressPool",
    "DeclaredInterface",
    "DeclaredNetwork",
    "DeclaredPort",
    "DeclaredRouter",
    "DeclaredSubnet",
    "HostRoute",
    "PublicAddress",
    "RouterRoute",
    "Topology",
    "platform_topology",
    "tenant_topology",
]
