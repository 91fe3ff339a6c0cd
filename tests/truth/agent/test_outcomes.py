from __future__ import annotations

import contextlib
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import pytest

from ringfence.verify.probes import capture, frames
from ringfence.verify.probes.orders import report
from tests.truth import netns
from tests.truth.agent.lan import sh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.probes.link import Link

from ringfence.verify.probes.link import through_command

pytestmark = pytest.mark.truth

A, B = netns.name("a"), netns.name("b")
NEAR, FAR, NOBODY, ELSEWHERE = "192.0.2.1", "192.0.2.2", "192.0.2.77", "198.51.100.1"
OPEN, CLOSED, RESET, PROHIBITED = 7001, 7002, 7003, 7004
IDENTITY, TOKEN = "a" * 16, "b" * 16
RULES = f"""table inet t {{
    chain i {{
        type filter hook input priority 0; policy accept;
        tcp dport {CLOSED} drop
        udp dport {CLOSED} drop
        tcp dport {RESET} reject with tcp reset
        udp dport {RESET} reject
        tcp dport {PROHIBITED} reject with icmp admin-prohibited
    }}
}}
"""


@pytest.fixture(scope="module")
def links() -> Iterator[tuple[Link, Link]]:
    """Give the programs in two namespaces on one wire; the second one listens and has a ruleset."""
    with contextlib.ExitStack() as stack:
        for name in (A, B):
            sh("ip", "netns", "add", name)
            stack.callback(sh, "ip", "netns", "del", name)
            sh("ip", "-n", name, "link", "set", "lo", "up")
        sh("ip", "link", "add", "x", "netns", A, "type", "veth", "peer", "name", "x", "netns", B)
        for name, address in ((A, NEAR), (B, FAR)):
            sh("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "x")
            sh("ip", "-n", name, "link", "set", "x", "up")
        sh("ip", "netns", "exec", B, "nft", "-f", "-", told=RULES)
        near, far = (stack.enter_context(contextlib.closing(through_command(name, f"ip netns exec {name}"))) for name in (A, B))
        wanted = [{"protocol": p, "address": FAR, "port": port, "device": "x"} for p in ("tcp", "udp") for port in (OPEN, CLOSED, RESET)]
        far.call({"op": "listen", "identity": IDENTITY, "listeners": wanted, "nics": ["x"], "filter": capture.program()})
        yield near, far


CASES = {
    "tcp to a listener": ("tcp", FAR, OPEN, "OK"),
    "tcp dropped": ("tcp", FAR, CLOSED, "TIMEOUT"),
    "tcp reset": ("tcp", FAR, RESET, "REFUSED"),
    "tcp prohibited by icmp": ("tcp", FAR, PROHIBITED, "UNREACHABLE"),
    "tcp to nobody's port": ("tcp", FAR, 7999, "REFUSED"),
    "tcp to nobody's address": ("tcp", NOBODY, OPEN, "UNREACHABLE"),
    "tcp without a route": ("tcp", ELSEWHERE, OPEN, "UNREACHABLE"),
    "tcp without IPv6": ("tcp", "2001:db8::1", OPEN, "UNREACHABLE"),
    "udp to a listener": ("udp", FAR, OPEN, "OK"),
    "udp dropped": ("udp", FAR, CLOSED, "TIMEOUT"),
    "udp refused by icmp": ("udp", FAR, RESET, "REFUSED"),
    "udp to nobody's port": ("udp", FAR, 7999, "REFUSED"),
    "udp without a route": ("udp", ELSEWHERE, OPEN, "UNREACHABLE"),
    "ping": ("icmp", FAR, 0, "OK"),
    "ping to nobody": ("icmp", NOBODY, 0, "UNREACHABLE"),
    "ping without a route": ("icmp", ELSEWHERE, 0, "UNREACHABLE"),
}


def probe(link: Link, *orders: dict[str, Any]) -> list[dict[str, Any]]:
    """Run probes."""
    found: list[dict[str, Any]] = link.call({"op": "probe", "probes": list(orders), "timeout": 4.0, "width": 50}, 600)["results"]
    return sorted(found, key=lambda result: result["id"])


def test_outcomes(links: tuple[Link, Link]) -> None:
    """Every way in which packets can fare has its own word, told by real packets through a real ruleset."""
    orders = [
        {"id": number, "kind": kind, "address": address, "port": port, "token": TOKEN}
        for number, (kind, address, port, _) in enumerate(CASES.values())
    ]
    results = dict(zip(CASES, probe(links[0], *orders), strict=True))
    assert {name: result["outcome"] for name, result in results.items()} == {name: case[-1] for name, case in CASES.items()}
    assert results["tcp to a listener"]["token"] == results["udp to a listener"]["token"] == IDENTITY


def test_own_drop_is_a_timeout(links: tuple[Link, Link]) -> None:
    """A packet that the sender's own ruleset drops is a drop (TIMEOUT), and says EPERM."""
    links[0].run(
        "nft", "-f", "-", told="table inet o { chain o { type filter hook output priority 0; policy accept; udp dport 7001 drop; }; }"
    )
    try:
        (result,) = probe(links[0], {"id": 0, "kind": "udp", "address": FAR, "port": OPEN, "token": TOKEN})
    finally:
        links[0].run("nft", "delete", "table", "inet", "o")
    assert (result["outcome"], result["errno"]) == ("TIMEOUT", "EPERM")


def test_wire_and_guest_are_told_apart(links: tuple[Link, Link]) -> None:
    """What the receiver's ruleset drops is seen on its wire and by no socket; what it lets in is seen by both."""
    near, far = links
    far.call({"op": "seen"})
    tokens = {OPEN: "c" * 16, CLOSED: "d" * 16}
    probe(near, *({"id": port, "kind": "udp", "address": FAR, "port": port, "token": token} for port, token in tokens.items()))
    told = report(B, (), far.call({"op": "seen"}))
    assert {seen.token for _, seen in told.wire if seen.token} == set(tokens.values())
    assert {note["token"] for note in told.guest} == {tokens[OPEN]}
    assert told.lost == 0


def test_taken_port_is_told(links: tuple[Link, Link]) -> None:
    """A port that somebody else listens on is told, with the error's name."""
    failed = links[1].call(
        {
            "op": "listen",
            "identity": IDENTITY,
            "listeners": [{"protocol": "tcp", "address": FAR, "port": OPEN, "device": "x"}],
            "nics": [],
            "filter": [],
        }
    )["failed"]
    assert [entry["errno"] for entry in failed] == ["EADDRINUSE"]


def test_bad_request_is_an_error(links: tuple[Link, Link]) -> None:
    """A request that cannot be done is answered with an error, and the program goes on."""
    with pytest.raises(Exception, match="could not do 'juggle'"):
        links[0].call({"op": "juggle"})
    assert links[0].run("echo", "alive") == "alive\n"


def test_frames_pass_by_the_senders_ruleset(links: tuple[Link, Link]) -> None:
    """A frame leaves although the sender's ruleset drops everything: that is what makes the network layer visible by itself."""
    near, far = links
    macs = [link.run("cat", "/sys/class/net/x/address").strip() for link in links]
    ends = frames.Ends(macs[0], macs[1], ip_address(NEAR), ip_address(FAR))
    near.run("nft", "-f", "-", told="table inet o { chain o { type filter hook output priority 0; policy drop; }; }")
    try:
        far.call({"op": "seen"})
        raw = frames.probe(ends, "tcp", (9000, OPEN), TOKEN).hex()
        (result,) = probe(near, {"id": 0, "kind": "frame", "nic": "x", "hex": raw, "times": 1})
        told = report(B, (), far.call({"op": "seen"}))
    finally:
        near.run("nft", "delete", "table", "inet", "o")
    assert result["outcome"] == "SENT"
    assert [(seen.source_port, seen.port, seen.token) for _, seen in told.wire if seen.token] == [(9000, OPEN, TOKEN)]


def test_nothing_is_left_behind() -> None:
    """The program ends with its input, and its sockets with it."""
    link = through_command("here", "")
    pid = link.run("sh", "-c", "echo $PPID").strip()
    link.close()
    with pytest.raises(AssertionError):
        sh("kill", "-0", pid)
