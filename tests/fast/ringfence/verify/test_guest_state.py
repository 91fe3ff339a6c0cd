from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from infra.outcome import CheckVerdict
from infra.policy.bastion import platform_servers
from infra.render import nftables
from ringfence.verify.inside import guest_state, handed
from ringfence.verify.inside.guest_state import Answers
from ringfence.verify.model import NodeRole
from tests.fast.ringfence.verify.inventories import inventory

pytestmark = pytest.mark.fast

INVENTORY = inventory()
ACME = INVENTORY.tenants[0]
WEB = next(node for node in ACME.nodes() if node.name == "acme/web")
TEXT = nftables.render(ACME.policy, "web")
SOUND: dict[str, Any] = {
    "policy": {"sha256": hashlib.sha256(TEXT.encode()).hexdigest(), "drift": False},
    "sockets": 'tcp LISTEN 0 128 *%mgmt0:22 *:* users:(("sshd",pid=9,fd=3),("systemd",pid=1,fd=5))\nudp UNCONN 0 0 127.0.0.1:323 *:*\n',
    "routes4": [
        {"dst": "default", "gateway": "10.0.0.1", "dev": "zone0"},
        {"dst": "10.0.0.0/24", "dev": "zone0"},
        {"dst": "172.30.0.0/28", "dev": "mgmt0"},
        {"dst": "172.29.0.0/24", "gateway": "172.30.0.1", "dev": "mgmt0"},
        {"type": "local", "dst": "10.0.0.11", "dev": "zone0", "table": "local"},
        {"dst": "default", "gateway": "10.0.0.1", "dev": "zone0", "table": "101"},
    ],
    "routes6": [{"dst": "fe80::/64", "dev": "mgmt0"}, {"type": "multicast", "dst": "ff00::/8", "dev": "mgmt0", "table": "local"}],
    "rules4": [{"priority": 0, "src": "all", "table": "local"}, {"priority": 99, "src": "10.0.0.11", "table": "101"}],
    "rules6": [{"priority": 32766, "src": "all", "table": "main"}],
    "nics": [{"ifname": "lo"}, *({"ifname": nic.device, "address": nic.mac} for nic in WEB.nics)],
    "forwarding": "0\n0\n",
}
EXTRA_ROUTE = {"dst": "10.0.9.0/24", "gateway": "10.0.0.12", "dev": "zone0"}
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "ruleset flushed": ({"policy": {**SOUND["policy"], "drift": True}}, "flushed or changed by hand"),
    "another ruleset confirmed": ({"policy": {"sha256": None, "drift": False}}, "not the one that the flows come to"),
    "SSH on a zone nic": ({"sockets": "tcp LISTEN 0 128 10.0.0.11:22 *:*"}, "SSH listens on 10.0.0.11:22"),
    "SSH on a port of its own": (
        {"sockets": 'tcp LISTEN 0 128 10.0.0.11:443 *:* users:(("sshd",pid=9,fd=3))'},
        "SSH listens on 10.0.0.11:443",
    ),
    "SSH everywhere": ({"sockets": "tcp LISTEN 0 128 [::]:22 [::]:*"}, "SSH listens on [::]:22"),
    "management default route": (
        {"routes4": [*SOUND["routes4"], {"dst": "default", "gateway": "172.30.0.1", "dev": "mgmt0", "metric": 9}]},
        "undeclared route default via 172.30.0.1 dev mgmt0",
    ),
    "static route": ({"routes4": [*SOUND["routes4"], EXTRA_ROUTE]}, "undeclared route 10.0.9.0/24 via 10.0.0.12"),
    "management default route in a table of its own": (
        {"routes4": [*SOUND["routes4"], {"dst": "default", "gateway": "172.30.0.1", "dev": "mgmt0", "table": "7"}]},
        "undeclared route default via 172.30.0.1 dev mgmt0 in a table of its own",
    ),
    "routing rule": ({"rules4": [{"src": "all", "table": "7"}]}, "undeclared routing rule from all to table 7"),
    "route lost": ({"routes4": SOUND["routes4"][1:]}, "missing route default"),
    "route of IPv6": ({"routes6": [{"dst": "default", "gateway": "fe80::1", "dev": "zone0"}]}, "undeclared route default via fe80::1"),
    "extra nic": ({"nics": [*SOUND["nics"], {"ifname": "eth9", "address": "02:00:00:00:00:09"}]}, "undeclared NIC eth9"),
    "changed MAC": ({"nics": [*SOUND["nics"][:-1], {"ifname": "mgmt0", "address": "02:00:00:00:00:09"}]}, "NIC mgmt0 has MAC 02:"),
    "nic lost": ({"nics": SOUND["nics"][:-1]}, "missing NIC mgmt0"),
    "forwards": ({"forwarding": "1\n0\n"}, "forwarding is on"),
}


