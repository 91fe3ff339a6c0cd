"""Asking a service whether it serves."""

from __future__ import annotations

import json
import socket
import struct
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import pytest

from labcloud.model import Probe
from labcloud.probes import answers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labcloud.processes.children import Children

NOBODY = cast("Children", None)


@contextmanager
def listener(reply: bytes) -> Iterator[int]:
    """A server that answers one connection with fixed bytes and closes it."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                connection.sendall(reply)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@pytest.mark.parametrize(("status", "serves"), [(200, True), (300, True), (401, True), (404, False), (500, False)])
def test_a_version_document_or_a_demand_for_credentials_is_service(status: int, *, serves: bool) -> None:
    """Everything else is not, and the answer says which status came."""
    with listener(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        answer = answers(Probe.http(f"http://127.0.0.1:{port}/v3"), NOBODY, {})
    assert answer == ("" if serves else f"http://127.0.0.1:{port}/v3 answered {status}")


def test_a_bus_that_closes_without_an_answer_does_not_serve() -> None:
    """Accepting a connection is not enough for RabbitMQ: it does so long before it serves."""
    with listener(b"") as port:
        assert "closed without an answer" in answers(Probe.amqp("127.0.0.1", port), NOBODY, {})
    with listener(b"\x01") as port:
        assert not answers(Probe.amqp("127.0.0.1", port), NOBODY, {})


@pytest.mark.parametrize(("state", "answer"), [("active", ""), ("booting", "state booting, expected active"), (None, "error")])
def test_a_ceph_daemon_speaks_for_itself(tmp_path: Path, state: str | None, answer: str) -> None:
    """Only the expected state counts; a daemon that hangs up says nothing."""
    path = str(tmp_path / "asok")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1024)
                reply = json.dumps({"state": state}).encode()
                connection.sendall(struct.pack(">I", len(reply)) + reply if state else b"")

        thread = threading.Thread(target=serve)
        thread.start()
        found = answers(Probe.ceph(path, "status", "active"), NOBODY, {})
        thread.join()
    assert answer in found
    assert bool(found) == (state != "active")


def test_nobody_listens() -> None:
    """A refused connection is told with the address."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    assert answers(Probe.tcp("127.0.0.1", port), NOBODY, {}) == f"127.0.0.1:{port}: Connection refused"
    assert "Refused" in answers(Probe.http(f"http://127.0.0.1:{port}/"), NOBODY, {})
