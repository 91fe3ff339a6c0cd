"""A line to the guests' program on one node: through SSH, or through a command prefix for the host outside."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shlex
import subprocess
import tempfile
import threading
import time
from typing import TYPE_CHECKING, Any
from typing import Protocol as Interface

from paramiko.ssh_exception import SSHException

from infra.errors import GuestError, Problem
from ringfence.verify.guest.basics import ALIVE
from ringfence.verify.probes.bundle import LOADER, bundle

if TYPE_CHECKING:
    from collections.abc import Sequence

    from paramiko import Channel, SSHClient

Json = dict[str, Any]
PYTHON = ("python3", "-I", "-c", LOADER)
START_SECONDS = 35.0
"""How long a server may take to start the program: a busy one needs a while for Python."""
QUIET_SECONDS = 25.0
"""A program at work says so every few seconds (``ALIVE_SECONDS``); after so long a silence it, its server or the way to it is gone."""
WRITE_SECONDS = 25.0
END_SECONDS = 5.0
CHUNK = 1 << 16
LAST_BYTES = 4096
"""How much of what a program says about its end is kept."""
BROKEN = (OSError, EOFError, SSHException)
"""What reading and writing end with when the other end is gone; ``TimeoutError`` is one of them."""
HINT = "see whether the server runs: openstack server show, openstack console log show"


class Pipe(Interface):
    """Bytes in both directions, a line at a time."""

    def write(self, data: bytes) -> None:
        """Send all of the data."""

    def readline(self, timeout: float) -> bytes:
        """Return one line, or what there was of it when the other end closed. Raises ``TimeoutError``."""

    def close(self) -> None:
        """End the program at the other end."""


class LinkLostError(GuestError):
    """The program on a node ended or fell silent: nothing more can be asked of that node."""


class LinePipe:
    """Cuts what arrives into lines; how it arrives is the matter of those who inherit."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def _receive(self, timeout: float) -> bytes:
        """Return what arrived, nothing when the other end closed. Raises ``TimeoutError``."""
        raise NotImplementedError

    def _last_words(self) -> bytes:
        """Return what the program said about its end, as far as that is known."""
        return b""

    def readline(self, timeout: float) -> bytes:
        """Return one line, or what there was of it when the other end closed."""
        end = time.monotonic() + timeout
        while (place := self._buffer.find(b"\n")) < 0:
            data = self._receive(max(end - time.monotonic(), 0.01))
            if not data:
                self._buffer += self._last_words()
                place = len(self._buffer)
                break
            self._buffer += data
        line = bytes(self._buffer[: place + 1])
        del self._buffer[: place + 1]
        return line


class ProcessPipe(LinePipe):
    """A local process, for example a command that runs on another host. Neither reading nor writing waits for ever."""

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__()
        with contextlib.ExitStack() as opened:
            # A file never fills up, as a pipe does that nobody reads.
            self._complaints = opened.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._complaints, bufsize=0)
            self._opened = opened.pop_all()
        assert self._process.stdin is not None  # noqa: S101 - asked for above
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        self._input, self._output = self._process.stdin, self._process.stdout
        os.set_blocking(self._input.fileno(), False)

    def write(self, data: bytes) -> None:
        """Send all of the data; ``TimeoutError`` when nobody reads it."""
        left = memoryview(data)
        while left:
            _ready(self._input.fileno(), select.POLLOUT, WRITE_SECONDS)
            left = left[os.write(self._input.fileno(), left) :]

    def _receive(self, timeout: float) -> bytes:
        _ready(self._output.fileno(), select.POLLIN, timeout)
        return os.read(self._output.fileno(), CHUNK)

    def _last_words(self) -> bytes:
        self._complaints.seek(0)
        return self._complaints.read()[-LAST_BYTES:]

    def close(self) -> None:
        """Close the input, which ends the program; then make sure."""
        self._input.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._output.close()
        self._opened.close()


def _ready(descriptor: int, event: int, timeout: float) -> None:
    """Wait until something can be done with a descriptor; ``TimeoutError`` when it cannot."""
    waiting = select.poll()
    waiting.register(descriptor, event)
    if not waiting.poll(timeout * 1000):
        raise TimeoutError


