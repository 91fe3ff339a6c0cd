"""Logins side by side: who cannot be logged in to is named, and the others are there."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import GuestError
from infra.ssh import access
from ringfence.verify.probes import session
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast

INVENTORY = inventory()
NAMES = {f"{tenant.name}/{server}" for tenant in INVENTORY.tenants for server in tenant.facts.servers}
OFFERING = inventory(services=True)
ADDRESSES = {target.address: name for name, target in session.targets(OFFERING).items()}
ROUTE = "172.24.4.50 dev eth7 src 203.0.113.10"


class Told:
    """A program that answers what the host outside is asked."""

    def __init__(self, node: str, route: str = ROUTE) -> None:
        self.node, self.route, self.closed = node, route, False

    def run(self, *command: str) -> str:
        """Answer where the host is."""
        return self.route if "route" in command else "02:00:00:00:00:01\n"

    def close(self) -> None:
        """End it."""
        self.closed = True


class Ways:
    """What the logins of a test come to; nodes in ``dead`` refuse."""

    def __init__(self) -> None:
        self.dead: set[str] = set()
        self.links: dict[str, Told] = {}
        self.patience: set[float] = set()
        self.meeting = threading.Barrier(1)
        self.route = ROUTE

    @contextlib.contextmanager
    def bastion(self, _jump_host: object, *, patience: float) -> Iterator[Any]:
        """Log in at the bastion."""
        self.patience.add(patience)
        if "bastion" in self.dead:
            raise GuestError.of("the login failed", where="172.24.4.50", got="SSHException: no banner")
        yield access.Session("bastion", None)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def server(self, _jump_host: object, target: access.Target, *, via: object, patience: float) -> Iterator[Any]:
        """Log in at a server; all have to be here at the same time."""
        assert via
        self.patience.add(patience)
        self.meeting.wait(60)
        if ADDRESSES[target.address] in self.dead:
            raise GuestError.of("the bastion gets no connection to the server", where=target.address)
        yield access.Session(target.address, None)  # type: ignore[arg-type]

    def program(self, node: str, _where: object) -> Told:
        """Start a program."""
        if f"program of {node}" in self.dead:
            raise GuestError.of("the probe program did not answer 'start'", where=node)
        self.links[node] = Told(node, self.route)
        return self.links[node]


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Ways:
    """Stand in for SSH, with a host outside."""
    made = Ways()
    monkeypatch.setenv(session.INTERNET_VARIABLE, "ip netns exec internet")
    monkeypatch.setattr(session, "open_bastion", made.bastion)
    monkeypatch.setattr(session, "open_server", made.server)
    monkeypatch.setattr(session, "through_ssh", made.program)
    monkeypatch.setattr(session, "through_command", made.program)
    return made


def test_everybody_is_logged_in_to_side_by_side(ways: Ways) -> None:
    """No login waits for another one: they all meet."""
    ways.meeting = threading.Barrier(len(NAMES))
    with session.logins(INVENTORY) as made:
        assert set(made.complete()) == NAMES | {session.BASTION, session.OUTSIDE}
        assert made.outside
        assert str(made.outside.nics[0].addresses[0]) == "203.0.113.10"
        assert not any(link.closed for link in ways.links.values())
    assert all(link.closed for link in ways.links.values())


@pytest.mark.parametrize("dead", [{"globex/db1"}, {"globex/db1", "acme/web"}, NAMES])
def test_dead_servers_are_named_and_the_others_are_there(ways: Ways, dead: set[str]) -> None:
    """With the reason, by their own names."""
    ways.dead = dead
    with session.logins(INVENTORY) as made:
        assert set(made.lost) == dead
        assert set(made.links) == (NAMES - dead) | {session.BASTION, session.OUTSIDE}
        assert all("no connection to the server" in str(problem) for problem in made.lost.values())
        with pytest.raises(GuestError, match="no connection to the server"):
            made.complete()


def test_a_dead_services_server_is_named_like_any_other(ways: Ways) -> None:
    """Where services are declared, their server is logged in to with the others."""
    ways.dead = {"platform/services"}
    with session.logins(OFFERING) as made:
        assert set(made.lost) == {"platform/services"}
        assert set(made.links) == NAMES | {session.BASTION, session.OUTSIDE}


def test_without_the_bastion_every_server_is_lost_by_it_and_the_host_outside_is_there(ways: Ways) -> None:
    """One attempt at the bastion, none at the servers."""
    ways.dead = {"bastion"}
    with session.logins(INVENTORY) as made:
        assert set(made.links) == {session.OUTSIDE}
        assert set(made.lost) == NAMES | {session.BASTION}
        assert "no banner" in str(made.lost[session.BASTION])
        assert all("without the bastion" in str(made.lost[name]) for name in NAMES)


def test_a_bastion_without_its_program_still_leads_to_the_servers(ways: Ways) -> None:
    """Its own probes are lost and nothing else."""
    ways.dead = {f"program of {session.BASTION}"}
    with session.logins(INVENTORY) as made:
        assert (set(made.lost), set(made.links)) == ({session.BASTION}, NAMES | {session.OUTSIDE})


@pytest.mark.parametrize("how", ["no program", "no route"])
def test_a_dead_host_outside_costs_nobody_else(ways: Ways, how: str) -> None:
    """It is lost, which is an error; that none is set at all is not."""
    ways.dead, ways.route = ({f"program of {session.OUTSIDE}"}, ROUTE) if how == "no program" else (set(), "unreachable")
    with session.logins(INVENTORY) as made:
        assert (set(made.lost), made.outside) == ({session.OUTSIDE}, None)
        assert set(made.links) == NAMES | {session.BASTION}


def test_no_host_outside_is_no_loss(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has set one."""
    monkeypatch.delenv(session.INTERNET_VARIABLE)
    with session.logins(INVENTORY) as made:
        assert (made.lost, made.outside) == ({}, None)
    assert set(ways.links) == NAMES | {session.BASTION}


def test_whoever_is_dead_is_named_before_forty_seconds_are_over(ways: Ways) -> None:
    """An attempt that begins when patience ends is the last one, and each has its limit."""
    with session.logins(INVENTORY):
        assert ways.patience == {session.PATIENCE_SECONDS}
    assert session.PATIENCE_SECONDS + access.CONNECT_SECONDS < 40


def test_an_interrupt_closes_whatever_is_open(ways: Ways, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the logins, and nobody waits for those that are still under way."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "_collect", interrupted)
    closed: list[str] = []
    inner = ways.bastion

    @contextlib.contextmanager
    def bastion(jump_host: object, *, patience: float) -> Iterator[Any]:
        with inner(jump_host, patience=patience) as opened:
            try:
                yield opened
            finally:
                closed.append("bastion")

    monkeypatch.setattr(session, "open_bastion", bastion)
    with pytest.raises(KeyboardInterrupt), session.logins(INVENTORY):
        pytest.fail("logged in")
    assert closed == ["bastion"]
    assert ways.links
    assert all(link.closed for link in ways.links.values())
