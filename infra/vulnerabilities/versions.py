"""The order of Debian's versions, as dpkg has it (deb-version(7)); ``dpkg --compare-versions`` judges it in the tests.

It is our own because no library fits: python-debian is under the GPL, and debian-inspector refuses versions that dpkg takes.
"""

from __future__ import annotations

import re
from functools import lru_cache

Part = tuple[tuple[tuple[int, ...], int], ...]
Key = tuple[int, Part, Part]

_VERSION = re.compile(r"(?:([0-9]{1,9}):)?([A-Za-z0-9.+~:-]{1,400})", re.ASCII)
_PIECES = re.compile(r"([^0-9]*)([0-9]*)", re.ASCII)
_END: Part = (((0,), 0),)
"""What every part ends with: a tilde sorts before it, everything else behind."""
_BEHIND_LETTERS = 256


@lru_cache(maxsize=100_000)
def key(version: str) -> Key:
    """Return what sorts as the version does. Raises :class:`ValueError` for a text that is no version."""
    found = _VERSION.fullmatch(version)
    upstream, hyphen, revision = found[2].rpartition("-") if found else ("", "", "")
    if not hyphen:
        upstream, revision = revision, "0"
    if found is None or not upstream or not revision or ":" in revision + (upstream if found[1] is None else ""):
        message = f"not a version of Debian: {version[:80]!r}"
        raise ValueError(message)
    return int(found[1] or "0"), _part(upstream), _part(revision)


def _part(text: str) -> Part:
    pieces = [(letters, digits) for letters, digits in _PIECES.findall(text) if letters or digits]
    return (*(((*map(_order, letters), 0), int(digits or "0")) for letters, digits in pieces), *_END)


def _order(letter: str) -> int:
    return -1 if letter == "~" else ord(letter) if letter.isalpha() else ord(letter) + _BEHIND_LETTERS
