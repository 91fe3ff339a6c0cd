"""Ways to break isolation through the cloud's API. Every one undoes itself when its context ends."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

from tests.live.tools import ask, changed, created, leg, open_groups, open_guests, roomy, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene


def any_rule(scene: Scene) -> AbstractContextManager[None]:
    """Add a rule by hand that lets SSH in from everywhere."""
    return rule(
        scene.stage, scene.tenant, scene.group(), protocol="tcp", port_range_min=22, port_range_max=22, remote_ip_prefix="0.0.0.0/0"
    )


def rule6(scene: Scene) -> AbstractContextManager[None]:
    """Add a rule by hand for IPv6, which nobody looks at."""
    return rule(scene.stage, scene.tenant, scene.group(), ethertype="IPv6")


def remote_group_rule(scene: Scene) -> AbstractContextManager[None]:
    """Add a rule that admits a group instead of an address."""
    return rule(scene.stage, scene.tenant, scene.group(), remote_group_id=scene.stage.tenant(scene.tenant).facts.groups["management"])


@contextlib.contextmanager
def default_rules(scene: Scene) -> Iterator[None]:
    """Give the project's default group its rules back."""
    rows = scene.stage.cloud.network.get("/security-groups", params={"name": "default", "project_id": scene.project}).json()
    group = rows["security_groups"][0]["id"]
    with rule(scene.stage, scene.tenant, group, remote_group_id=group), rule(scene.stage, scene.tenant, group, direction="egress"):
        yield


def port_security_off(scene: Scene) -> AbstractContextManager[None]:
    """Turn port security off."""
    return changed(
        scene.stage.cloud.network, f"/ports/{scene.port(scene.source)}", "port", {"port_security_enabled": False, "security_groups": []}
    )


def address_pair(scene: Scene) -> AbstractContextManager[None]:
    """Let a port send from every address."""
    pairs = [{"ip_address": "0.0.0.0/0"}]
    return changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.source)}", "port", {"allowed_address_pairs": pairs})


def group_removed(scene: Scene) -> AbstractContextManager[None]:
    """Take all groups off a port."""
    return changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.target)}", "port", {"security_groups": []})


def wrong_group(scene: Scene) -> AbstractContextManager[None]:
    """Put another group on a port."""
    groups = [scene.stage.tenant(scene.tenant).facts.groups["management"]]
    return changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.target)}", "port", {"security_groups": groups})


def shared_network(scene: Scene) -> AbstractContextManager[None]:
    """Share a zone with another tenant."""
    target = scene.stage.tenant(scene.other).facts.project_id
    policy = {"object_type": "network", "object_id": scene.network(), "action": "access_as_shared", "target_tenant": target}
    return created(scene.stage.cloud.network, "/rbac-policies", "rbac_policy", policy)  # type: ignore[return-value]  # yields a row


def shared_group(scene: Scene) -> AbstractContextManager[None]:
    """Share a group with another tenant."""
    facts = scene.stage.tenant(scene.tenant).facts
    target = scene.stage.tenant(scene.other).facts.project_id
    policy = {
        "object_type": "security_group",
        "object_id": facts.groups[scene.group()],
        "action": "access_as_shared",
        "target_tenant": target,
    }
    return created(scene.stage.cloud.network, "/rbac-policies", "rbac_policy", policy)  # type: ignore[return-value]  # yields a row


@contextlib.contextmanager
def plain_volume(scene: Scene) -> Iterator[None]:
    """Give the tenant a volume that is stored in the clear."""
    cloud = scene.stage.deployer(scene.tenant)
    quota = f"/os-quota-sets/{scene.project}"
    admin = scene.stage.cloud.block_storage
    before = {key: ask(admin, "GET", quota)["quota_set"][key] for key in ("volumes", "gigabytes")}
    ask(admin, "PUT", quota, {"quota_set": {"volumes": -1, "gigabytes": -1}})
    row = {}
    try:
        row = ask(cloud.block_storage, "POST", "/volumes", {"volume": {"size": 1, "name": "loot", "volume_type": "plain"}})["volume"]
        cloud.block_storage.wait_for_status(cloud.block_storage.get_volume(row["id"]), status="available", wait=60, interval=1)
        yield
    finally:
        if row:
            cloud.block_storage.delete_volume(row["id"])
            cloud.block_storage.wait_for_delete(cloud.block_storage.get_volume(row["id"]), wait=60, interval=1)
        ask(admin, "PUT", quota, {"quota_set": before})


