"""A line to the guests' program on one node: through SSH, or through a command prefix for the host outside."""

from __future__ import annotations

import contextlib
import json
import shlex
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from infra.errors import GuestError, Problem
from ringfence.verify.probes.bundle import LOADER, bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import Channel, SSHClient

Json = dict[str, Any]
PYTHON = ("python3", "-I", "-c", LOADER)
START_SECONDS = 60.0
AGAIN = "see that the server is up and has room, then run it again"


class Pipe(Interface):
    """Bytes in both directions, a line at a time."""

    def write(self, data: bytes) -> None:
        """Send all of the data."""

    def readline(self, timeout: float) -> bytes:
        """Return one line, or what there was of it when the other end closed. Raises ``TimeoutError``."""

    def close(self) -> None:
        """End the program at the other end."""


class ProcessPipe:
    """A local process, for example a command that runs on another host."""

    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def write(self, data: bytes) -> None:
        """Send all of the data."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        self._process.stdin.write(data)
        self._process.stdin.flush()

    def readline(self, timeout: float) -> bytes:
        """Return one line; the process is ended when it takes too long, for a blocked pipe cannot be asked again."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        timer = threading.Timer(timeout, self._process.kill)
        timer.start()
        try:
            return self._process.stdout.readline()
        finally:
            timer.cancel()

    def close(self) -> None:
        """Close the input, which ends the program; then make sure."""
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._process.stdin.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


class ChannelPipe:
    """A channel of an SSH connection that is already open; the connection is shared and stays open."""

    def __init__(self, client: SSHClient, command: str) -> None:
        transport = client.get_transport()
        assert transport is not None  # noqa: S101 - the client is connected
        self._channel: Channel = transport.open_session()
        self._channel.exec_command(command)
        self._buffer = bytearray()

    def write(self, data: bytes) -> None:
        """Send all of the data."""
        self._channel.sendall(data)

    def readline(self, timeout: float) -> bytes:
        """Return one line."""
        end = time.monotonic() + timeout
        while (place := self._buffer.find(b"\n")) < 0:
            self._channel.settimeout(max(end - time.monotonic(), 0.01))
            data = self._channel.recv(1 << 16)
            if not data:
                place = len(self._buffer)
                self._buffer += self._stderr()
                break
            self._buffer += data
        line = bytes(self._buffer[: place + 1])
        del self._buffer[: place + 1]
        return line

    def _stderr(self) -> bytes:
        return self._channel.recv_stderr(4096) if self._channel.recv_stderr_ready() else b""

    def close(self) -> None:
        """Close the channel, which ends the program."""
        self._channel.close()


class Link:
    """Requests to one node's program, answered one at a time. Raises :class:`GuestError` when the program fails or falls silent."""

    def __init__(self, node: str, pipe: Pipe) -> None:
        self.node = node
        self._pipe = pipe
        try:
            # Nothing may follow the bundle before the program says that it runs: its loader reads ahead.
            pipe.write(bundle())
            self._answer("start", START_SECONDS)
        except BaseException:
            pipe.close()
            raise

    def call(self, request: Json, timeout: float = 30.0) -> Json:
        """Send a request and return its answer."""
        try:
            self._pipe.write(json.dumps(request).encode() + b"\n")
        except OSError as problem:
            what, got = f"the probe program cannot be asked {request['op']!r}", f"{type(problem).__name__}: {problem}"
            raise GuestError.of(what, where=self.node, got=got, hint=AGAIN) from problem
        return self._answer(request["op"], timeout)

    def _answer(self, verb: str, timeout: float) -> Json:
        line = b""
        try:
            line = self._pipe.readline(timeout)
            answer: Json = json.loads(line)
        except (OSError, ValueError) as problem:
            text = line.decode(errors="replace").strip() or f"{type(problem).__name__}"
            raise GuestError(
                Problem(f"the probe program did not answer {verb!r}", self.node, f"an answer within {timeout:.0f} s", text)
            ) from problem
        if "error" in answer:
            raise GuestError(Problem(f"the probe program could not do {verb!r}", self.node, got=str(answer["error"]), hint=AGAIN))
        return answer

    def run(self, *command: str, told: str = "", timeout: float = 60.0) -> str:
        """Run a command on the node as root and return its output; raises :class:`GuestError` when it fails."""
        answer = self.call({"op": "run", "command": list(command), "input": told, "timeout": timeout}, timeout + 10)
        if answer["code"]:
            what = f"`{shlex.join(command)}` ended with {answer['code']}"
            raise GuestError(Problem(what, self.node, expected="exit code 0", got=str(answer["err"]).strip()))
        return str(answer["out"])

    def close(self) -> None:
        """End the program on the node; one that is gone already needs no ending."""
        with contextlib.suppress(OSError, EOFError):
            self._pipe.close()


def through_command(node: str, prefix: str) -> Link:
    """Start the program behind a command prefix (``RINGFENCE_INTERNET_EXEC``)."""
    return Link(node, ProcessPipe([*shlex.split(prefix), *PYTHON]))


def through_ssh(node: str, client: SSHClient) -> Link:
    """Start the program on a server, as root."""
    return Link(node, ChannelPipe(client, shlex.join(["sudo", "-n", *PYTHON])))
