"""Asking a service whether it serves. Every question has a time-out: a hanging API must never hang its examiner."""

from __future__ import annotations

import http.client
import json
import socket
import struct
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from labcloud.model import Probe, ProbeKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labcloud.processes.children import Children

SECONDS = 10.0
AMQP_OPENING = b"AMQP\x00\x00\x09\x01"
# 200 and 300: a version document; 401: it wants a token.
SERVING = frozenset({200, 300, 401})


def answers(probe: Probe, children: Children, environment: Mapping[str, str]) -> str:
    """Ask once; the empty string is yes, anything else says why not."""
    match probe.kind:
        case ProbeKind.ALIVE:
            return ""
        case ProbeKind.TCP:
            return _tcp(probe.subject[0], int(probe.subject[1]))
        case ProbeKind.AMQP:
            return _tcp(probe.subject[0], int(probe.subject[1]), AMQP_OPENING)
        case ProbeKind.HTTP:
            return _http(probe.subject[0])
        case ProbeKind.CEPH:
            return _ceph(*probe.subject)
        case ProbeKind.COMMAND:
            code = children.run(probe.subject, environment, SECONDS)
            return f"`{' '.join(probe.subject)}` ended with {code}" if code else ""


def _tcp(host: str, port: int, greeting: bytes = b"") -> str:
    """Open a connection, and wait for the answer to the greeting if there is one."""
    try:
        with socket.create_connection((host, port), SECONDS) as line:
            if greeting:
                line.sendall(greeting)
                if not line.recv(1):
                    return f"{host}:{port}: closed without an answer"
    except OSError as problem:
        return f"{host}:{port}: {problem.strerror or problem}"
    return ""


def _ceph(path: str, question: str, state: str) -> str:
    """Ask a daemon's admin socket: a JSON command ended by a zero byte; the answer's length in four bytes, then JSON."""
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(SECONDS)
            line.connect(path)
            line.sendall(json.dumps({"prefix": question, "format": "json"}).encode() + b"\0")
            with line.makefile("rb") as answer:
                (length,) = struct.unpack(">I", answer.read(4))
                found = json.loads(answer.read(length)).get("state")
    except (OSError, struct.error, ValueError) as problem:
        return f"{path}: {type(problem).__name__} {problem}"
    return "" if found == state else f"{path}: state {found}, expected {state}"


def _http(url: str) -> str:
    """Send one GET and look at the status only."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=SECONDS)
    try:
        connection.request("GET", parts.path or "/")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as problem:
        return f"{url}: {type(problem).__name__} {problem}"
    finally:
        connection.close()
    return "" if status in SERVING else f"{url} answered {status}"