@contextlib.contextmanager
def floating_ip(scene: Scene) -> Iterator[None]:
    """Give a private server a public address."""
    network = scene.stage.cloud.network
    external = scene.stage.opened.inventory.platform_facts.external_network_id
    body = {"floating_network_id": external, "port_id": scene.port(scene.target), "project_id": scene.project}
    with roomy(scene.stage.cloud, scene.project), created(network, "/floatingips", "floatingip", body):
        yield


@contextlib.contextmanager
def extra_card(scene: Scene) -> Iterator[None]:
    """Plug a server into its zone a second time."""
    facts = scene.stage.tenant(scene.tenant).facts.servers[scene.target.partition("/")[2]]
    compute = scene.stage.cloud.compute
    body = {"network_id": scene.network(), "project_id": scene.project, "name": "extra"}
    with roomy(scene.stage.cloud, scene.project), created(scene.stage.cloud.network, "/ports", "port", body) as port:
        ask(compute, "POST", f"/servers/{facts.id}/os-interface", {"interfaceAttachment": {"port_id": port["id"]}})
        try:
            yield
        finally:
            ask(compute, "DELETE", f"/servers/{facts.id}/os-interface/{port['id']}")
            _detached(scene, port["id"])


def _detached(scene: Scene, port: str) -> None:
    """Wait until a port is free: detaching is done in the background."""
    for _ in range(60):
        if not ask(scene.stage.cloud.network, "GET", f"/ports/{port}")["port"]["device_id"]:
            return
        time.sleep(1)


@contextlib.contextmanager
def strange_router(scene: Scene) -> Iterator[None]:
    """Plug a router of somebody else's into a zone."""
    address = scene.stage.plan.nodes[scene.target].nics[0].networks[0][-3]
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(created(scene.stage.cloud.network, "/routers", "router", {"name": "strange"}))
        stack.enter_context(leg(scene.stage, router["id"], scene.network(), str(address)))
        yield


def static_route(scene: Scene) -> AbstractContextManager[None]:
    """Route towards another tenant's prefix."""
    facts = scene.stage.tenant(scene.tenant).facts
    hop = scene.stage.plan.nodes[scene.target].nics[0].networks[0][-4]
    routes = [{"destination": "10.99.0.0/24", "nexthop": str(hop)}]
    return changed(scene.stage.cloud.network, f"/routers/{facts.edge_router_id}", "router", {"routes": routes})


def undeclared_port(scene: Scene) -> AbstractContextManager[None]:
    """Leave a port on a zone's network."""
    body = {"network_id": scene.network(), "name": "intruder"}
    return created(scene.stage.cloud.network, "/ports", "port", body)  # type: ignore[return-value]  # yields a row


def dhcp_on(scene: Scene) -> AbstractContextManager[None]:
    """Let Neutron hand out addresses and routes."""
    facts = scene.stage.tenant(scene.tenant).facts.zones
    subnet = facts[scene.stage.plan.nodes[scene.target].nics[0].label].subnet_ids[0]
    return changed(scene.stage.cloud.network, f"/subnets/{subnet}", "subnet", {"enable_dhcp": True})


def groups_open(scene: Scene) -> AbstractContextManager[None]:
    """Open every group; the servers' rulesets still hold, so only frames past them show it."""
    return open_groups(scene.stage, scene.tenant)


@contextlib.contextmanager
def all_open(scene: Scene) -> Iterator[None]:
    """Open every group and both servers' rulesets."""
    with open_groups(scene.stage, scene.tenant), open_guests(scene.stage, scene.source, scene.target):
        yield