def judged(change: dict[str, Any]) -> dict[str, str]:
    """Return what is wrong with an inside, by check."""
    values = {**SOUND, **change}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in values.items()}
    outcomes = list(guest_state.judge(INVENTORY, ACME, WEB, Answers(texts)))
    assert len(outcomes) == 5
    return {outcome.check: outcome.reason for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS}


def test_declared_inside_passes() -> None:
    """A server that is inside as declared passes every check."""
    assert judged({}) == {}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_inside_is_named(name: str) -> None:
    """Every way to break the inside fails exactly one check, which names it."""
    change, says = BROKEN[name]
    reasons = list(judged(change).values())
    assert len(reasons) == 1
    assert says in reasons[0]


def test_every_command_is_judged() -> None:
    """What is asked of a server and what is judged are the same."""
    assert set(guest_state.COMMANDS) == set(SOUND)


OFFERING = inventory(services=True)
HOST = next(node for name, node in OFFERING.nodes().items() if name == "platform/services")
FILTER = nftables.render_platform("platform-services", HOST.nics[0].addresses[0], platform_servers(OFFERING.platform)["platform-services"])
RUNNING = dict.fromkeys([*sorted(handed.units(OFFERING.platform, NodeRole.SERVICES)), "ssh.service"], "active")
LISTENING = """tcp LISTEN 0 128 *%mgmt0:22 *:* users:(("sshd",pid=9,fd=3))
tcp LISTEN 0 4096 127.0.1.1:30344 0.0.0.0:* users:(("sudo_logsrvd",pid=339,fd=5))
udp UNCONN 0 0 172.29.0.200:123 0.0.0.0:* users:(("chronyd",pid=332,fd=5))
tcp LISTEN 0 100 [::]:4460 [::]:* users:(("chronyd",pid=332,fd=8))
tcp LISTEN 0 128 172.29.0.200:6514 0.0.0.0:* users:(("python3",pid=349,fd=3))
"""
HOST_SOUND: dict[str, Any] = {
    "policy": {"sha256": hashlib.sha256(FILTER.encode()).hexdigest(), "drift": False, "changed": [], "units": RUNNING},
    "sockets": LISTENING,
    "nics": [{"ifname": "lo"}, {"ifname": "mgmt0", "address": "fa:16:3e:00:00:01"}],
    "forwarding": "0\n0\n",
}
HOST_BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "it forwards": ({"forwarding": "1\n0\n"}, "forwarding is on"),
    "its filter is flushed": ({"policy": {**HOST_SOUND["policy"], "drift": True}}, "flushed or changed by hand"),
    "its filter is another": ({"policy": {**HOST_SOUND["policy"], "sha256": "0"}}, "not the one that the flows come to"),
    "it believes another authority": (
        {"policy": {**HOST_SOUND["policy"], "changed": ["pki/ca.pem"]}},
        "pki/ca.pem is not as it was handed over",
    ),
    "its store of logs is off": (
        {"policy": {**HOST_SOUND["policy"], "units": {**RUNNING, "ringfence-log-store.service": "inactive"}}},
        "ringfence-log-store.service is inactive",
    ),
    "its store of sessions was never handed over": (
        {"policy": {**HOST_SOUND["policy"], "units": {k: v for k, v in RUNNING.items() if k != "ringfence-sessions.service"}}},
        "ringfence-sessions.service was not handed over",
    ),
    "a second program listens": (
        {"sockets": LISTENING + "tcp LISTEN 0 5 0.0.0.0:8080 0.0.0.0:* users:((python3,pid=7,fd=3))\n"},
        "listens on tcp 0.0.0.0:8080",
    ),
    "a second program listens for datagrams": (
        {"sockets": LISTENING + "udp UNCONN 0 0 172.29.0.200:6514 0.0.0.0:*\n"},
        "listens on udp 172.29.0.200:6514",
    ),
    "it has a second NIC": ({"nics": [*HOST_SOUND["nics"], {"ifname": "eth1"}]}, "undeclared NIC eth1"),
    "SSH listens elsewhere": ({"sockets": LISTENING + "tcp LISTEN 0 128 [::]:22 [::]:*"}, "SSH listens on [::]:22"),
}


