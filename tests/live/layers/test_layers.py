from __future__ import annotations

import contextlib
import secrets
import shlex
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.declaration import names
from infra.declaration.addresses import bastion_address, services_address
from infra.errors import GuestError
from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from infra.ssh.access import Target, open_bastion, open_server
from ringfence import ssh_config
from ringfence.verify.inventory import SERVICES
from ringfence.verify.model import Layer, Place
from ringfence.verify.probes import session
from ringfence.verify.probes.plan import NO_ROUTE, Selection
from tests.live.tools import changed, created, inside, leg, open_groups, open_guests, rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.ssh.access import JumpHost
    from ringfence.verify.probes.evidence import Line
    from tests.live.stage import Stage

pytestmark = pytest.mark.live

PRIVATE = frozenset({Place.ZONE, Place.MANAGEMENT})


@pytest.fixture(scope="module")
def pair(stage: Stage) -> tuple[str, str]:
    """Give two tenants."""
    names = [tenant.name for tenant in stage.opened.inventory.tenants]
    if len(names) < 2:
        pytest.skip("only one tenant is up: there is nothing to keep apart")
    return names[0], names[1]


def of(stage: Stage, tenant: str) -> frozenset[str]:
    """Return a tenant's servers."""
    return frozenset(name for name in stage.servers() if name.startswith(f"{tenant}/"))


def wrong(lines: list[Line]) -> list[str]:
    """Return what did not pass."""
    return [f"{line.outcome.check}: {line.outcome.reason}" for line in lines if line.outcome.verdict is not CheckVerdict.PASS]


def test_groups_alone_hold(stage: Stage, pair: tuple[str, str]) -> None:
    """With every ruleset in the servers open, the security groups still stop everything that no flow allows, within and across tenants."""
    with open_guests(stage, *stage.servers()):
        lines = stage.packets(Selection(frozenset(stage.servers()), frozenset(stage.servers()), PRIVATE))
    assert wrong(lines) == []
    assert {pair[0], pair[1]} <= {line.case.source.partition("/")[0] for line in lines}


def test_guests_alone_hold(stage: Stage, pair: tuple[str, str]) -> None:
    """With every group open, the rulesets in the servers still stop every socket that no flow allows."""
    with open_groups(stage, pair[0]):
        lines = stage.packets(Selection(of(stage, pair[0]), of(stage, pair[0]), frozenset({Place.ZONE})))
    reached = [line for line in lines if line.case.layer is Layer.WHOLE and "wire" not in line.outcome.reason]
    assert wrong(reached) == []
    # The twin: the groups really were open, so frames past the servers' rulesets did arrive.
    arrived = [line for line in lines if line.case.layer is Layer.NETWORK and line.case.expected is Expected.DENIED]
    assert any(line.outcome.verdict is CheckVerdict.FAIL for line in arrived)


def test_topology_alone_holds(stage: Stage, pair: tuple[str, str]) -> None:
    """With every group and every ruleset of both tenants open, nothing passes between their private addresses, in either direction."""
    one, other = pair
    with open_groups(stage, one), open_groups(stage, other), open_guests(stage, *stage.servers()):
        # Nobody drops any more, so the world outside may say that it knows no way there; that is a router's word, not the target's.
        across, back, within = stage.together(
            (Selection(of(stage, one), of(stage, other), PRIVATE), NO_ROUTE),
            (Selection(of(stage, other), of(stage, one), PRIVATE), NO_ROUTE),
            (Selection(of(stage, one), of(stage, one), frozenset({Place.ZONE})), frozenset()),
        )
    assert across
    assert back
    assert wrong(across) == []
    assert wrong(back) == []
    # The twin: within the tenant everything did pass.
    denied = [line for line in within if line.case.expected is Expected.DENIED and line.case.port]
    assert {line.outcome.verdict for line in denied} == {CheckVerdict.FAIL}


