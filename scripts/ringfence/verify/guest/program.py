"""The program that runs on every server while a verification lasts: it listens, it probes, and it tells what reached the server.

It is sent through SSH as text and read from there, so nothing is written on the server's disk. It needs nothing beyond Debian's
python3-minimal. One request per line of standard input and one answer per line of standard output, both JSON; when the input ends, or
after some time whatever happens, the process ends, and with it every socket it opened.

Two observations are kept apart. *wire*: a copy of the frame was taken from the NIC, before the server's own firewall saw it. *guest*:
a socket received it, so the server's firewall let it in as well. It decides nothing: what ought to have happened is known elsewhere.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

from ringfence.verify.guest.basics import ALIVE, ALIVE_SECONDS
from ringfence.verify.guest.probes import KINDS, Probe
from ringfence.verify.guest.state import state
from ringfence.verify.guest.witness import Witness

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from ringfence.verify.guest.basics import Json

BURST = 40
"""Probes begun between two looks at the sockets: a busy server needs seconds for hundreds, and answers come meanwhile."""


class Agent:
    """The loop: requests, listeners, captures and probes, all on one selector."""

    def __init__(self) -> None:
        self.selector = selectors.DefaultSelector()
        self.witness = Witness(self)
        self.queue: list[Json] = []
        self.active: dict[int, Probe] = {}
        self.results: list[Json] = []
        self.limits = (3.5, 200)
        self.busy = False
        self.input = b""
        self.due = threading.Event()
        self.writing = threading.Lock()
        self.verbs: dict[str, Callable[[Json], Json]] = {
            "listen": self.witness.listen,
            "seen": self.witness.seen,
            "close": self.witness.close,
            "run": self.run,
            "state": state,
        }

    def watch(self, sock: socket.socket | int, events: int, handler: Callable[[], None]) -> None:
        """Call the handler when the socket is ready."""
        self.selector.register(sock, events, handler)

    def drop(self, sock: socket.socket, *, close: bool = True) -> None:
        """Stop watching a socket."""
        if sock.fileno() >= 0 and sock in self.selector.get_map():
            self.selector.unregister(sock)
        if close:
            sock.close()

    def waits_to_read(self, sock: socket.socket) -> bool:
        """Tell whether a probe's connection is up."""
        return sock in self.selector.get_map() and self.selector.get_key(sock).events == selectors.EVENT_READ

    def done(self, probe: Probe, result: Json) -> None:
        """Keep a probe's result."""
        self.active.pop(id(probe), None)
        self.results.append(result)

    @staticmethod
    def run(request: Json) -> Json:
        """Run a command and hand back what it printed."""
        told = request.get("input", "").encode()
        done = subprocess.run(request["command"], input=told, capture_output=True, timeout=request.get("timeout", 60), check=False)
        return {"code": done.returncode, "out": done.stdout.decode(errors="replace"), "err": done.stderr.decode(errors="replace")}

    def probe(self, request: Json) -> None:
        """Begin a batch of probes; it is answered when the last one has an outcome."""
        self.queue, self.results, self.busy = list(request["probes"]), [], True
        self.limits = (float(request["timeout"]), int(request["width"]))

    def advance(self, looked: float) -> None:
        """Start some probes, let the running ones act, and answer when all are done.

        ``looked`` is the time of the last look at the sockets. Only a probe whose time was over by then has had its answer looked for.
        """
        timeout, _ = self.limits
        for _ in range(self.room()):
            order = self.queue.pop(0)
            # A busy server needs a while to open hundreds of sockets: every probe has its own clock.
            probe = KINDS[order["kind"]](self, order, time.monotonic() + timeout)
            self.active[id(probe)] = probe
            probe.start()
        for probe in list(self.active.values()):
            probe.tick(looked)
        if self.busy and not self.queue and not self.active:
            self.busy = False
            self.answer({"results": self.results})

    def answer(self, message: Json) -> None:
        """Write one line, after which no answer is due."""
        with self.writing:
            self.due.clear()
            self.write(message)

    @staticmethod
    def write(message: Json) -> None:
        """Write one line."""
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def live(self) -> None:
        """Say now and then that the program is at work, also while a command keeps it waiting."""
        while self.due.wait():
            time.sleep(ALIVE_SECONDS)
            with self.writing:
                if self.due.is_set():
                    self.write(ALIVE)

    def requests(self) -> None:
        """Read requests and answer them in order; the end of the input ends the process."""
        data = os.read(0, 1 << 16)
        if not data:
            sys.exit(0)
        *lines, self.input = (self.input + data).split(b"\n")
        for line in lines:
            request = json.loads(line)
            self.due.set()
            try:
                if request["op"] == "probe":
                    self.probe(request)
                else:
                    self.answer(self.verbs[request["op"]](request))
            except Exception as problem:  # noqa: BLE001 - whatever went wrong, the other end must learn of it
                self.answer({"error": f"{type(problem).__name__}: {problem}"})

    def room(self) -> int:
        """How many probes may begin now."""
        return max(0, min(BURST, len(self.queue), self.limits[1] - len(self.active)))

    def turn(self) -> None:
        """Look at the sockets once, waiting a little when there is nothing to begin, and act on what there is."""
        looked = time.monotonic()
        for key, _ in self.selector.select(0.0 if self.room() else 0.1 if self.busy else 1.0):
            key.data()
        self.advance(looked)

    def forever(self) -> None:
        """Serve until the input ends."""
        self.answer({"ready": os.getpid()})
        threading.Thread(target=self.live, daemon=True).start()
        self.watch(0, selectors.EVENT_READ, self.requests)
        while True:
            self.turn()
