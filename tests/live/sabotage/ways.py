"""Ways to break isolation, each with what has to catch it and the words that name it. A way undoes itself when its context ends."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from tests.live.tools import OPEN, RESTORE, ask, changed, created, inside, leg, open_groups, open_guests, roomy, rule, ruleset

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tests.live.stage import Stage


class Look(StrEnum):
    """What part of the verification has to catch it."""

    CLOUD = "cloud"
    GUEST = "guest"
    PACKETS = "packets"
    SPOOF = "spoof"


@dataclass(frozen=True, slots=True)
class Scene:
    """Where sabotage happens: a tenant with a server that is allowed to talk to another one, and a second tenant."""

    stage: Stage
    tenant: str
    other: str
    source: str
    target: str

    def port(self, server: str, zone: str | None = None) -> str:
        """Return the id of a server's port in its first zone."""
        nics = self.stage.tenant(self.tenant).facts["servers"][server.partition("/")[2]]["nics"]
        return str(nics[zone or next(iter(nics))]["port_id"])

    @property
    def project(self) -> str:
        """The tenant's project."""
        return str(self.stage.tenant(self.tenant).facts["project_id"])

    def network(self, tenant: str = "") -> str:
        """Return the id of the network of the target's first zone, or of another tenant's first zone."""
        facts = self.stage.tenant(tenant or self.tenant).facts["zones"]
        return str((facts[self.stage.plan.nodes[self.target].cards[0].label] if not tenant else next(iter(facts.values())))["network_id"])

    def group(self) -> str:
        """Return the key of the group of the target's zone."""
        return f"zone-{self.stage.plan.nodes[self.target].cards[0].label}"


@dataclass(frozen=True, slots=True)
class Way:
    """One way to break isolation. ``says`` must be part of what fails."""

    break_it: Callable[[Scene], AbstractContextManager[None]]
    look: Look
    says: str


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
    return rule(scene.stage, scene.tenant, scene.group(), remote_group_id=scene.stage.tenant(scene.tenant).facts["groups"]["management"])


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
    groups = [scene.stage.tenant(scene.tenant).facts["groups"]["management"]]
    return changed(scene.stage.cloud.network, f"/ports/{scene.port(scene.target)}", "port", {"security_groups": groups})


def shared_network(scene: Scene) -> AbstractContextManager[None]:
    """Share a zone with another tenant."""
    target = scene.stage.tenant(scene.other).facts["project_id"]
    policy = {"object_type": "network", "object_id": scene.network(), "action": "access_as_shared", "target_tenant": target}
    return created(scene.stage.cloud.network, "/rbac-policies", "rbac_policy", policy)  # type: ignore[return-value]  # yields a row


