"""Since when each vulnerability of each server is known, and since when there is a fix: Debian's data has no day of either.

What was seen is never forgotten: one that is away for a while and comes back is counted from when it was first seen.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from infra import structs
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

VERSION = 1


class Sight(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The days of the data in which a vulnerability, and a fix for it, were there first."""

    first: datetime
    fix: datetime | None = None


Seen = dict[str, dict[str, Sight]]
"""By server, then by source and vulnerability."""


class Journal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file: since when it is kept, and what was seen."""

    version: int
    began: datetime
    servers: Seen


def name(source: str, bug: str) -> str:
    """Return how the journal names a vulnerability."""
    return f"{source} {bug}"


def read(text: bytes, where: str) -> Journal:
    """Read the file. Raises :class:`QuestionError` when it is not as it was written: without it deadlines would begin again."""
    try:
        found = structs.decode(text, Journal)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _refused(where, str(error)) from error
    moments = [found.began, *(sight.first for seen in found.servers.values() for sight in seen.values())]
    fixes = [sight.fix for seen in found.servers.values() for sight in seen.values() if sight.fix]
    if found.version != VERSION or any(moment.tzinfo is None for moment in (*moments, *fixes)):
        raise _refused(where, f"version {found.version}" if found.version != VERSION else "a time without its zone")
    return found


def written(journal: Journal) -> bytes:
    """Return the file's bytes."""
    return msgspec.json.format(msgspec.json.encode(journal, order="sorted"), indent=1) + b"\n"


def with_seen(journal: Journal, server: str, found: Iterable[tuple[str, bool]], day: datetime) -> Journal:
    """Return the journal with what data of a day has of a server: names, and whether there is a fix. Days only ever become earlier."""
    old: Mapping[str, Sight] = journal.servers.get(server, {})
    new = dict(old)
    for each, fix in found:
        before = new.get(each, Sight(day))
        new[each] = Sight(min(before.first, day), min(before.fix or day, day) if fix else before.fix)
    return Journal(VERSION, min(journal.began, day), {**journal.servers, server: new})


def _refused(where: str, got: str) -> QuestionError:
    hint = "restore it from a backup; whoever removes it lets every deadline begin again"
    return QuestionError.of(
        "the journal of vulnerabilities cannot be read", where=where, expected="what ringfence wrote", got=got[:200], hint=hint
    )
