"""What holds for a server's packet filter whatever its flows are, shown on the kernel that the packets meet."""

from __future__ import annotations

import contextlib
import re
import socket
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest

from infra.declaration.model import Protocol
from infra.policy.flows import expand
from infra.policy.services import Service
from infra.render import nftables
from infra.render.expectation import Packet
from tests.fast.declaration import declared
from tests.fast.policy.tenants import PLATFORM
from tests.fast.policy.test_services import offering
from tests.fast.render import bastion
from tests.truth import netns
from tests.truth.nft.street import BASTION, NEIGHBOUR, OWN, ROUTER, STRANGER, Street

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.declaration import TenantDeclaration
    from infra.policy.rules import TenantPolicy

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

WEB, PEER, WEB6, PEER6 = "10.0.0.11", "10.0.0.12", "fd00:1:2::b", "fd00:1:2::c"
BEHIND = "172.30.0.9"
"""An address on the far side of the server's management card."""
OPEN = {
    "flows.service": declared.flow("both", "web", ports=[8000]),
    "flows.call": declared.flow("web", "both", "udp", ports=[9000]),
}


def policy(folder: Path, changes: Mapping[str, object]) -> tuple[TenantDeclaration, TenantPolicy]:
    """Return the declaration with changes, and what it allows."""
    declaration = declared.tenant(folder, changes)
    return declaration, expand(declaration, PLATFORM)


def ruleset(folder: Path, changes: Mapping[str, object]) -> str:
    """Return the ruleset of the server ``web`` under a changed declaration."""
    return nftables.render(policy(folder, changes)[1], "web")


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    """Give the server ``web`` with the open flows in force."""
    declaration, allowed = policy(tmp_path, OPEN)
    with contextlib.closing(Street(declaration.tenant, allowed, "web")) as built:
        built.load(ruleset(tmp_path, OPEN))
        yield built


def udp(source: str, destination: str, port: int) -> Packet:
    """Return a packet of UDP."""
    return Packet(ip_address(source), ip_address(destination), Protocol.UDP, port)


def tcp(source: str, destination: str, port: int) -> Packet:
    """Return a TCP packet."""
    return Packet(ip_address(source), ip_address(destination), Protocol.TCP, port)


def test_ssh_is_for_the_bastion_on_the_management_card_alone(street: Street) -> None:
    """Of everybody who asks for SSH on any of the server's addresses, the bastion alone is let in, and on its own port only."""
    allowed = tcp(BASTION, OWN, 22)
    asked = {tcp(source, OWN, port) for source in (BASTION, STRANGER, ROUTER, NEIGHBOUR, PEER) for port in (22, 8000)}
    asked |= {tcp(source, WEB, 22) for source in (BASTION, STRANGER, PEER, "8.8.8.8")} | {tcp(PEER6, WEB6, 22)}
    assert street.let_in(sorted(asked, key=str), {allowed}) == {allowed}


def test_nothing_leaves_by_the_management_card(street: Street) -> None:
    """A server opens nothing towards management: not to the bastion, not to a neighbour, not to its router."""
    everybody = [tcp(OWN, there, port) for there in (BASTION, STRANGER, ROUTER, NEIGHBOUR) for port in (22, 443)]
    control = Packet(ip_address(WEB), ip_address(PEER), Protocol.UDP, 9000)
    assert street.let_out([*everybody, control], {control}) == {control}


def test_a_card_answers_for_its_own_address_only(street: Street) -> None:
    """A packet that comes in by a zone's card for the management address is dropped; one to the same port of the card's own passes."""
    street.world.ip([f"route replace {OWN}/32 via {WEB}"])
    control = tcp(PEER, WEB, 8000)
    foreign = [tcp(PEER, OWN, 8000), tcp(BASTION, OWN, 22)]
    assert street.let_in([*foreign, control], {control}) == {control}


def test_a_server_is_no_router(street: Street) -> None:
    """With forwarding switched on by hand, a packet for somebody behind the server meets the forward chain, and ends there."""
    street.guest.set(ipv4__ip_forward=1)
    street.world.ip([f"route add {BEHIND}/32 via {WEB}"])
    with street.world.inside(), contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as one:
        one.bind((PEER, 0))
        one.sendto(b"through", (BEHIND, 8000))
    assert "packets 1 " in counted(street, "denied", "forward")


def counted(street: Street, comment: str, chain: str) -> str:
    """Return the line of a chain with a comment, with its counter."""
    text = street.guest.run("nft", "list", "chain", "inet", nftables.TABLE, chain)
    return next(line for line in text.splitlines() if f'comment "{comment}"' in line)


