"""A cloud that changes while it is read: an object that refers to one that was not listed is read again, and named if nothing helps.

Lists are read one after another or side by side, so an object may be in one of them whose counterpart was made too late for another, or
is gone by now. Nothing of that makes a snapshot corrupt: what was made is read, what is gone is left out, and what dangles all the same
becomes :class:`Unknown`.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.neutron.snapshot import SECTIONS, Record, Unknown
from infra.neutron.snapshot.consistency import IDENTIFIED, references

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Again = Callable[[str, str], Record | None]
    """Reads one object of a section anew by its id; ``None`` when it is gone."""

ROUNDS = 4
"""How often what dangles is looked up: each look may bring an object that refers to a further one."""


class Settled:
    """Records in their order, but for those that refer to what is not there yet: they come last, or not at all."""

    def __init__(self, again: Again) -> None:
        """``again`` reads one object anew."""
        self._again = again
        self._ids: dict[str, set[str]] = defaultdict(set)
        self._waiting: dict[tuple[str, str], Record] = {}

    def of(self, records: Iterable[Record]) -> Iterator[Record]:
        """Yield the records of a cloud; of two with one id, the first."""
        for record in records:
            section = SECTIONS[type(record)]
            identifier = str(getattr(record, "id", ""))
            if self._missing(section, record):
                self._waiting[section, identifier] = record
            elif self._new(section, identifier):
                yield record
        for _ in range(ROUNDS):
            yield from self._complete()
            self._look_up()
        yield from self._complete()
        for (section, identifier), record in self._waiting.items():
            lost = ", ".join(sorted(f"{target} {value}" for target, value in self._missing(section, record)))
            reason = f"it refers to what the cloud does not have: {lost}"
            yield Unknown(type=f"dangling:{section}", id=identifier, name=str(getattr(record, "name", "")), reason=reason)

    def _new(self, section: str, identifier: str) -> bool:
        if section not in IDENTIFIED:
            return True
        fresh = identifier not in self._ids[section]
        self._ids[section].add(identifier)
        return fresh

    def _missing(self, section: str, record: Record) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for target, values in references(section, record):
            found.update((target, value) for value in values - self._ids[target])
        return found - {(section, str(getattr(record, "id", "")))}

    def _complete(self) -> Iterator[Record]:
        """Yield what waits for nothing any more; each may be what others wait for."""
        while ready := [key for key, record in self._waiting.items() if not self._missing(key[0], record)]:
            for key in ready:
                record = self._waiting.pop(key)
                if self._new(*key):
                    yield record

    def _look_up(self) -> None:
        """Read anew what is missing, and where it is gone, those that refer to it."""
        asked: dict[tuple[str, str], Record | None] = {}
        for key, record in list(self._waiting.items()):
            for target in self._missing(key[0], record) - self._waiting.keys():
                if target not in asked:
                    asked[target] = self._again(*target)
                found = asked[target]
                if found is not None:
                    self._waiting.setdefault(target, found)
                elif (anew := self._again(*key)) is None:
                    self._waiting.pop(key, None)
                    break
                else:
                    self._waiting[key] = anew