class ChannelPipe(LinePipe):
    """A channel of an SSH connection that is already open; the connection is shared and stays open."""

    def __init__(self, client: SSHClient, command: str) -> None:
        super().__init__()
        transport = client.get_transport()
        assert transport is not None  # noqa: S101 - the client is connected
        self._channel: Channel = transport.open_session(timeout=START_SECONDS)
        # The library waits for the answer to this without end; a closed channel ends the waiting.
        watch = threading.Timer(START_SECONDS, self._channel.close)
        watch.start()
        try:
            self._channel.exec_command(command)
        finally:
            watch.cancel()

    def write(self, data: bytes) -> None:
        """Send all of the data; ``TimeoutError`` when nobody reads it."""
        self._channel.settimeout(WRITE_SECONDS)
        self._channel.sendall(data)

    def _receive(self, timeout: float) -> bytes:
        self._channel.settimeout(timeout)
        return self._channel.recv(CHUNK)

    def _last_words(self) -> bytes:
        return self._channel.recv_stderr(LAST_BYTES) if self._channel.recv_stderr_ready() else b""

    def close(self) -> None:
        """Close the channel, which ends the program."""
        self._channel.close()


class Link:
    """Requests to one node's program, answered one at a time.

    Raises :class:`GuestError` when the program cannot do what it is asked. Raises :class:`LinkLostError` when it ended or fell silent, then
    and at every later request: an answer that came late would be taken for that to another request.
    """

    def __init__(self, node: str, pipe: Pipe) -> None:
        self.node = node
        self._pipe = pipe
        self._lost: LinkLostError | None = None
        try:
            # Nothing may follow the bundle before the program says that it runs: its loader reads ahead.
            self._send("start", bundle())
            self._answer("start", START_SECONDS, START_SECONDS)
        except BaseException:
            self.close()
            raise

    def call(self, request: Json, timeout: float = 30.0) -> Json:
        """Send a request and return its answer."""
        if self._lost:
            raise self._lost
        self._send(request["op"], json.dumps(request).encode() + b"\n")
        return self._answer(request["op"], timeout, QUIET_SECONDS)

    def _send(self, verb: str, data: bytes) -> None:
        try:
            self._pipe.write(data)
        except BROKEN as problem:
            raise self._gone(Problem(f"the probe program cannot be asked {verb!r}", self.node, got=_words(problem), hint=HINT)) from problem

    def _answer(self, verb: str, timeout: float, quiet: float) -> Json:
        """Wait for an answer as long as the program says that it is at work; ``quiet`` is how long it may say nothing."""
        end = time.monotonic() + timeout
        answer: Json = ALIVE
        while answer == ALIVE:
            answer = self._line(verb, end, timeout, quiet)
        if "error" in answer:
            raise GuestError(Problem(f"the probe program could not do {verb!r}", self.node, got=str(answer["error"]), hint=HINT))
        return answer

    def _line(self, verb: str, end: float, timeout: float, quiet: float) -> Json:
        line = b""
        left = end - time.monotonic()
        try:
            line = self._pipe.readline(max(min(left, quiet), 0.01))
            found: Json = json.loads(line)
        except TimeoutError as problem:
            expected = f"a sign of life within {quiet:.0f} s" if quiet < left else f"an answer within {timeout:.0f} s"
            what = Problem(f"the probe program did not answer {verb!r}", self.node, expected, "silence", HINT)
            raise self._gone(what) from problem
        except (*BROKEN, ValueError) as problem:
            ended = "the end of its output" if isinstance(problem, ValueError) else _words(problem)
            text = line.decode(errors="replace").strip() or ended
            raise self._gone(Problem(f"the probe program did not answer {verb!r}", self.node, "an answer", text, HINT)) from problem
        return found

    def _gone(self, problem: Problem) -> LinkLostError:
        self._lost = LinkLostError(problem)
        return self._lost

    def run(self, *command: str, told: str = "", timeout: float = 60.0) -> str:
        """Run a command on the node as root and return its output; raises :class:`GuestError` when it fails."""
        answer = self.call({"op": "run", "command": list(command), "input": told, "timeout": timeout}, timeout + 10)
        if answer["code"]:
            what = f"`{shlex.join(command)}` ended with {answer['code']}"
            raise GuestError(Problem(what, self.node, expected="exit code 0", got=str(answer["err"]).strip()))
        return str(answer["out"])

    def close(self) -> None:
        """End the program on the node; one that is gone already needs no ending."""
        with contextlib.suppress(*BROKEN):
            self._pipe.close()


def _words(problem: Exception) -> str:
    return f"{type(problem).__name__}: {problem}" if str(problem) else type(problem).__name__


def through_command(node: str, prefix: str) -> Link:
    """Start the program behind a command prefix (``RINGFENCE_INTERNET_EXEC``)."""
    try:
        pipe = ProcessPipe([*shlex.split(prefix), *PYTHON])
    except (OSError, ValueError) as problem:
        raise GuestError.of(
            "the command that leads to this host cannot be run", where=node, expected=prefix, got=_words(problem)
        ) from problem
    return Link(node, pipe)


def through_ssh(node: str, client: SSHClient) -> Link:
    """Start the program on a server, as root."""
    return Link(node, ChannelPipe(client, shlex.join(["sudo", "-n", *PYTHON])))