@contextlib.contextmanager
def joined(stage: Stage, source: str, target: str) -> Iterator[None]:
    """Join the networks of two servers of different tenants by a router, with the routes there and back."""
    one, other = (stage.tenant(name.partition("/")[0]) for name in (source, target))
    near, far = stage.plan.nodes[source].nics[0], stage.plan.nodes[target].nics[0]
    here, there = near.networks[0][-2], far.networks[0][-2]
    network = stage.cloud.network
    there_route = [{"destination": f"{far.addresses[0]}/32", "nexthop": str(here)}]
    back_route = [{"destination": f"{near.addresses[0]}/32", "nexthop": str(there)}]
    with contextlib.ExitStack() as stack:
        router = stack.enter_context(created(network, "/routers", "router", {"name": "joined"}))["id"]
        stack.enter_context(leg(stage, router, one.facts.zones[near.label].network_id, str(here)))
        stack.enter_context(leg(stage, router, other.facts.zones[far.label].network_id, str(there)))
        stack.enter_context(changed(network, f"/routers/{one.facts.edge_router_id}", "router", {"routes": there_route}))
        stack.enter_context(changed(network, f"/routers/{other.facts.edge_router_id}", "router", {"routes": back_route}))
        yield


def test_groups_hold_when_topology_is_joined(stage: Stage, pair: tuple[str, str]) -> None:
    """With a router between two tenants the groups still stop everything; the twin: with one rule on each side the frame does arrive."""
    source, target = joinable(stage, pair)
    wanted = Selection(frozenset({source}), frozenset({target}), frozenset({Place.ZONE}))
    one, other = source.partition("/")[0], target.partition("/")[0]
    to, back = stage.plan.nodes[target].nics[0], stage.plan.nodes[source].nics[0]
    with joined(stage, source, target), open_guests(stage, source, target):
        closed = stage.packets(wanted)
        out = {"direction": "egress", "protocol": "tcp", "remote_ip_prefix": f"{to.addresses[0]}/32"}
        into = {"direction": "ingress", "protocol": "tcp", "remote_ip_prefix": f"{back.addresses[0]}/32"}
        with rule(stage, one, f"zone-{back.label}", **out), rule(stage, other, f"zone-{to.label}", **into):
            through = stage.packets(wanted)
    assert wrong(closed) == []
    assert any(f"arrived at {target}" in reason or f"reached {target}" in reason for reason in wrong(through))


def joinable(stage: Stage, pair: tuple[str, str]) -> tuple[str, str]:
    """Return two servers of different tenants whose zones have different prefixes, so that one router can have legs in both."""
    for source in sorted(of(stage, pair[0])):
        for target in sorted(of(stage, pair[1])):
            near, far = stage.plan.nodes[source].nics[0], stage.plan.nodes[target].nics[0]
            if not near.networks[0].overlaps(far.networks[0]):
                return source, target
    pytest.skip("all zones of the two tenants overlap: no router can join them")


RELAY = """
import os, socket, sys, threading
link = socket.create_connection((sys.argv[1], int(sys.argv[2])), 60)
link.settimeout(None)
def up():
    while data := os.read(0, 65536):
        link.sendall(data)
    link.shutdown(socket.SHUT_WR)
threading.Thread(target=up, daemon=True).start()
while data := link.recv(65536):
    os.write(1, data)
"""
"""Bytes of a login, from the address of the server that it runs on: the key that logs in stays on this machine."""
TOKEN = "/run/token-of-a-test"
WRITE, FORGET = 'umask 022; printf %s "$1" >"$2"', 'rm -f "$1"'


def from_the_services_server(stage: Stage, folder: Path, target: Target) -> JumpHost:
    """Return a way to a host that comes out of the services server."""
    inventory = stage.opened.inventory
    way, all_targets = session.jump_host(inventory), session.targets(inventory)
    (folder / "known_hosts").write_text(ssh_config.known_hosts(way, all_targets))
    config = folder / "config"
    config.write_text(ssh_config.render(way, all_targets, folder))
    relay = shlex.join(["python3", "-c", RELAY, target.address, str(target.port)])
    command = shlex.join(["ssh", "-F", str(config), "-o", "ControlPath=none", SERVICES, relay])
    return replace(way, bastion_address=target.address, bastion_host_key=target.host_key, port=target.port, proxy_command=command)


