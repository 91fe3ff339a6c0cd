"""The store of all servers' logs: it takes lines from whoever has a certificate of the platform's authority, and gives nothing.

Whose lines they are is what the certificate says, organisation and name, and the certificate counts from its own address only: one that was
stolen opens nothing from anywhere else. A file only grows; there is no word by which a server could read or change what it sent.
"""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hardening.logs import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = Path(wire.FILES) / "logs/store.json"
FOLDER = Path("/data/logs")
HANDSHAKE_SECONDS, BATCH_SECONDS = 15, 60
CONNECTIONS = 512
"""Of everybody together; a connection that says nothing is closed after a while only when there is no room for another one."""
OF_ONE = 2
"""Of one writer: the one it has, and the one of before, of which only the store does not know yet that it is gone."""
WORD = re.compile(r"[a-z0-9]([a-z0-9-]{0,62})")


class Writer(NamedTuple):
    """Whose lines they are."""

    tenant: str
    server: str


def writer(certificate: dict[str, Any], address: str) -> Writer | None:
    """Tell whose lines come with a certificate from an address; ``None`` when they are nobody's."""
    subject: dict[str, list[str]] = {}
    for part in certificate.get("subject", ()):
        for name, value in part:
            subject.setdefault(name, []).append(value)
    words = [subject.get(name, []) for name in ("organizationName", "commonName")]
    if not all(len(found) == 1 and WORD.fullmatch(found[0]) for found in words):
        return None
    if ("IP Address", address) not in certificate.get("subjectAltName", ()):
        return None
    return Writer(words[0][0], words[1][0])


def kept(batch: bytes, received: str) -> Iterator[bytes]:
    """Lines of a batch as they are kept; those that are none are counted."""
    strange = 0
    for line in batch.splitlines():
        fields = wire.decode(line) if len(line) <= wire.LINE_BYTES else None
        if fields is None:
            strange += 1
            continue
        yield wire.encode({"received": received, **fields})
    if strange:
        fields = dict.fromkeys(wire.FIELDS, "") | {"sent": received, "facility": "syslog", "severity": "warning", "program": "ringfence"}
        yield wire.encode({"received": received, **fields, "message": f"{strange} lines were sent that are none"})


class Files:
    """A folder for each tenant, in it one for each server, in it a file for each day."""

    def __init__(self, folder: Path) -> None:
        """The folder is there: it is on the store's own disk."""
        self._folder = folder
        self._one = threading.Lock()

    def keep(self, of: Writer, batch: bytes) -> None:
        """Write a batch through to the disk, all of it or nothing. Raises ``OSError``."""
        received = wire.moment(time.time())
        path = self._folder / of.tenant / of.server / f"{received[:10]}.jsonl"
        with self._one:
            path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            new = not path.exists()
            with path.open("ab") as stream:
                path.chmod(0o640)
                before = os.fstat(stream.fileno()).st_size
                try:
                    stream.writelines(kept(batch, received))
                    stream.flush()
                    os.fsync(stream.fileno())
                except OSError:
                    os.ftruncate(stream.fileno(), before)
                    raise
            if new:
                for folder in (path.parent, path.parent.parent, self._folder):
                    through(folder)


def through(folder: Path) -> None:
    """Write the names in a folder through to the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


class Doors:
    """Connections that are open, so that nobody has more than a share of them."""

    def __init__(self) -> None:
        """None is."""
        self._lock = threading.Lock()
        self._open: dict[socket.socket, Writer | None] = {}

    def enter(self, link: socket.socket) -> None:
        """Let one in; the oldest goes when there is no room."""
        with self._lock:
            if len(self._open) >= CONNECTIONS:
                shut(next(iter(self._open)))
            self._open[link] = None

    def known(self, link: socket.socket, of: Writer) -> None:
        """Now it is known whose it is; of one writer the oldest goes when there are too many."""
        with self._lock:
            self._open[link] = of
            own = [each for each, name in self._open.items() if name == of]
            for each in own[:-OF_ONE]:
                shut(each)

    def leave(self, link: socket.socket) -> None:
        """It is closed."""
        with self._lock:
            self._open.pop(link, None)


def shut(link: socket.socket) -> None:
    """End a connection of another thread, which then finds it ended."""
    try:
        link.shutdown(socket.SHUT_RDWR)
    except OSError:
        return  # it has ended by itself


def serve(plain: socket.socket, address: str, context: ssl.SSLContext, files: Files, doors: Doors) -> None:
    """Take the batches of one connection."""
    # The plain socket is empty from here on: its descriptor is the other one's.
    with context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False) as link:
        doors.enter(link)
        try:
            link.settimeout(HANDSHAKE_SECONDS)
            link.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            link.do_handshake()
            of = writer(link.getpeercert() or {}, address)
            if of is None:
                say(f"{address}: its certificate is not for this address, or names no server")
                return
            doors.known(link, of)
            take(link, of, files)
        except (OSError, wire.WireError) as error:
            say(f"{address}: {type(error).__name__}: {str(error)[:200]!r}")
        finally:
            doors.leave(link)


def take(link: ssl.SSLSocket, of: Writer, files: Files) -> None:
    """Take batches until the sender closes. A server may be silent for days, but not within a batch."""
    with link.makefile("rb") as stream:
        while True:
            link.settimeout(None)
            if not stream.peek(1):
                return
            link.settimeout(BATCH_SECONDS)
            batch = wire.read_batch(stream)
            if batch is None:
                return
            files.keep(of, batch)
            link.sendall(wire.answer(len(batch)))


def say(message: str) -> None:
    """Tell the journal."""
    sys.stderr.write(f"{message}\n")


def main() -> int:
    """Answer until it is told to end."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        context = wire.context(ssl.PROTOCOL_TLS_SERVER)
    except wire.PapersError as error:
        say(str(error))
        return 1
    context.num_tickets = 0  # nobody comes back without a certificate
    files, doors = Files(FOLDER), Doors()
    with socket.create_server((settings["address"], settings["port"]), backlog=128) as listening:
        while True:
            link, (address, *_) = listening.accept()
            threading.Thread(target=serve, args=(link, address, context, files, doors), daemon=True).start()
