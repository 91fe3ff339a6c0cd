"""Ways to break what nobody looks at first, many of them at the same time: twins, attributes, the platform. Every one undoes itself."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from tests.live.tools import ask, changed, created, leg

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene

    Way = Callable[[Scene], AbstractContextManager[Any]]

NEIGHBOUR = "192.0.2.0/24"
"""A prefix that nobody routes, for routes and subnets that lead nowhere."""


@contextlib.contextmanager
def _twin(scene: Scene, path: str, kind: str, body: dict[str, Any]) -> Iterator[None]:
    """Make an object with a declared name, give it the labels that a declared one has, and delete it afterwards."""
    neutron, labels = scene.stage.cloud.network, names.tag_list(names.tags(scene.stage.tenant(scene.tenant).declaration))
    with created(neutron, path, kind, {"project_id": scene.project, **body}) as row:
        ask(neutron, "PUT", f"{path}/{row['id']}/tags", {"tags": labels})
        yield


def twin_group(scene: Scene) -> AbstractContextManager[Any]:
    """Make a second group with the name and the labels of a declared one; Neutron's own rules in it let everything out."""
    body = {"name": names.group(scene.tenant, scene.group())}
    return _twin(scene, "/security-groups", "security_group", body)


def twin_network(scene: Scene) -> AbstractContextManager[Any]:
    """Make a second network with the name of a zone's."""
    zone = scene.stage.plan.nodes[scene.target].nics[0].label
    return _twin(scene, "/networks", "network", {"name": names.network(scene.tenant, zone)})


def twin_port(scene: Scene) -> AbstractContextManager[Any]:
    """Make a second port with the name of a server's on the server's network."""
    body = {"name": scene.port_name(), "network_id": scene.network()}
    return _twin(scene, "/ports", "port", body)


def twin_router(scene: Scene) -> AbstractContextManager[Any]:
    """Make a second router with the name of the edge router, in the platform's project as that one."""
    platform = scene.stage.opened.inventory.platform_facts.project_id
    return _twin(scene, "/routers", "router", {"name": names.edge_router(scene.tenant), "project_id": platform})


def twin_address_group(scene: Scene) -> AbstractContextManager[Any]:
    """Make a second address group with the name of the one for the internet."""
    body = {"name": names.address_group(scene.tenant, "internet", 4), "addresses": ["0.0.0.0/0"]}
    return created(scene.stage.cloud.network, "/address-groups", "address_group", {"project_id": scene.project, **body})


def spare_address(scene: Scene) -> AbstractContextManager[Any]:
    """Take a second public address for the tenant, that is on no port yet."""
    outside = scene.stage.opened.inventory.platform_facts.external_network_id
    return _twin(scene, "/floatingips", "floatingip", {"floating_network_id": outside})


TWINS: dict[str, tuple[Way, str]] = {
    "security group": (twin_group, "undeclared security group {tenant}-{group} ("),
    "network": (twin_network, "undeclared network {tenant}-{zone} ("),
    "port": (twin_port, "undeclared port {port} ("),
    "router": (twin_router, "undeclared router {tenant}-edge ("),
    "address group": (twin_address_group, "undeclared address group {tenant}-internet-4 ("),
    "public address": (spare_address, "on no port of project {tenant}"),
}


def _subnet(scene: Scene, **values: object) -> AbstractContextManager[None]:
    facts = scene.stage.tenant(scene.tenant).facts.zones
    subnet = facts[scene.stage.plan.nodes[scene.target].nics[0].label].subnet_ids[0]
    return changed(scene.stage.cloud.network, f"/subnets/{subnet}", "subnet", values)


def dns_servers(scene: Scene) -> AbstractContextManager[None]:
    """Give a zone a name server."""
    return _subnet(scene, dns_nameservers=["192.0.2.53"])


def allocation_pool(scene: Scene) -> AbstractContextManager[None]:
    """Let Neutron give out two addresses of a zone only."""
    network = scene.stage.plan.nodes[scene.target].nics[0].networks[0]
    return _subnet(scene, allocation_pools=[{"start": str(network[-4]), "end": str(network[-3])}])


def pair_with_mac(scene: Scene) -> AbstractContextManager[None]:
    """Let a port send as a virtual router does; Neutron takes no other MAC of a pair than VRRP's."""
    pairs = [{"ip_address": "192.0.2.66", "mac_address": "00:00:5e:00:01:42"}]
    return changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.source)}", "port", {"allowed_address_pairs": pairs})


@contextlib.contextmanager
def port_off(scene: Scene) -> Iterator[None]:
    """Switch a port off."""
    with changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.target)}", "port", {"admin_state_up": False}):
        yield
    _until_active(scene, scene.port(scene.target))


