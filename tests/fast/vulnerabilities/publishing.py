"""Debian's data as its tracker publishes it, made from rows."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Row:
    """A vulnerability of a package."""

    bug: str
    package: str
    flags: str = "SH F"
    unstable: str = ""
    others: str = ""
    description: str = "a, b and c"


def text(rows: Iterable[Row], sources: str = "openssl,libssl3t64 openssl\n") -> str:
    """Return the text of a release."""
    rows = list(rows)
    bugs = list(dict.fromkeys((row.bug, row.description) for row in rows))
    names = "".join(f"{bug},,{description}\n" for bug, description in bugs)
    entries = "".join(f"{row.package},{bugs.index((row.bug, row.description))},{row.flags},{row.unstable},{row.others}\n" for row in rows)
    return f"VERSION 1\n{names}\n{entries}\n{sources}"


def packed(rows: Iterable[Row], sources: str = "openssl,libssl3t64 openssl\n") -> bytes:
    """Return the published file."""
    return zlib.compress(text(rows, sources).encode())


def listed(*packages: str) -> str:
    """Return what dpkg-query tells: ``NAME VERSION SOURCE SOURCE-VERSION [USED]`` of each, and of dpkg itself."""
    lines = []
    for package in ("dpkg 1.22 dpkg 1.22", *packages):
        name, version, source, own, *used = package.split(" ", 4)
        lines.append("\t".join(("ii ", name, version, source, own, "".join(used), "")) + "\n")
    return "".join(lines)


RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nVERSION_CODENAME=trixie\nID=debian\n'
"""``/etc/os-release`` of a server."""