def shared_group(scene: Scene) -> AbstractContextManager[None]:
    """Share a group with another tenant."""
    facts = scene.stage.tenant(scene.tenant).facts
    target = scene.stage.tenant(scene.other).facts["project_id"]
    policy = {
        "object_type": "security_group",
        "object_id": facts["groups"][scene.group()],
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
    external = scene.stage.opened.world.platform_facts["external_network_id"]
    body = {"floating_network_id": external, "port_id": scene.port(scene.target), "project_id": scene.project}
    with roomy(scene.stage.cloud, scene.project), created(network, "/floatingips", "floatingip", body):
        yield


@contextlib.contextmanager
def extra_card(scene: Scene) -> Iterator[None]:
    """Plug a server into its zone a second time."""
    facts = scene.stage.tenant(scene.tenant).facts["servers"][scene.target.partition("/")[2]]
    compute = scene.stage.cloud.compute
    body = {"network_id": scene.network(), "project_id": scene.project, "name": "extra"}
    with roomy(scene.stage.cloud, scene.project), created(scene.stage.cloud.network, "/ports", "port", body) as port:
        ask(compute, "POST", f"/servers/{facts['id']}/os-interface", {"interfaceAttachment": {"port_id": port["id"]}})
        try:
            yield
        finally:
            ask(compute, "DELETE", f"/servers/{facts['id']}/os-interface/{port['id']}")
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
    address = scene.stage.plan.nodes[scene.target].cards[0].networks[0][-3]
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(created(scene.stage.cloud.network, "/routers", "router", {"name": "strange"}))
        stack.enter_context(leg(scene.stage, router["id"], scene.network(), str(address)))
        yield


def static_route(scene: Scene) -> AbstractContextManager[None]:
    """Route towards another tenant's prefix."""
    facts = scene.stage.tenant(scene.tenant).facts
    hop = scene.stage.plan.nodes[scene.target].cards[0].networks[0][-4]
    routes = [{"destination": "10.99.0.0/24", "nexthop": str(hop)}]
    return changed(scene.stage.cloud.network, f"/routers/{facts['edge_router_id']}", "router", {"routes": routes})


def undeclared_port(scene: Scene) -> AbstractContextManager[None]:
    """Leave a port on a zone's network."""
    body = {"network_id": scene.network(), "name": "intruder"}
    return created(scene.stage.cloud.network, "/ports", "port", body)  # type: ignore[return-value]  # yields a row


def dhcp_on(scene: Scene) -> AbstractContextManager[None]:
    """Let Neutron hand out addresses and routes."""
    facts = scene.stage.tenant(scene.tenant).facts["zones"]
    subnet = facts[scene.stage.plan.nodes[scene.target].cards[0].label]["subnet_ids"][0]
    return changed(scene.stage.cloud.network, f"/subnets/{subnet}", "subnet", {"enable_dhcp": True})


def flushed(scene: Scene) -> AbstractContextManager[None]:
    """Flush the ruleset of a server."""
    return ruleset(scene.stage, scene.target, OPEN)


def guest_rule(scene: Scene) -> AbstractContextManager[None]:
    """Add a rule to the ruleset of a server by hand."""
    add = ("nft", "insert", "rule", "inet", "ringfence", "input", "iifname", "zone0", "accept")
    return inside(scene.stage, scene.target, add, (RESTORE,))


def sshd_on_zone(scene: Scene) -> AbstractContextManager[None]:
    """Let a second SSH daemon listen on a zone's card."""
    address = scene.stage.plan.nodes[scene.target].cards[0].addresses[0]
    start = f"mkdir -p /run/sshd && /usr/sbin/sshd -o ListenAddress={address} -o Port=22 -o PidFile=/run/sabotage.pid"
    stop = "kill $(cat /run/sabotage.pid)"
    # The verification's own listener has the port; sshd gets it, as it would have had it before.
    scene.stage.link(scene.target).call({"op": "close"})
    return inside(scene.stage, scene.target, ("sh", "-c", start), ("sh", "-c", stop))


def management_default(scene: Scene) -> AbstractContextManager[None]:
    """Give a server a default route through management."""
    hop = str(scene.stage.tenant(scene.tenant).management_router())
    words = ("default", "via", hop, "dev", "mgmt0", "metric", "50")
    return inside(scene.stage, scene.target, ("ip", "route", "add", *words), ("ip", "route", "del", *words))


def guest_route(scene: Scene) -> AbstractContextManager[None]:
    """Give a server a static route to another tenant."""
    words = ("10.99.0.0/24", "via", str(scene.stage.plan.nodes[scene.target].cards[0].gateways[0]))
    return inside(scene.stage, scene.target, ("ip", "route", "add", *words), ("ip", "route", "del", *words))


def forwarding(scene: Scene) -> AbstractContextManager[None]:
    """Let a server forward between its cards."""
    return inside(scene.stage, scene.target, ("sysctl", "-w", "net.ipv4.ip_forward=1"), ("sysctl", "-w", "net.ipv4.ip_forward=0"))


def groups_open(scene: Scene) -> AbstractContextManager[None]:
    """Open every group; the servers' rulesets still hold, so only frames past them show it."""
    return open_groups(scene.stage, scene.tenant)


@contextlib.contextmanager
def all_open(scene: Scene) -> Iterator[None]:
    """Open every group and both servers' rulesets."""
    with open_groups(scene.stage, scene.tenant), open_guests(scene.stage, scene.source, scene.target):
        yield


WAYS = {
    "rule added by hand": Way(any_rule, Look.CLOUD, "undeclared rule in"),
    "IPv6 rule added by hand": Way(rule6, Look.CLOUD, "ingress IPv6 any all any"),
    "rule that admits a group": Way(remote_group_rule, Look.CLOUD, "undeclared rule in"),
    "default rules back": Way(default_rules, Look.CLOUD, "undeclared rule in default"),
    "port security off": Way(port_security_off, Look.CLOUD, "port security is off on"),
    "port security off, seen by packets": Way(port_security_off, Look.SPOOF, "the lie was seen by"),
    "address pair 0.0.0.0/0": Way(address_pair, Look.CLOUD, "may also send from 0.0.0.0/0"),
    "address pair, seen by packets": Way(address_pair, Look.SPOOF, "the lie was seen by"),
    "group removed from a port": Way(group_removed, Look.CLOUD, "has groups none"),
    "group removed, seen by packets": Way(group_removed, Look.PACKETS, "the network dropped it"),
    "wrong group on a port": Way(wrong_group, Look.CLOUD, "declared"),
    "network shared": Way(shared_network, Look.CLOUD, "is shared with project"),
    "group shared": Way(shared_group, Look.CLOUD, "is shared with project"),
    "plain volume": Way(plain_volume, Look.CLOUD, "volume loot is stored in the clear"),
    "public address on a private server": Way(floating_ip, Look.CLOUD, "undeclared public address"),
    "extra network card": Way(extra_card, Look.CLOUD, "undeclared network card"),
    "router of a stranger": Way(strange_router, Look.CLOUD, "router strange has an undeclared leg"),
    "static route between tenants": Way(static_route, Look.CLOUD, "undeclared route on router"),
    "port on a zone's network": Way(undeclared_port, Look.CLOUD, "undeclared port intruder"),
    "DHCP on": Way(dhcp_on, Look.CLOUD, "has DHCP on"),
    "nft flushed": Way(flushed, Look.GUEST, "flushed or changed by hand"),
    "rule in the guest by hand": Way(guest_rule, Look.GUEST, "flushed or changed by hand"),
    "sshd on the tenant card": Way(sshd_on_zone, Look.GUEST, "SSH listens on"),
    "management default route": Way(management_default, Look.GUEST, "undeclared route default via"),
    "static route in the guest": Way(guest_route, Look.GUEST, "undeclared route 10.99.0.0/24"),
    "guest forwards": Way(forwarding, Look.GUEST, "forwarding is on"),
    "all groups open": Way(groups_open, Look.PACKETS, "the network let it through"),
    "everything open": Way(all_open, Look.PACKETS, "reached"),
}
