"""Names and tags of everything in the cloud, as pure functions.

Names are an interface: the engine's state, the customer's tools and the evidence refer to them. Changing one is a breaking
change and needs aliases in the components.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.declaration.model import Tenant

PLATFORM = "platform"
"""The stack of the platform; no tenant may have this name."""
MANAGEMENT = "management"
"""The last part of the names of everything that belongs to management; no zone may have this name."""
ROOT = "root"
"""The last part of the name of a server's root volume; no data disk may have this name."""
MANAGED_BY = "ringfence"
DEPLOYER_ROLE, READER_ROLE = "member", "reader"
"""Roles, by name, of a tenant's two users in its project: Keystone's own."""
BACKBONE = f"{PLATFORM}-backbone"
"""The management backbone, its subnet."""
BASTION = f"{PLATFORM}-bastion"
"""The bastion, its port, its root volume and its security group."""
SERVICES = f"{PLATFORM}-services"
"""The services server, its port and its security group; the first part of its volumes' names."""
STORE = "store"
"""The last part of the name of the services server's data volume."""
MANAGEMENT_POOL = f"{PLATFORM}-{MANAGEMENT}"
"""The subnet pool that the tenants' management subnets come from."""


def further_router(number: int) -> str:
    """Name of the platform's second router (2) and those after it, of the leg of each and of the route to it."""
    return f"{PLATFORM}-router-{number}"


def project(tenant: str) -> str:
    """Name of the tenant's project."""
    return tenant


def deployer(tenant: str) -> str:
    """Name of the user that the operator's stack works as."""
    return f"{tenant}-deployer"


def reader(tenant: str) -> str:
    """Name of the user for the customer's people."""
    return f"{tenant}-reader"


def network(tenant: str, zone: str) -> str:
    """Name of a zone's network."""
    return f"{tenant}-{zone}"


def subnet(tenant: str, zone: str, family: int) -> str:
    """Name of a zone's subnet of one family (4 or 6)."""
    return f"{tenant}-{zone}-{family}"


def edge_router(tenant: str) -> str:
    """Name of the router between the tenant's zones and the outside."""
    return f"{tenant}-edge"


def management(tenant: str) -> str:
    """Name of the tenant's management network, its subnet and its router."""
    return f"{tenant}-{MANAGEMENT}"


def zone_group(zone: str) -> str:
    """Key of a zone's group in the policy."""
    return f"zone-{zone}"


def server_group(server: str) -> str:
    """Key of a server's group in the policy."""
    return f"server-{server}"


def group(tenant: str, key: str) -> str:
    """Name of the security group for one of the policy's groups (``zone-app``, ``server-web``, ``management``)."""
    return f"{tenant}-{key}"


def group_rule(group: str, direction: str, protocol: str, packet: str, peer: str) -> str:
    """Name of a rule of a security group, by what it lets pass; ``packet`` are ports, or type and code, and may be empty."""
    return "-".join(part for part in (group, direction, protocol, packet, peer) if part)


def address_group(tenant: str, peer_set: str, family: int) -> str:
    """Name of the address group for a named set of prefixes of one family (4 or 6)."""
    return f"{tenant}-{peer_set}-{family}"


def backbone_port(tenant: str) -> str:
    """Name of the port on the backbone through which the tenant's management router is reached."""
    return f"{tenant}-backbone"


def key_pair(owner: str) -> str:
    """Name of the key pair of the automation account, for the servers of a tenant or of the platform."""
    return f"{owner}-automation"


def image(base: str, digest: str) -> str:
    """Name of the guest image with a given content (SHA-256 in hex), so that another content is another image."""
    return f"{base}-{digest[:12]}"


def port(tenant: str, server: str, zone: str) -> str:
    """Name of a server's port in a zone."""
    return f"{tenant}-{server}-{zone}"


def management_port(tenant: str, server: str) -> str:
    """Name of a server's management port."""
    return f"{tenant}-{server}-{MANAGEMENT}"


def server(tenant: str, name: str) -> str:
    """Name of a server; also its host name."""
    return f"{tenant}-{name}"


def sessions(server: str) -> str:
    """Name of the certificate that a server shows to the store of recordings; the dot is in no other name."""
    return f"{server}.sessions"


def loopback(server: str) -> str:
    """Name of the authority that a server has on its loopback interface, and of the certificate of it."""
    return f"{server}.loopback"


def root_volume(tenant: str, name: str) -> str:
    """Name of a server's root volume."""
    return f"{tenant}-{name}-{ROOT}"


def data_volume(tenant: str, name: str, disk: str) -> str:
    """Name of a server's data volume."""
    return f"{tenant}-{name}-{disk}"


def tags(tenant: Tenant, zone: str = "") -> dict[str, str]:
    """Return the labels of a resource, in a fixed order; ``zone`` is left out of what belongs to no zone."""
    labels = {
        "tenant": tenant.name,
        "service": tenant.labels.service,
        "zone": zone,
        "classification": tenant.labels.classification.value,
        "managed-by": MANAGED_BY,
    }
    return {key: value for key, value in labels.items() if value}


def tag_list(labels: dict[str, str]) -> list[str]:
    """Render labels as Neutron tags, ``key=value`` each, sorted as Neutron returns them."""
    return sorted(f"{key}={value}" for key, value in labels.items())
