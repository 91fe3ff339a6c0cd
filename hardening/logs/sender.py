"""Send what matters for a server's security from its journal to the store, and try until the store has it.

A line leaves the spool when the store has answered that it is on the store's disk. A store of another authority, or another server in its
place, gets nothing; the attempts go on, farther and farther apart, until the right one is back.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardening.logs import wire
from hardening.logs.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SETTINGS = Path(wire.FILES) / "logs/sender.json"
SPOOL = Path("/var/lib/ringfence/logs")
FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "audit", "alert", "clock"),
    *(f"local{number}" for number in range(8)),
)
SEVERITIES = ("emerg", "alert", "crit", "err", "warning", "notice", "info", "debug")
"""RFC 5424, 6.2.1."""
SENT_FACILITIES = ("kern", "auth", "authpriv")
"""Drops of the packet filter; sshd and sudo."""
SENT_SEVERITIES = SEVERITIES[:5]
"""Every warning, whoever gives it."""
READ = ("MESSAGE", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "_PID", "SYSLOG_PID")

CONNECT_SECONDS, ANSWER_SECONDS = 10, 30
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
JOURNAL_PAUSE = 5.0


def journalctl(cursor: str) -> list[str]:
    """The command that follows the journal from a cursor on, or from its beginning, and shows what is sent only."""
    matches = [f"SYSLOG_FACILITY={FACILITIES.index(name)}" for name in SENT_FACILITIES]
    matches += [f"PRIORITY={SEVERITIES.index(name)}" for name in SENT_SEVERITIES]
    start = [f"--after-cursor={cursor}"] if cursor else []
    shown = ["--quiet", "--follow", "--lines=all", "--all", "--output=json", f"--output-fields={','.join(READ)}"]
    return ["journalctl", *shown, *start, *" + ".join(matches).split()]


def line(entry: dict[str, Any]) -> bytes:
    """An entry of the journal as a line of the log."""
    facility, severity = text(entry, "SYSLOG_FACILITY"), text(entry, "PRIORITY")
    fields = {
        "sent": wire.moment(int(entry["__REALTIME_TIMESTAMP"]) / 1_000_000),
        "facility": named(FACILITIES, facility, "user"),
        "severity": named(SEVERITIES, severity, "info"),
        "program": text(entry, "SYSLOG_IDENTIFIER")[: wire.SHORT],
        "process": (text(entry, "SYSLOG_PID") or text(entry, "_PID"))[: wire.SHORT],
        "message": text(entry, "MESSAGE")[: wire.MESSAGE],
    }
    return wire.encode(fields)


def text(entry: dict[str, Any], name: str) -> str:
    """A field as text: one that is not UTF-8 is a list of bytes, one that is there twice a list of texts (systemd's JSON format)."""
    value = entry.get(name)
    if isinstance(value, list):
        if all(isinstance(each, int) for each in value):
            return bytes(value).decode("utf-8", "replace")
        value = value[0]
    return value if isinstance(value, str) else ""


def named(names: tuple[str, ...], number: str, otherwise: str) -> str:
    """The word for a number of syslog's."""
    return names[int(number)] if number.isdigit() and int(number) < len(names) else otherwise


def follow(spool: Spool) -> None:
    """Read the journal into the spool, for ever."""
    while True:
        command = journalctl(spool.cursor())
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0) as process:
            try:
                for entries in read(process):
                    spool.add([line(entry) for entry in entries], str(entries[-1]["__CURSOR"]))
            except (OSError, ValueError, KeyError) as error:
                say(f"journal: {type(error).__name__}: {error}")
            process.kill()
        time.sleep(JOURNAL_PAUSE)


def read(process: subprocess.Popen[bytes]) -> Iterator[list[dict[str, Any]]]:
    """Yield entries, all that came at once together."""
    rest = b""
    while process.stdout is not None and (data := process.stdout.read(64 * 1024)):
        *whole, rest = (rest + data).split(b"\n")
        if entries := [json.loads(each) for each in whole if each]:
            yield entries


class Link:
    """The connection to the store, made when it is needed."""

    def __init__(self, address: str, port: int) -> None:
        """Nothing is connected yet."""
        self._place = (address, port)
        self._context = wire.context(ssl.PROTOCOL_TLS_CLIENT)
        self._socket: ssl.SSLSocket | None = None

    def send(self, batch: bytes) -> None:
        """Send a batch and wait until the store has it. Raises ``OSError``."""
        link = self._socket or self._connect()
        link.sendall(b"%d\n%b" % (len(batch), batch))
        expected, said = wire.answer(len(batch)), b""
        while len(said) < len(expected):
            more = link.recv(len(expected) - len(said))
            if not more:
                raise ConnectionError("the store closed the connection")
            said += more
        if said != expected:
            raise ConnectionError("the store does not answer as a store does")

    def close(self) -> None:
        """Begin anew the next time."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _connect(self) -> ssl.SSLSocket:
        plain = socket.create_connection(self._place, CONNECT_SECONDS)
        try:
            # The authority puts an address into the certificate of the server that has it only.
            self._socket = self._context.wrap_socket(plain, server_hostname=self._place[0])
        except BaseException:
            plain.close()
            raise
        self._socket.settimeout(ANSWER_SECONDS)
        return self._socket


def deliver(spool: Spool, link: Link) -> None:
    """Send what waits, for ever."""
    pause, trouble = FIRST_PAUSE, ""
    while True:
        batch = spool.take()
        try:
            link.send(batch)
        except OSError as error:
            link.close()
            if (now := f"{type(error).__name__}: {error}") != trouble:
                trouble = now
                say(f"the store does not take lines, which wait: {trouble}")
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            continue
        spool.done(len(batch))
        if trouble:
            say("the store takes lines again")
        pause, trouble = FIRST_PAUSE, ""
        report_lost(spool)


def report_lost(spool: Spool) -> None:
    """Say in the log itself what is not in it."""
    if spool.lost:
        count, spool.lost = spool.lost, 0
        fields = dict.fromkeys(wire.FIELDS, "") | {"sent": wire.moment(time.time()), "facility": "syslog", "severity": "err"}
        fields |= {"program": "ringfence", "message": f"{count} lines are lost: the store was away for too long"}
        spool.add([wire.encode(fields)], spool.cursor())


def say(message: str) -> None:
    """Tell the journal; without a warning's priority, so that it is not sent."""
    sys.stderr.write(f"{message}\n")


def main() -> int:
    """Run until it is told to end. Nothing is to be done then: what counts is on the disk."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        link = Link(settings["address"], settings["port"])
    except wire.PapersError as error:
        say(str(error))
        return 1
    spool = Spool(SPOOL)
    threading.Thread(target=or_end, args=(follow, spool), daemon=True).start()
    deliver(spool, link)
    return 0


def or_end(work: Callable[[Spool], None], spool: Spool) -> None:
    """Run a part that never ends. When it does, nothing is left that half works: the unit starts it again."""
    try:
        work(spool)
    finally:
        sys.excepthook(*sys.exc_info())
        os._exit(1)