@contextlib.contextmanager
def binding_lost(scene: Scene) -> Iterator[None]:
    """Take a port from its host: its server runs on, and would not start again."""
    neutron, path = scene.stage.cloud.network, f"/ports/{scene.port(scene.source)}"
    with changed(neutron, path, "port", {"binding:host_id": ""}):
        yield
    # The host has had the port all the time, so OVN has nothing to report: Neutron learns it when the port is switched on.
    for state in (False, True):
        ask(neutron, "PUT", path, {"port": {"admin_state_up": state}})
        time.sleep(1)
    _until_active(scene, scene.port(scene.source))


def _until_active(scene: Scene, port: str) -> None:
    """Wait until the network has a port again: Neutron is told in the background."""
    for _ in range(30):
        if ask(scene.stage.cloud.network, "GET", f"/ports/{port}")["port"]["status"] == "ACTIVE":
            return
        time.sleep(0.5)


def no_translation(scene: Scene) -> AbstractContextManager[None]:
    """Let the edge router send private addresses outside."""
    facts = scene.stage.tenant(scene.tenant).facts
    return _without_snat(scene, str(facts.edge_router_id))


@contextlib.contextmanager
def _without_snat(scene: Scene, router: str) -> Iterator[None]:
    neutron, path = scene.stage.cloud.network, f"/routers/{router}"
    gateway = ask(neutron, "GET", path)["router"]["external_gateway_info"]
    ask(neutron, "PUT", path, {"router": {"external_gateway_info": {**gateway, "enable_snat": False}}})
    try:
        yield
    finally:
        ask(neutron, "PUT", path, {"router": {"external_gateway_info": gateway}})


def router_off(scene: Scene) -> AbstractContextManager[None]:
    """Switch the edge router off."""
    facts = scene.stage.tenant(scene.tenant).facts
    return changed(scene.stage.cloud.network, f"/routers/{facts.edge_router_id}", "router", {"admin_state_up": False})


def foreign_member(scene: Scene) -> AbstractContextManager[Any]:
    """Put a port of the other tenant into a group of this one."""
    facts, project = scene.stage.tenant(scene.tenant).facts, scene.stage.tenant(scene.other).facts.project_id
    body = {
        "name": "guest",
        "network_id": scene.network(scene.other),
        "project_id": project,
        "security_groups": [facts.groups[scene.group()]],
    }
    return created(scene.stage.cloud.network, "/ports", "port", body)


@contextlib.contextmanager
def foreign_trunk(scene: Scene) -> Iterator[None]:
    """Carry a port on this tenant's network as a subport of a trunk of the other's."""
    neutron, project = scene.stage.cloud.network, scene.stage.tenant(scene.other).facts.project_id
    body = {"network_id": scene.network(scene.other), "project_id": project, "name": "trunk"}
    with (
        created(neutron, "/ports", "port", body) as parent,
        created(neutron, "/ports", "port", {**body, "network_id": scene.network(), "name": "sub"}) as sub,
    ):
        subs = [{"port_id": sub["id"], "segmentation_type": "vlan", "segmentation_id": 7}]
        with created(neutron, "/trunks", "trunk", {"name": "loot", "project_id": project, "port_id": parent["id"], "sub_ports": subs}):
            yield


@contextlib.contextmanager
def metadata(scene: Scene) -> Iterator[None]:
    """Tell a server something else about itself."""
    facts = scene.stage.tenant(scene.tenant).facts.servers[scene.target.partition("/")[2]]
    path = f"/servers/{facts.id}/metadata"
    ask(scene.stage.cloud.compute, "POST", path, {"metadata": {"loot": "here"}})
    try:
        yield
    finally:
        ask(scene.stage.cloud.compute, "DELETE", f"{path}/loot")


ATTRIBUTES: dict[str, tuple[Way, str]] = {
    "DNS server": (dns_servers, "has dns_nameservers 192.0.2.53, declared none"),
    "allocation pool": (allocation_pool, "has allocation_pools start"),
    "address pair with a MAC": (pair_with_mac, "may also send from 192.0.2.66 with MAC 00:00:5e:00:01:42"),
    "port switched off": (port_off, "port {port} has admin_state_up false"),
    "binding lost": (binding_lost, "has lost its binding (unbound)"),
    "no translation": (no_translation, "router {tenant}-edge does not translate addresses"),
    "router switched off": (router_off, "router {tenant}-edge has admin_state_up false"),
    "group gained a member": (foreign_member, "security group {tenant}-{group} is on port guest of project {other}"),
    "trunk of another project": (foreign_trunk, "trunk loot of project {other} carries port sub as vlan 7"),
    "metadata of a server": (metadata, "has metadata loot here, made with none"),
}


