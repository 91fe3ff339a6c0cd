"""Connections of probes begin at ports that nobody has: a service of a server's own may have any."""

from __future__ import annotations

import os
import socket

import pytest

from infra.outcome import CheckVerdict
from ringfence.verify.guest.sockets import bound
from ringfence.verify.probes import fleets, orders
from tests.fast.ringfence.verify.pretended import Network
from tests.fast.ringfence.verify.test_dead_servers import SOME, field, verdicts

pytestmark = pytest.mark.fast
FIRST = orders.PORTS.start
FREE = range(FIRST + 1_000, FIRST + 1_500)
UNASKED = range(20_000 + os.getpid() % 5_000, 30_000)
"""Ports that Linux gives to nobody who asks for any: another program has one of those over TCP while it is free over UDP."""


def test_a_port_that_any_node_has_is_no_probes_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two nodes has the lower ports, the other one the higher; what is left is used, and more than once."""
    monkeypatch.setattr(fleets, "SETTLE_SECONDS", 0.0)
    network = Network(bound={"platform/bastion": range(FIRST, FREE.start), "acme/web": range(FREE.stop, orders.PORTS.stop)})
    found = verdicts(field(network), SOME)
    assert {verdict for verdict, _ in found.values()} == {CheckVerdict.PASS}
    assert network.source_ports
    assert network.source_ports <= set(FREE)


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM], ids=["TCP", "UDP"])
def test_the_guest_tells_ports_that_are_taken(family: socket.AddressFamily, kind: socket.SocketKind) -> None:
    """Listening, connected or not; a port is free again when its socket is closed."""
    taken = bound()
    port = next(port for port in UNASKED if port not in taken)
    with socket.socket(family, kind) as sock:
        sock.bind(("", port))
        if kind is socket.SOCK_STREAM:
            sock.listen()
        assert port in bound()
    assert port not in bound()
