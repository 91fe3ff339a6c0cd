"""Which vulnerabilities a server has, whether an update would mend each, and when its deadline is over."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

from infra.vulnerabilities.journal import Sight, name
from infra.vulnerabilities.tracker import Severity
from infra.vulnerabilities.versions import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from infra.vulnerabilities.installed import Package, Source
    from infra.vulnerabilities.tracker import Data, Entry

_RELEASES = re.compile(r"deb([0-9]{1,3})u[0-9]")
"""How versions of a release's updates say which release they are of."""
_NUMBERS = re.compile(r"[0-9][0-9.]*")


class Remedy(StrEnum):
    """What would mend it: an update that is offered, removing a package of which a later version is installed, or nothing yet."""

    UPDATE = "update"
    REMOVE = "remove"
    NONE = "none"
    NOT_ASKED = "not-asked"


@dataclass(frozen=True, slots=True)
class Hit:
    """A vulnerability of one source in one version, and the packages that have it."""

    entry: Entry
    source: Source
    packages: tuple[Package, ...]


@dataclass(frozen=True, slots=True)
class Assessed:
    """A hit, what would mend it, the version of the release without it as far as the data names one, and whether there is a fix at all.

    There is one when the release has it, or when the server is offered one.
    """

    hit: Hit
    remedy: Remedy
    fixed: str
    fix: bool

    @property
    def name(self) -> str:
        """How the journal names it."""
        return name(self.hit.source.name, self.hit.entry.bug)


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """Everything that is told of one. ``deadline`` is nothing while there is no fix."""

    what: Assessed
    sight: Sight
    deadline: datetime | None
    over: bool

    @property
    def order(self) -> tuple[bool, bool, int, str, str]:
        """What people read first: what is over, what has a fix, what is worst."""
        entry = self.what.hit.entry
        return not self.over, not self.what.fix, list(Severity).index(entry.severity), entry.package, entry.bug


def concerning(package: Package, data: Data) -> Iterator[tuple[Entry, Source]]:
    """Yield what concerns a package: by each of its sources, and by its own name. Raises :class:`ValueError` for a bad version."""
    for source in package.sources:
        for entry in data.entries.get(source.name, ()):
            if not (entry.binary and package.name == entry.package) and entry.concerns(source.version):
                yield entry, source
    for entry in data.entries.get(package.name, ()):
        # No other version of a package is known than the one that mended it in unstable.
        if entry.binary and (not entry.unstable or key(package.version) < key(entry.unstable)):
            yield entry, package.sources[0]


def hits(packages: Sequence[Package], data: Data) -> tuple[Hit, ...]:
    """Return every vulnerability of what is installed, once for each version of a source."""
    found: dict[tuple[Entry, Source], dict[Package, None]] = {}
    for package in packages:
        for entry, source in concerning(package, data):
            found.setdefault((entry, source), {})[package] = None
    return tuple(Hit(entry, source, tuple(sorted(having))) for (entry, source), having in found.items())


def remedy(hit: Hit, packages: Sequence[Package], offered: Sequence[Package] | None) -> Remedy:
    """Tell what would mend it. What is offered is judged by the same data: a later version is not a better one by itself."""

    def free(package: Package, others: Sequence[Package]) -> bool:
        return any(not _has(hit.entry, other) for other in others if other.name == package.name or _succeeds(other, package, hit.source))

    if all(free(package, packages) for package in hit.packages):
        return Remedy.REMOVE
    if offered is None:
        return Remedy.NOT_ASKED
    return Remedy.UPDATE if all(free(package, offered) for package in hit.packages) else Remedy.NONE


def _has(entry: Entry, package: Package) -> bool:
    if entry.binary and entry.package == package.name:
        return not entry.unstable or key(package.version) < key(entry.unstable)
    return any(entry.concerns(source.version) for source in package.sources if source.name == entry.package)


def _succeeds(other: Package, package: Package, source: Source) -> bool:
    """Tell whether a package brings a later version of a source beside the old one: kernels have the version in their names."""
    if _family(other.name) != _family(package.name):
        return False
    return any(each.name == source.name and key(each.version) > key(source.version) for each in other.sources)


@cache
def _family(name: str) -> str:
    """Return a package's name without the version in it."""
    return _NUMBERS.sub("", name)


def fixed_in(hit: Hit, number: str) -> str:
    """Return the earliest later version without it that may be of the release with a number; nothing when the data names none."""
    entry = hit.entry
    named = [each for each in (*entry.others, entry.unstable) if each and key(each) > key(hit.source.version)]
    of_release = [each for each in named if set(_RELEASES.findall(each)) <= {number}]
    return min(of_release, key=key, default="") if entry.fixed else ""


def assessed(hit: Hit, packages: Sequence[Package], offered: Sequence[Package] | None, number: str) -> Assessed:
    """Say what would mend a hit on a server with some packages, of the release with a number."""
    mend = remedy(hit, packages, offered)
    return Assessed(hit, mend, fixed_in(hit, number), fix=hit.entry.fixed or mend in {Remedy.UPDATE, Remedy.REMOVE})


def judged(found: Sequence[Assessed], seen: Mapping[str, Sight], days: Mapping[Severity, int], now: datetime) -> tuple[Vulnerability, ...]:
    """Return what is found with its deadline, counted from when a fix was first seen; raises :class:`KeyError` for what nobody has seen."""
    return tuple(sorted((_judged(each, seen[each.name], days, now) for each in found), key=lambda one: one.order))


def _judged(each: Assessed, sight: Sight, days: Mapping[Severity, int], now: datetime) -> Vulnerability:
    deadline = sight.fix + timedelta(days=days[each.hit.entry.severity]) if each.fix and sight.fix else None
    return Vulnerability(each, sight, deadline, over=deadline is not None and now > deadline)
