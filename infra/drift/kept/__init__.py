"""What a cloud was found to have, as a file: JSON lines, refused unless every byte is as it was written. Pure.

The first line is a header: version, when and of which cloud, who asked, what was asked for by its id, and which kinds were not told and
why. Then each record is a line with its kind. The last line counts the records of every kind and has the SHA-256 of all bytes before it.
It shows what was damaged; who wrote the file it does not show.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import SnapshotError

if TYPE_CHECKING:
    from datetime import datetime

    from infra.drift.found import Found, Json

FORMAT = "ringfence found"
VERSION = 1
"""Raised whenever a reader of the previous version could misunderstand a file, so with every kind that comes or goes."""
HEADER, RECORD, END = "header", "record", "end"
LISTS = ("projects", "users", "images", "secrets")
"""The words of a header for what was asked for by its id, beside the platform's project."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file says: the listing, and of which cloud (the address of Keystone, and the region).

    ``sha256`` is the digest of the whole file, where it was read from one.
    """

    found: Found
    cloud: str
    region: str
    sha256: str = ""

    @property
    def at(self) -> datetime:
        """When the cloud was listed, with its zone. Raises :class:`SnapshotError` when nobody knows: such a listing is not kept."""
        if self.found.at is None or self.found.at.utcoffset() is None:
            raise refused("the listing does not say when it was made", "", "a time with its zone", str(self.found.at or "none"))
        return self.found.at


class Header(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first line."""

    kind: str
    format: str
    version: int
    at: str
    cloud: str
    region: str
    asker: str
    asked: dict[str, Any]
    untold: dict[str, str]
    absent: dict[str, str]


class HeaderAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Field ``asked`` of the first line."""

    platform: str
    projects: list[str]
    users: list[str]
    images: list[str]
    secrets: list[str]


def encoded(value: Json) -> bytes:
    """Return a value as a line with its end: ASCII, without spaces. Raises ``TypeError``, ``ValueError`` or ``RecursionError``.

    The standard library writes it: it knows whole numbers of any size, and lone surrogates, which an API may send.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def ending(counts: dict[str, int], sha256: str) -> Json:
    """Return the last line."""
    return {"kind": END, "records": counts, "sha256": sha256}


def refused(what: str, where: str, expected: str, got: str) -> SnapshotError:
    """Return the error for what is no such file, or cannot become one."""
    hint = "name a file that `ringfence drift --keep FILE` wrote, as it was written; or keep a new one"
    return SnapshotError.of(what, where=where or "kept records", expected=expected, got=got, hint=hint)