def _backbone(scene: Scene) -> str:
    return str(scene.stage.opened.inventory.platform_facts.backbone.network_id)


def _platform_router(scene: Scene) -> str:
    return str(scene.stage.opened.inventory.platform_facts.router_id)


@contextlib.contextmanager
def route_of_the_platform(scene: Scene) -> Iterator[None]:
    """Add a route to the platform's router by the call that leaves all others alone."""
    hop = scene.stage.opened.inventory.platform.backbone.cidr[-2]
    path, body = f"/routers/{_platform_router(scene)}", {"router": {"routes": [{"destination": NEIGHBOUR, "nexthop": str(hop)}]}}
    ask(scene.stage.cloud.network, "PUT", f"{path}/add_extraroutes", body)
    try:
        yield
    finally:
        ask(scene.stage.cloud.network, "PUT", f"{path}/remove_extraroutes", body)
        # Neutron writes the whole list to the network again.
        ask(scene.stage.cloud.network, "PUT", path, {"router": {}})


def backbone_shared(scene: Scene) -> AbstractContextManager[Any]:
    """Share the backbone with a tenant."""
    policy = {"object_type": "network", "object_id": _backbone(scene), "action": "access_as_shared", "target_tenant": scene.project}
    return created(scene.stage.cloud.network, "/rbac-policies", "rbac_policy", policy)


def backbone_dns(scene: Scene) -> AbstractContextManager[None]:
    """Give the backbone a name server."""
    subnet = scene.stage.opened.inventory.platform_facts.backbone.subnet_id
    return changed(scene.stage.cloud.network, f"/subnets/{subnet}", "subnet", {"dns_nameservers": ["192.0.2.53"]})


@contextlib.contextmanager
def backbone_port(scene: Scene) -> Iterator[None]:
    """Open a port of a tenant on the backbone, with a public address through the platform's router."""
    neutron = scene.stage.cloud.network
    outside = scene.stage.opened.inventory.platform_facts.external_network_id
    with created(neutron, "/ports", "port", {"network_id": _backbone(scene), "project_id": scene.project, "name": "intruder"}) as port:
        body = {"floating_network_id": outside, "port_id": port["id"], "project_id": scene.project}
        with created(neutron, "/floatingips", "floatingip", body):
            yield


def second_subnet(scene: Scene) -> AbstractContextManager[Any]:
    """Put a second prefix on the backbone."""
    body = {"network_id": _backbone(scene), "name": "spare", "ip_version": 4, "cidr": NEIGHBOUR, "enable_dhcp": False}
    return created(scene.stage.cloud.network, "/subnets", "subnet", body)


@contextlib.contextmanager
def bastion_rule(scene: Scene) -> Iterator[None]:
    """Open the bastion to everybody."""
    neutron = scene.stage.cloud.network
    group = scene.stage.opened.inventory.made[names.PLATFORM].get("groups", names.BASTION)
    assert group is not None
    body = {"security_group_id": group.id, "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "remote_ip_prefix": "0.0.0.0/0"}
    with created(neutron, "/security-group-rules", "security_group_rule", body):
        yield


@contextlib.contextmanager
def platform_leg(scene: Scene) -> Iterator[None]:
    """Plug the platform's router into a network of a stranger."""
    neutron = scene.stage.cloud.network
    with created(neutron, "/networks", "network", {"name": "stranger"}) as network:
        subnet = {"network_id": network["id"], "name": "stranger", "ip_version": 4, "cidr": "198.51.100.0/28", "enable_dhcp": False}
        with created(neutron, "/subnets", "subnet", subnet), leg(scene.stage, _platform_router(scene), network["id"], "198.51.100.5"):
            yield


PLATFORM: dict[str, tuple[Way, str]] = {
    "route of the platform's router": (route_of_the_platform, f"undeclared route on router platform: {NEIGHBOUR} via"),
    "backbone shared": (backbone_shared, "network platform-backbone is shared with project {tenant}"),
    "DNS server of the backbone": (backbone_dns, "subnet platform-backbone has dns_nameservers 192.0.2.53"),
    "port on the backbone": (backbone_port, "undeclared port intruder of project {tenant} on network platform-backbone"),
    "public address on the backbone": (backbone_port, "on intruder of project {tenant}"),
    "second subnet on the backbone": (second_subnet, "undeclared subnet spare"),
    "rule on the bastion's group": (bastion_rule, "undeclared rule in platform-bastion: ingress IPv4 tcp all 0.0.0.0/0"),
    "leg of the platform's router": (platform_leg, "router platform has an undeclared interface on network stranger"),
}
