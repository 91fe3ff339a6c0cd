"""Answers, as the kernel's connection tracking takes them: two filters that only let packets out, and two programs that both begin."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING

import pytest

from tests.truth import netns
from tests.truth.nft.namespaces import Namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

PORTS = (5001, 5002)
ADDRESSES = ("10.0.0.1", "10.0.0.2")
FILTER = """
table inet port {{
    chain into {{
        type filter hook input priority 0; policy drop;
        ct state established,related accept
    }}
    chain from {{
        type filter hook output priority 0; policy drop;
        {out}
    }}
}}
"""
"""What a stateful group without ingress rules comes to; ``out`` are its egress rules."""


@contextlib.contextmanager
def neighbours(out: tuple[str, str]) -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield a UDP socket of each of two hosts on one wire, behind filters with these egress rules."""
    one, other = Namespace(), Namespace()
    with contextlib.closing(one), contextlib.closing(other), contextlib.ExitStack() as stack:
        one.adopt(other, "card", "card")
        sockets = []
        for place, address, port, rules in zip((one, other), ADDRESSES, PORTS, out, strict=True):
            place.ip([f"address add {address}/24 dev card", "link set card up", "link set lo up"])
            place.run("nft", "-f", "-", text=FILTER.format(out=rules))
            with place.inside():
                made = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            made.bind((address, port))
            made.settimeout(0.5)
            sockets.append(made)
        yield sockets[0], sockets[1]


def arrives(sender: socket.socket, receiver: socket.socket) -> bool:
    """Send a packet and tell whether it gets there."""
    with contextlib.suppress(PermissionError):  # its own filter does not let it out
        sender.sendto(b"knock", receiver.getsockname())
    try:
        return receiver.recv(16) == b"knock"
    except TimeoutError:
        return False


def test_what_was_let_out_is_answered_though_it_never_arrived() -> None:
    """Nothing is let in on either side, and yet the second packet arrives, and from then on all of them, both ways."""
    with neighbours(("udp dport 5002 accept", "udp dport 5001 accept")) as (one, other):
        assert not arrives(one, other)
        assert arrives(other, one)
        assert arrives(one, other)


@pytest.mark.parametrize("out", ["", "tcp dport 5001 accept", "ip daddr 10.0.0.9 udp dport 5001 accept"])
def test_who_may_not_send_may_not_answer(out: str) -> None:
    """Where one side lets out nothing, another protocol, or another address only, nothing arrives in either direction."""
    with neighbours(("udp dport 5002 accept", out)) as (one, other):
        assert not arrives(one, other)
        assert not arrives(other, one)
        assert not arrives(one, other)
