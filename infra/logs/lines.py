"""A line of a log, and where the store keeps it. What a line says of itself is the word of the server that sent it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from infra.errors import GuestError, QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACE = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/([a-z0-9][a-z0-9-]{0,62})/([0-9]{4}-[0-9]{2}-[0-9]{2})\.jsonl")
_BACK = re.compile(r"([1-9][0-9]{0,3})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``received`` is the store's time, everything else the sender's word."""

    received: str
    sent: str
    facility: str
    severity: str
    program: str
    process: str
    message: str


FIELDS = frozenset(field.name for field in fields(Line))


@dataclass(frozen=True, slots=True, order=True)
class Kept:
    """A file of the store: a day of a server, and its size when it was asked for."""

    tenant: str
    server: str
    day: str
    size: int

    @property
    def path(self) -> str:
        """Where it is, from the store's folder on."""
        return f"{self.tenant}/{self.server}/{self.day}.jsonl"


def listed(text: str) -> list[Kept]:
    """Read ``SIZE PATH`` lines of the store, oldest day first within a server. Raises :class:`GuestError` for anything else."""
    found = []
    for line in text.splitlines():
        size, _, path = line.partition(" ")
        place = _PLACE.fullmatch(path)
        if place is None or not size.isdecimal():
            expected = "SIZE TENANT/SERVER/YYYY-MM-DD.jsonl"
            raise GuestError.of("a file that is no day of a server is among the logs", where="services", expected=expected, got=line[:200])
        found.append(Kept(place[1], place[2], place[3], int(size)))
    return sorted(found)


def lines(data: str, where: str) -> Iterator[Line]:
    """Read whole lines of a file. Raises :class:`GuestError` for one that the store cannot have written."""
    for number, text in enumerate(data.splitlines(), 1):
        yield line(text, f"{where}:{number}")


def line(text: str, where: str) -> Line:
    """Read one line."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or set(found) != FIELDS or not all(isinstance(value, str) for value in found.values()):
        expected = f"an object with {', '.join(sorted(FIELDS))}"
        raise GuestError.of("a line that the store cannot have written", where=where, expected=expected, got=text[:200])
    return Line(**found)


def moment(text: str, now: datetime) -> str:
    """Return a time as lines have it, from a day, a moment of RFC 3339 or a span before now. Raises :class:`QuestionError`."""
    if back := _BACK.fullmatch(text):
        return (now - timedelta(**{_UNITS[back[2]]: int(back[1])})).astimezone(UTC).isoformat(timespec="microseconds")
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise QuestionError.of(
            "not understood",
            where="--since",
            expected="a day (2026-11-30), a moment (2026-11-30T10:00+01:00) or a span (30m, 12h, 7d)",
            got=text,
        ) from None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC).isoformat(timespec="microseconds")