@contextlib.contextmanager
def way_from_the_services_server(stage: Stage, tenant: str, target: str) -> Iterator[None]:
    """Let SSH pass from the services server to the bastion and to a tenant's server: no group and no packet filter drops it."""
    made, network = stage.opened.inventory.made[names.PLATFORM], stage.cloud.network
    source = f"{services_address(stage.opened.inventory.platform)}/32"
    groups = [made.get("groups", name) for name in (names.SERVICES, names.BASTION)]
    assert all(groups), groups
    services, bastion = (str(group.id) for group in groups if group)
    ssh = {"ethertype": "IPv4", "protocol": "tcp", "port_range_min": 22, "port_range_max": 22}
    with contextlib.ExitStack() as stack:
        stack.enter_context(rule(stage, tenant, names.MANAGEMENT, remote_ip_prefix=source, **ssh))
        for group, direction, peer in ((services, "egress", "0.0.0.0/0"), (bastion, "ingress", source)):
            body = {"security_group_id": group, "direction": direction, "remote_ip_prefix": peer, **ssh}
            stack.enter_context(created(network, "/security-group-rules", "security_group_rule", body))
        stack.enter_context(open_guests(stage, SERVICES, session.BASTION, target))
        yield


def refusal(stage: Stage, folder: Path, node: str, target: Target) -> str:
    """Try the automation's key on a host, coming from the services server, and return what the host's own log says of it."""
    folder.mkdir()
    begun = stage.link(node).run("date", "+%s").strip()
    way = from_the_services_server(stage, folder, target)
    with pytest.raises(GuestError, match="Authentication failed"), open_bastion(way):
        pass
    said = stage.link(node).run("journalctl", "--no-pager", "--output=cat", f"--since=@{begun}", "--facility=auth,authpriv")
    return next((line for line in said.splitlines() if "not from a permitted host" in line), said)


def test_the_automations_key_alone_is_not_enough(stage: Stage, pair: tuple[str, str], tmp_path: Path) -> None:
    """With nothing on the way that drops, sshd refuses the key from another address; the twin: from its own it enters the same hosts."""
    inventory = stage.opened.inventory
    if SERVICES not in stage.plan.nodes:
        pytest.skip("the platform has no services server, from which the key could be tried")
    server, way = min(of(stage, pair[0])), session.jump_host(inventory)
    there = session.targets(inventory)[server]
    targets = {session.BASTION: Target(str(bastion_address(inventory.platform)), way.bastion_host_key, way.port), server: there}
    tokens = {node: secrets.token_hex(8) for node in targets}
    source, entered = str(services_address(inventory.platform)), {}
    with contextlib.ExitStack() as stack:
        for node, token in tokens.items():
            stack.enter_context(inside(stage, node, ("sh", "-c", WRITE, "sh", token, TOKEN), ("sh", "-c", FORGET, "sh", TOKEN)))
        with way_from_the_services_server(stage, pair[0], server), ThreadPoolExecutor(len(targets)) as pool:
            trying = {
                node: pool.submit(refusal, stage, tmp_path / names.server("from", str(number)), node, target)
                for number, (node, target) in enumerate(targets.items())
            }
            with open_bastion(way) as bastion, open_server(way, there, via=bastion) as own:
                entered = {node: login.run(["cat", TOKEN]).stdout for node, login in ((session.BASTION, bastion), (server, own))}
            said = {node: attempt.result() for node, attempt in trying.items()}
    assert entered == tokens
    assert {node: ("not from a permitted host" in text, f"ip={source}" in text) for node, text in said.items()} == dict.fromkeys(
        targets, (True, True)
    ), said
