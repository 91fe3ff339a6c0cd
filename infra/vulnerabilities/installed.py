"""What a server has installed, and what its package manager would bring: texts of programs, taken apart strictly."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import GuestError
from infra.vulnerabilities.versions import valid

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELDS = (
    "db:Status-Abbrev",
    "Package",
    "Version",
    "source:Package",
    "source:Version",
    "Built-Using",
    "Static-Built-Using",
)
"""What ``dpkg-query`` tells of each package, in this order, with tabs between."""
GONE = frozenset("nc")
"""States in which no file of a package is left but configuration."""
ALWAYS = "dpkg"
"""A package that every server has: a list without it is not whole."""
_STATE = re.compile(r"[uihrp][nciUFWHt][ R]")
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]{0,120}")
_USED = re.compile(r"([a-z0-9][a-z0-9.+-]*) \(= ([^() ]+)\)")
_PLANNED = re.compile(r"Inst (\S+) (?:\[\S+\] )?\((\S+) .*")
_RELEASE = re.compile(r'^(VERSION_CODENAME|VERSION_ID)="?([a-z0-9.]{1,40})"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A source package in one version."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package, and the sources that are in it: the one that it was made from, then others that were built into it.

    A signed kernel is made from a source of signatures; that what runs is of the source ``linux`` is only said by the latter.
    """

    name: str
    version: str
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Release:
    """A release of Debian: ``trixie``, ``13``."""

    name: str
    number: str


def release(text: str) -> Release:
    """Read ``/etc/os-release``. Raises :class:`GuestError` when it does not say which release of Debian it is."""
    found = dict(_RELEASE.findall(text))
    if set(found) != {"VERSION_CODENAME", "VERSION_ID"} or "\nID=debian\n" not in f"\n{text}\n":
        expected = "ID=debian, VERSION_CODENAME and VERSION_ID"
        raise GuestError.of("the server does not say which release of Debian it has", expected=expected, got=text[:200])
    return Release(found["VERSION_CODENAME"], found["VERSION_ID"])


def installed(text: str) -> tuple[Package, ...]:
    """Read the list of packages. Raises :class:`GuestError` for a line that is not understood, and for a list that is not whole."""
    packages = []
    for line in text.splitlines():
        fields = line.split("\t")
        if len(fields) != len(FIELDS) or not _STATE.fullmatch(fields[0]):
            raise _refused(f"{len(FIELDS)} fields, the first a state of dpkg", line)
        if fields[0][1] not in GONE:
            packages.append(_package(*fields[1:5], used=", ".join(filter(None, fields[5:])), line=line))
    if not any(package.name == ALWAYS for package in packages):
        raise _refused(f"a list with {ALWAYS}, which every server has", text)
    return tuple(packages)


def offered(text: str) -> tuple[Package, ...]:
    """Read what would be brought: what ``apt-get -s`` plans, and the records of just these packages behind it."""
    if "upgraded," not in text:
        raise GuestError.of("apt does not say what it would do", expected="... upgraded, ...", got=text[-80:])
    planned = [found.groups() for line in text.splitlines() if (found := _PLANNED.fullmatch(line))]
    if len(planned) != sum(line.startswith("Inst ") for line in text.splitlines()):
        raise GuestError.of("what apt plans is not understood", expected="Inst PACKAGE [VERSION] (VERSION ...)", got=text[:200])
    known = {(package.name, package.version): package for package in _records(text)}
    missing = [name for name, version in planned if (name, version) not in known]
    if missing:
        raise GuestError.of("apt does not say what it would bring is made from", expected="a record of each", got=", ".join(missing[:5]))
    return tuple(known[name, version] for name, version in planned)


def _records(text: str) -> list[Package]:
    """Read records of packages: those lines of them that were asked for."""
    records: list[dict[str, str]] = []
    for line in text.splitlines():
        field, colon, value = line.partition(": ")
        if colon and field == "Package":
            records.append({})
        if colon and records:
            records[-1].setdefault(field, value.strip())
    return [_record(record) for record in records]


def _record(record: Mapping[str, str]) -> Package:
    name, version = record.get("Package", ""), record.get("Version", "")
    source, _, own = record.get("Source", name).partition(" ")
    used = ", ".join(filter(None, (record.get("Built-Using"), record.get("Static-Built-Using"))))
    return _package(name, version, source, own.strip("()") or version, used=used, line=str(dict(record)))


def _package(name: str, version: str, source: str, source_version: str, *, used: str, line: str) -> Package:
    parts = [part.strip() for part in used.split(",") if part.strip()]
    found = [_USED.fullmatch(part) for part in parts]
    if not _NAME.fullmatch(name) or not _NAME.fullmatch(source) or None in found:
        raise _refused("a package, its source, and sources that are built in as NAME (= VERSION)", line)
    sources = [Source(source, source_version), *(Source(each[1], each[2]) for each in found if each)]
    if not all(map(valid, (version, *(each.version for each in sources)))):
        raise _refused("versions of Debian", line)
    return Package(name, version, tuple(dict.fromkeys(sources)))


def _refused(expected: str, got: str) -> GuestError:
    hint = "dpkg-query -W, on the server"
    return GuestError.of("the list of packages is not understood", expected=expected, got=got[:200], hint=hint)
