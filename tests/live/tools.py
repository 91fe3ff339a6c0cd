"""Changes to a live cloud that undo themselves: the only way in which the tests of layers and of sabotage touch anything."""

from __future__ import annotations

import contextlib
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.connection import Connection
    from openstack.proxy import Proxy

    from infra.ssh.access import Session
    from tests.live.stage import Stage

Row = dict[str, Any]
# A ruleset that lets everything pass and still tracks connections: SSH sessions survive the way back to the declared one.
OPEN = """flush ruleset
table inet open {
    chain input { type filter hook input priority filter; policy accept; ct state new counter; }
    chain output { type filter hook output priority filter; policy accept; ct state new counter; }
}
"""
RESTORE = "/usr/lib/ringfence/load-firewall"
FAMILIES = ("IPv4", "IPv6")
DIRECTIONS = ("ingress", "egress")
COMPUTE_VERSION = "2.90"
SCRIPT_SECONDS = 900
"""How long a script on a server may take."""
AT_ONCE = 4
"""Requests at the same time."""


def ask(service: Proxy, method: str, path: str, body: Row | None = None) -> Row:
    """Send a request that has to succeed and return its answer."""
    version = COMPUTE_VERSION if service.service_type == "compute" else None
    answer = service.request(path, method, json=body, raise_exc=False, microversion=version)
    assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
    return dict(answer.json()) if answer.text else {}


def as_root(session: Session, script: str, *words: str) -> str:
    """Run a script as root on a server that has to succeed, and return what it prints."""
    done = session.run(("sudo", "-n", "sh", "-c", script, "sh", *words), timeout=SCRIPT_SECONDS)
    assert done.status == 0, done.stdout + done.stderr
    return done.stdout


@contextlib.contextmanager
def created(service: Proxy, path: str, kind: str, body: Row) -> Iterator[Row]:
    """Create something and delete it afterwards."""
    row = ask(service, "POST", path, {kind: body})[kind]
    try:
        yield row
    finally:
        ask(service, "DELETE", f"{path}/{row['id']}")


@contextlib.contextmanager
def changed(service: Proxy, path: str, kind: str, body: Row) -> Iterator[None]:
    """Change attributes and set them back to what they were."""
    row = ask(service, "GET", path)[kind]
    before = {key: row[key] for key in body}
    ask(service, "PUT", path, {kind: body})
    try:
        yield
    finally:
        ask(service, "PUT", path, {kind: before})


@contextlib.contextmanager
def roomy(cloud: Connection, project: str) -> Iterator[None]:
    """Lift a project's network quota; a tenant's leaves no room for anything undeclared."""
    limits = {"security_group": -1, "security_group_rule": -1, "port": -1, "floatingip": -1, "router": -1, "network": -1, "rbac_policy": -1}
    with changed(cloud.network, f"/quotas/{project}", "quota", limits):
        yield


@contextlib.contextmanager
def ruleset(stage: Stage, node: str, text: str = OPEN) -> Iterator[None]:
    """Load another ruleset in a server; the confirmed one comes back."""
    stage.link(node).run("nft", "-f", "-", told=text)
    try:
        yield
    finally:
        stage.link(node).run(RESTORE)


@contextlib.contextmanager
def inside(stage: Stage, node: str, do: tuple[str, ...], undo: tuple[str, ...]) -> Iterator[None]:
    """Run a command in a server, and another one afterwards."""
    stage.link(node).run(*do)
    try:
        yield
    finally:
        stage.link(node).run(*undo)


@contextlib.contextmanager
def rule(stage: Stage, tenant: str, group: str, **match: Any) -> Iterator[None]:  # noqa: ANN401 - Neutron's own names
    """Add a rule to one of a tenant's groups, or to any group by id."""
    inventory = stage.tenant(tenant)
    body = {"security_group_id": inventory.facts.groups.get(group, group), "direction": "ingress", "ethertype": "IPv4", **match}
    with roomy(stage.cloud, inventory.facts.project_id), created(stage.cloud.network, "/security-group-rules", "security_group_rule", body):
        yield


@contextlib.contextmanager
def open_groups(stage: Stage, tenant: str) -> Iterator[None]:
    """Let everything pass every group of a tenant, in both directions and families: one request for each group, several at once."""
    facts, network, path = stage.tenant(tenant).facts, stage.cloud.network, "/security-group-rules"
    kinds = [{"direction": direction, "ethertype": family} for direction, family in itertools.product(DIRECTIONS, FAMILIES)]

    def add(group: str) -> list[Row]:
        rules = [{"security_group_id": group, **kind} for kind in kinds]
        return list(ask(network, "POST", path, {"security_group_rules": rules})["security_group_rules"])

    with roomy(stage.cloud, facts.project_id), ThreadPoolExecutor(AT_ONCE) as pool:
        adding = [pool.submit(add, group) for group in facts.groups.values()]
        try:
            for added in adding:
                assert len(added.result()) == len(kinds)
            yield
        finally:
            made = [row["id"] for added in adding if not added.exception() for row in added.result()]
            list(pool.map(lambda rule: ask(network, "DELETE", f"{path}/{rule}"), made))


@contextlib.contextmanager
def open_guests(stage: Stage, *nodes: str) -> Iterator[None]:
    """Let everything pass in some servers."""
    with contextlib.ExitStack() as stack:
        for node in nodes:
            stack.enter_context(ruleset(stage, node))
        yield


@contextlib.contextmanager
def leg(stage: Stage, router: str, network: str, address: str) -> Iterator[None]:
    """Plug a router into a network at a fixed address."""
    body = {"network_id": network, "fixed_ips": [{"ip_address": address}], "name": "joined"}
    with created(stage.cloud.network, "/ports", "port", body) as port:
        ask(stage.cloud.network, "PUT", f"/routers/{router}/add_router_interface", {"port_id": port["id"]})
        try:
            yield
        finally:
            # Taking the leg out deletes its port; a new one is left for `created` to delete.
            ask(stage.cloud.network, "PUT", f"/routers/{router}/remove_router_interface", {"port_id": port["id"]})
            port["id"] = ask(stage.cloud.network, "POST", "/ports", {"port": {"network_id": network}})["port"]["id"]
