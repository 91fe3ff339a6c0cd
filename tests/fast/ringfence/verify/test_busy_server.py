"""The guest's program on a server that is so busy that answers wait while it is still sending."""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from ringfence.verify.guest import probes, program
from ringfence.verify.guest.program import BURST, Agent

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIMEOUT, SLOW = 0.3, 0.5
IDENTITY = "c" * 16


class SlowStart(probes.Probe):
    """A probe whose beginning takes longer than all probes have."""

    def open(self) -> None:
        """Take the server's time."""
        time.sleep(SLOW)
        self.finish("OK")


class Listed(probes.Probe):
    """A probe that never ends by itself."""

    def open(self) -> None:
        """Wait."""


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the program know the kinds of this module."""
    monkeypatch.setitem(probes.KINDS, "slow", SlowStart)
    monkeypatch.setitem(probes.KINDS, "listed", Listed)


@pytest.fixture
def tcp() -> Iterator[socket.socket]:
    """A listener that the kernel accepts connections for."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def udp() -> Iterator[socket.socket]:
    """A socket that datagrams can be sent to."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        yield server


def order(number: int, kind: str, port: int = 0) -> dict[str, Any]:
    """One order as the program reads it."""
    return {"id": number, "kind": kind, "address": "127.0.0.1", "port": port, "token": "d" * 16, "times": 1}


def results(capsys: pytest.CaptureFixture[str], agent: Agent) -> dict[int, str]:
    """Let the program work until it answers; the outcomes by the orders' numbers."""
    while agent.busy:
        agent.turn()
    return {each["id"]: each["outcome"] for each in json.loads(capsys.readouterr().out)["results"]}


def test_an_answer_that_waits_is_not_a_timeout(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tcp: socket.socket
) -> None:
    """The connection is up long before the program has time to look; nobody says who it is, and it is a connection all the same."""
    monkeypatch.setattr(probes, "GREETING_SECONDS", 0.1)
    agent = Agent()
    agent.probe({"probes": [order(1, "tcp", tcp.getsockname()[1]), order(2, "slow")], "timeout": TIMEOUT, "width": 9})
    assert results(capsys, agent) == {1: "OK", 2: "OK"}


def test_a_listener_has_its_time_to_say_who_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tcp: socket.socket
) -> None:
    """The time for that begins when the program sees the connection, however late."""
    monkeypatch.setattr(probes, "GREETING_SECONDS", SLOW - TIMEOUT - 0.05)
    agent = Agent()
    agent.probe({"probes": [order(1, "tcp", tcp.getsockname()[1]), order(2, "slow")], "timeout": TIMEOUT, "width": 9})
    agent.turn()
    agent.turn()
    accepted, _ = tcp.accept()
    with accepted:
        accepted.sendall(IDENTITY.encode() + b"\n")
        while agent.busy:
            agent.turn()
    assert {each["id"]: each["token"] for each in json.loads(capsys.readouterr().out)["results"]}[1] == IDENTITY


def test_a_datagram_that_left_late_is_waited_for(capsys: pytest.CaptureFixture[str], udp: socket.socket) -> None:
    """The datagram leaves after its probe's time is over, and the answer comes later still."""
    agent = Agent()
    agent.probe({"probes": [order(1, "udp", udp.getsockname()[1]), order(2, "slow")], "timeout": TIMEOUT, "width": 9})
    agent.turn()
    data, sender = udp.recvfrom(512)
    agent.turn()
    udp.sendto(data, sender)
    assert results(capsys, agent) == {1: "OK", 2: "OK"}


def test_silence_is_still_a_timeout(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, udp: socket.socket) -> None:
    """The twin: what nobody answers ends, and not before its time."""
    monkeypatch.setattr(probes, "ANSWER_SECONDS", TIMEOUT + 0.1)
    agent = Agent()
    agent.probe({"probes": [order(1, "udp", udp.getsockname()[1]), order(2, "listed")], "timeout": TIMEOUT, "width": 9})
    began = time.monotonic()
    assert results(capsys, agent) == {1: "TIMEOUT", 2: "TIMEOUT"}
    assert time.monotonic() - began >= max(TIMEOUT, probes.ANSWER_SECONDS)


def test_sockets_are_looked_at_between_bursts() -> None:
    """Hundreds of probes do not begin in one go, and never more than the width at once."""
    agent = Agent()
    agent.probe({"probes": [order(number, "listed") for number in range(3 * BURST)], "timeout": 60.0, "width": 2 * BURST})
    begun = []
    for _ in range(4):
        agent.turn()
        begun.append(len(agent.active))
    assert begun == [BURST, 2 * BURST, 2 * BURST, 2 * BURST]


class Heard(io.StringIO):
    """What the program says; once it has said twice that it is alive, a file is there."""

    def __init__(self, file: Path) -> None:
        """Name the file."""
        super().__init__()
        self.file = file

    def write(self, text: str) -> int:
        """Keep what is said."""
        count = super().write(text)
        if self.getvalue().count("alive") > 1:
            self.file.touch()
        return count


def test_signs_of_life_come_while_an_answer_is_due_and_only_then(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Also while a command keeps the program waiting; an answer is the last that is said of a request."""
    monkeypatch.setattr(program, "ALIVE_SECONDS", 0.02)
    monkeypatch.setattr(sys, "stdout", heard := Heard(tmp_path / "twice"))
    agent = Agent()
    threading.Thread(target=agent.live, daemon=True).start()
    time.sleep(0.06)
    assert heard.getvalue() == ""
    agent.due.set()
    agent.answer(agent.run({"command": ["sh", "-c", f"until [ -e {heard.file} ]; do sleep 0.01; done"]}))
    time.sleep(0.06)
    *alive, answer = map(json.loads, heard.getvalue().splitlines())
    assert len(alive) > 1
    assert all(each == {"alive": True} for each in alive)
    assert answer["code"] == 0