def test_what_is_dropped_is_said_where_logs_are_kept(tmp_path: Path) -> None:
    """By the card and the direction; the filter lets through what it let through without."""
    declaration, _ = policy(tmp_path, OPEN)
    allowed = expand(declaration, offering((Service.LOGS,)))
    control, denied, foreign = tcp(PEER, WEB, 8000), tcp(PEER, WEB, 8001), tcp(PEER, OWN, 8000)
    with contextlib.closing(Street(declaration.tenant, allowed, "web")) as street:
        street.load(nftables.render(allowed, "web"))
        street.world.ip([f"route replace {OWN}/32 via {WEB}"])
        before = said(street)
        assert street.let_in([denied, foreign, control], {control}) == {control}
        after = said(street)
    assert {what for what, count in after.items() if count > before[what]} >= {"denied", "not this card's address"}


def said(street: Street) -> dict[str, int]:
    """How often drops of a card's incoming packets were said, by the reason."""
    text = street.guest.run("nft", "list", "chain", "inet", nftables.TABLE, "zone0_in")
    found = re.findall(r'counter packets (\d+) bytes \d+ log prefix "ringfence zone0 in ([^"]+): "', text)
    counts: dict[str, int] = {}
    for count, what in found:
        counts[what] = counts.get(what, 0) + int(count)
    return counts


def test_a_closed_door_behind_an_allowed_flow_says_refused(street: Street) -> None:
    """Nobody listens: the reset, and for UDP the ICMP error, pass with the flow; so an open path can be told from a closed one."""
    with street.world.inside():
        asking = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        asking.bind((PEER, 0))
        asking.settimeout(60)
    with contextlib.closing(asking), pytest.raises(ConnectionRefusedError):
        asking.connect((WEB, 8000))
    with street.guest.inside():
        calling = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        calling.bind((WEB, 0))
        calling.settimeout(60)
    with contextlib.closing(calling):
        calling.connect((PEER, 9000))
        calling.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            calling.recv(1)


def test_a_flow_that_is_taken_away_ends_its_connections(street: Street, tmp_path: Path) -> None:
    """An established connection carries data while its flow is there, none when it is gone, and the rest when it is back."""
    with street.guest.inside():
        door = socket.create_server((WEB, 8000))
    with street.world.inside():
        caller = socket.create_connection((WEB, 8000), timeout=60, source_address=(PEER, 0))
    with contextlib.closing(door), contextlib.closing(caller):
        line = door.accept()[0]
        with contextlib.closing(line):
            line.settimeout(60)
            caller.sendall(b"one")
            assert line.recv(10) == b"one"
            street.load(ruleset(tmp_path, {key: value for key, value in OPEN.items() if "service" not in key}))
            caller.sendall(b"two")
            line.settimeout(1)
            with pytest.raises(TimeoutError):
                line.recv(10)
            street.load(ruleset(tmp_path, OPEN))
            line.settimeout(300)
            assert line.recv(10) == b"two"


def test_a_failing_ruleset_leaves_the_former_one_in_force(street: Street, tmp_path: Path) -> None:
    """The text is one transaction: when its last line is wrong, none of it is in force."""
    wider = ruleset(tmp_path, OPEN | {"flows.more": declared.flow("both", "web", ports=[8001])})
    with pytest.raises(AssertionError, match="syntax error"):
        street.load(wider.rstrip().removesuffix("}") + "no such thing\n}\n")
    asked = [tcp(PEER, WEB, 8000), tcp(PEER, WEB, 8001)]
    assert street.let_in(asked, {asked[0]}) == {asked[0]}
    street.load(wider)
    assert street.let_in(asked, set(asked)) == set(asked)


def test_the_bastion_is_an_entrance_and_nothing_else(tmp_path: Path) -> None:
    """Operators get in by SSH, and from there to management addresses by SSH; nothing else in either direction.

    The ruleset is the one that the bastion's first boot makes, and that stays in force: nobody applies another one there.
    """
    declaration, allowed = policy(tmp_path, {})
    with contextlib.closing(Street(declaration.tenant, allowed, "web")) as street:
        street.world.ip(["addr add 192.0.2.5 dev lo"])
        street.guest.ip([f"route add 192.0.2.0/24 via {ROUTER}"])
        street.load(bastion.ruleset(PLATFORM))
        # A connection is told by its second half; that a first packet gets out by itself, only one without a handshake tells.
        entering = [tcp(source, OWN, port) for source in ("192.0.2.5", STRANGER, NEIGHBOUR) for port in (22, 443)]
        entering += [udp(source, OWN, port) for source in ("192.0.2.5", STRANGER, NEIGHBOUR) for port in (22, 443)]
        assert street.let_in(entering, {entering[0]}) == {entering[0]}
        leaving = [tcp(OWN, there, port) for there in (NEIGHBOUR, "192.0.2.5", STRANGER) for port in (22, 443)]
        leaving += [udp(OWN, there, port) for there in (NEIGHBOUR, "192.0.2.5", STRANGER) for port in (22, 443)]
        assert street.let_out(leaving, {leaving[0]}) == {leaving[0]}