def host_outcomes(changes: dict[str, Any]) -> list[tuple[CheckVerdict, str]]:
    """Judge the services server with some answers changed."""
    texts = {name: told if isinstance(told, str) else json.dumps(told) for name, told in {**HOST_SOUND, **changes}.items()}
    return [(one.verdict, one.reason) for one in guest_state.judge_platform(OFFERING, HOST, Answers(texts))]


def test_a_sound_services_server_passes() -> None:
    """Filter, sockets, NICs, forwarding, listeners, files and units, each judged."""
    assert host_outcomes({}) == [(CheckVerdict.PASS, "")] * 6


@pytest.mark.parametrize("name", HOST_BROKEN)
def test_a_services_server_that_is_not_as_declared_is_found(name: str) -> None:
    """What packets cannot show of the server that every tenant's servers talk to."""
    changes, reason = HOST_BROKEN[name]
    failed = [told for verdict, told in host_outcomes(changes) if verdict is CheckVerdict.FAIL]
    assert len(failed) == 1
    assert reason in failed[0]


def test_a_services_server_that_does_not_answer_is_an_error() -> None:
    """What was not read is not sound."""
    found = list(guest_state.judge_platform(OFFERING, HOST, Answers({}, dict.fromkeys(guest_state.COMMANDS))))
    assert {one.verdict for one in found} == {CheckVerdict.ERROR}


def test_a_server_that_does_not_say_how_its_files_are_cannot_be_judged_by_them() -> None:
    """One of an older image says nothing of files: that is an error, and neither a fault nor a pass."""
    older = {key: value for key, value in HOST_SOUND["policy"].items() if key not in {"changed", "units"}}
    verdicts = [verdict for verdict, _ in host_outcomes({"policy": older})]
    assert (verdicts.count(CheckVerdict.ERROR), verdicts.count(CheckVerdict.PASS)) == (1, 5)


TENANT = next(tenant for tenant in OFFERING.tenants if tenant.name == "acme")


@pytest.mark.parametrize(
    ("shown", "verdict", "says"),
    [
        ({"changed": [], "units": RUNNING}, CheckVerdict.PASS, ""),
        ({"changed": ["ssh/principals/rf-admin"], "units": RUNNING}, CheckVerdict.FAIL, "ssh/principals/rf-admin is not as"),
        ({"changed": [], "units": {}}, CheckVerdict.FAIL, "ringfence-relay.service was not handed over"),
        ({}, CheckVerdict.ERROR, "does not say how its files and units are"),
    ],
)
def test_a_tenants_server_has_its_files_and_units_where_services_are_declared(
    shown: dict[str, Any], verdict: CheckVerdict, says: str
) -> None:
    """Who may enter it, and whether its sessions are recorded, is in these files."""
    node = next(node for node in TENANT.nodes() if node.name == "acme/web")
    answers = Answers({"policy": json.dumps(shown)})
    found = {one.check: one for one in guest_state.judge(OFFERING, TENANT, node, answers)}
    outcome = found["acme/web files are as they were handed over and their units run"]
    assert (outcome.verdict, says in outcome.reason) == (verdict, True)


def test_the_bastion_relays_no_sessions() -> None:
    """Nobody has one there."""
    told = {role: handed.units(OFFERING.platform, role) for role in (NodeRole.BASTION, NodeRole.SERVER)}
    assert told[NodeRole.SERVER] - told[NodeRole.BASTION] == {"ringfence-relay.service"}
