"""Debian's data about vulnerabilities, in the form that it is published in for each release: ``VERSION 1``, packed with zlib.

Three lists follow, each ended by an empty line: names of vulnerabilities, what they concern, and which packages each source makes. The
text says neither its release nor its day, so whoever brings it has to know both. Nothing that is not understood is left out silently.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.errors import QuestionError
from infra.vulnerabilities.versions import key, valid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_TEXT = 256 * 2**20
"""Bytes of the text: some ten times what Debian publishes."""
_HEAD = "VERSION 1"
_NAME = re.compile(r"[A-Z][A-Z0-9-]{2,60}", re.ASCII)
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,120}", re.ASCII)
_YEAR = re.compile(r"CVE-([0-9]{4})-[0-9]{4,}", re.ASCII)
_HINT = "fetch it again, as Debian's tracker has it under debsecan/release/1/RELEASE"


class Severity(StrEnum):
    """How urgent Debian finds it, worst first; the words of :class:`infra.declaration.services.Deadlines`."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    UNASSIGNED = "unassigned"


_SEVERITIES = {"H": Severity.HIGH, "M": Severity.MEDIUM, "L": Severity.LOW, " ": Severity.UNASSIGNED}
_REMOTE = {"R": True, " ": False, "?": None}
_FIXED = {"F": True, " ": False}
_FLAGS = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A vulnerability of one package: a source, or where ``binary``, a package of this name.

    ``fixed`` says that a version without it is in the release. ``unstable`` is the first such version of Debian's unstable release, if
    there is any; ``others`` are such versions of other releases.
    """

    bug: str
    description: str
    package: str
    binary: bool
    severity: Severity
    remote: bool | None
    fixed: bool
    unstable: str
    others: tuple[str, ...]

    def concerns(self, version: str) -> bool:
        """Tell whether a version of the package has it. Raises :class:`ValueError` for what is no version."""
        mine = key(version)
        if self.unstable and mine >= key(self.unstable):
            return False
        return not any(mine == key(other) for other in self.others)


@dataclass(frozen=True, slots=True)
class Data:
    """Every entry by its package; ``year`` is that of the newest CVE, nothing when there is none."""

    entries: Mapping[str, tuple[Entry, ...]]
    year: int | None


def read(raw: bytes, where: str) -> Data:
    """Read the published file. Raises :class:`QuestionError` with the place of the first thing that is not as it should be."""
    *whole, rest = _text(raw, where).split("\n")
    if rest:
        raise _refused(where, "end", "a line that ends", rest)
    lines = enumerate(whole, 1)
    if next(lines, (1, ""))[1] != _HEAD:
        raise _refused(where, 1, f"the line {_HEAD}")
    names = [_name(line, where, number) for number, line in _section(lines, where)]
    entries: dict[str, list[Entry]] = {}
    for number, line in _section(lines, where):
        entry = _entry(line, names, where, number)
        entries.setdefault(entry.package, []).append(entry)
    _sources(lines, where)
    if not entries:
        raise QuestionError.of("it names no package, which Debian's data never does", where=where, expected="entries", hint=_HINT)
    years = [int(found[1]) for name, _ in names if (found := _YEAR.fullmatch(name))]
    return Data({package: tuple(found) for package, found in entries.items()}, max(years, default=None))


def _text(raw: bytes, where: str) -> str:
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(raw, MOST_TEXT + 1)
        if len(data) > MOST_TEXT:
            raise QuestionError.of("it is too large", where=where, expected=f"at most {MOST_TEXT:,} bytes when unpacked", hint=_HINT)
        if not unpacker.eof or unpacker.unused_data:
            raise QuestionError.of(
                "it is not whole, or something follows it", where=where, expected="one text packed with zlib", hint=_HINT
            )
        return data.decode()
    except (zlib.error, UnicodeDecodeError) as error:
        expected = "a text packed with zlib"
        raise QuestionError.of("it cannot be unpacked", where=where, expected=expected, got=str(error)[:200], hint=_HINT) from error


def _section(lines: Iterator[tuple[int, str]], where: str) -> Iterator[tuple[int, str]]:
    """Yield the lines up to the next empty one, which has to come."""
    number = 0
    for number, line in lines:
        if not line:
            return
        yield number, line
    raise _refused(where, "end", "an empty line behind each list")


def _sources(lines: Iterator[tuple[int, str]], where: str) -> None:
    """Read the last list, of which nothing is used; behind it there is nothing."""
    ended = False
    for number, line in lines:
        source, comma, packages = line.partition(",")
        if ended and line:
            raise _refused(where, number, "nothing behind the last list", line)
        if line and not (comma and all(map(_PACKAGE.fullmatch, (source, *packages.split())))):
            raise _refused(where, number, "SOURCE,PACKAGES", line)
        ended = not line


def _name(line: str, where: str, number: int) -> tuple[str, str]:
    name, *rest = line.split(",", 2)
    if len(rest) != 2 or not _NAME.fullmatch(name):  # noqa: PLR2004 - what comes before the two commas and behind them
        raise _refused(where, number, "NAME,FLAGS,DESCRIPTION", line)
    if rest[0]:
        raise _refused(where, number, "no flags of a vulnerability, as Debian has none", line)
    return name, rest[1]


def _entry(line: str, names: list[tuple[str, str]], where: str, number: int) -> Entry:
    try:
        package, index, flags, unstable, others = line.split(",")
        if not index.isdecimal() or not _PACKAGE.fullmatch(package) or len(flags) != _FLAGS:
            raise _refused(where, number, "PACKAGE,INDEX,FLAGS,VERSION,VERSIONS", line)
        name, description = names[int(index)]
        kind, urgency, remote, fixed = list(flags)
        versions = tuple(others.split())
        if not all(map(valid, (unstable, *versions) if unstable else versions)):
            raise _refused(where, number, "versions of Debian", line)
        return Entry(
            name,
            description,
            package,
            binary={"B": True, "S": False, " ": False}[kind],
            severity=_SEVERITIES[urgency],
            remote=_REMOTE[remote],
            fixed=_FIXED[fixed],
            unstable=unstable,
            others=versions,
        )
    except (ValueError, LookupError) as error:
        if isinstance(error, QuestionError):
            raise
        raise _refused(where, number, "PACKAGE,INDEX,FLAGS,VERSION,VERSIONS, each of a form that is known", line) from error


def _refused(where: str, number: int | str, expected: str, got: str = "") -> QuestionError:
    return QuestionError.of("not the data of Debian's tracker", where=f"{where}:{number}", expected=expected, got=got[:200], hint=_HINT)
