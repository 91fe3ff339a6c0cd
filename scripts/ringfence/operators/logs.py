"""The store of logs, read over SSH through the bastion by the automation: days of servers, and what is added to them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hardening.services.logs import KEPT
from infra.declaration import names
from infra.errors import GuestError, QuestionError
from infra.logs.lines import Kept, Line, lines, listed
from infra.ssh.access import Target, open_server
from ringfence.logins import jump_host
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHUNK = 4 * 1024 * 1024
"""Bytes that are read at once: a flooded day does not fit into memory."""
PAUSE_SECONDS = 2.0
LAST_BYTES, LAST_LINES = 16 * 1024, 10
"""What following begins with when it is not told since when: so many bytes of each server, and so many lines of all."""


@dataclass
class Store:
    """The store, by a function that runs a program there as root; it remembers how far it has read."""

    run: Callable[[Sequence[str]], str]
    read: dict[str, int] = field(default_factory=dict)
    within: set[str] = field(default_factory=set)
    """Days whose next byte may be within a line: what is left of that line is no line."""

    def skip(self, days: list[Kept]) -> None:
        """Pass over days but for the last bytes of the newest of each server. A store of months is too much to begin with."""
        newest = {day.server: day for day in sorted(days)}
        for day in days:
            self.read[day.path] = max(0, day.size - LAST_BYTES) if newest[day.server] == day else day.size
            if 0 < self.read[day.path] < day.size:
                self.within.add(day.path)

    def days(self, tenant: str) -> list[Kept]:
        """Return a tenant's days. A tenant of whom the store has nothing has none."""
        found = ["find", KEPT, "-mindepth", "3", "-maxdepth", "3", "-type", "f", "-path", f"{KEPT}/{tenant}/*", "-printf", r"%s %P\n"]
        return listed(self.run(found))

    def data(self, day: Kept) -> Iterator[str]:
        """Yield what a day has that was not read yet, in whole lines."""
        begin, rest = self.read.get(day.path, 0), ""
        while begin < day.size:
            size = min(CHUNK, day.size - begin)
            way = ["dd", f"if={KEPT}/{day.path}", f"skip={begin}", f"count={size}", "iflag=skip_bytes,count_bytes", "status=none"]
            data = self.run(way)
            if not data:
                raise GuestError.of("a day of the logs became shorter while it was read", where=day.path, hint="run the same command again")
            begin += len(data)
            whole, newline, rest = (rest + data).rpartition("\n")
            self.read[day.path] = begin - len(rest)
            if newline and day.path in self.within:
                self.within.remove(day.path)
                whole = whole.partition("\n")[2]
            if newline and whole:
                yield whole + newline

    def lines(self, chosen: list[Kept], since: str) -> Iterator[tuple[str, Line]]:
        """Yield lines of some days that came since a time, with their servers, and not what was read before."""
        for day in chosen:
            for data in self.data(day):
                yield from ((day.server, line) for line in lines(data, day.path) if line.received >= since)


def chosen(days: list[Kept], server: str | None, since: str) -> list[Kept]:
    """Return the days that may have such lines."""
    return [day for day in days if server in {None, day.server} and day.day >= since[:10]]


def follow(store: Store, tenant: str, server: str | None, since: str | None) -> Iterator[tuple[str, Line]]:
    """Yield lines as they come, for ever; without a beginning the last ones first, as other programs that follow do."""
    begin = since or ""
    if since is None:
        days = chosen(store.days(tenant), server, begin)
        store.skip(days)
        yield from _new(store, days, begin)[-LAST_LINES:]
    while True:
        yield from _new(store, chosen(store.days(tenant), server, begin), begin)
        time.sleep(PAUSE_SECONDS)


def _new(store: Store, days: list[Kept], since: str) -> list[tuple[str, Line]]:
    return sorted(store.lines(days, since), key=lambda each: each[1].received)


@contextmanager
def opened() -> Iterator[Store]:
    """Log in at the store. Raises :class:`QuestionError` when the platform has none."""
    services = getattr(stacks.platform(), "services", None)  # a platform of an earlier version exports none
    if services is None:
        hint = "declare services.logs in Pulumi.platform.yaml, then pulumi up -s platform"
        raise QuestionError.of("there is no store of logs", where=names.PLATFORM, expected="a services server", hint=hint)
    way = jump_host()
    with open_server(way, Target(services.address, services.host_key, way.port)) as session:

        def run(command: Sequence[str]) -> str:
            done = session.run(["sudo", "-n", *command])
            if done.status:
                raise GuestError.of(
                    "the store of logs cannot be read", where=names.SERVICES, expected="exit code 0", got=done.stderr.strip()[-300:]
                )
            return done.stdout

        yield Store(run)
