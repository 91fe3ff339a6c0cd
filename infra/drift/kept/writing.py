"""A listing of a cloud as the lines of a file, without what may be a secret. Pure.

Names, accounts and metadata are written as the services tell them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from infra.drift.found import KINDS, NOUNS
from infra.drift.kept import FORMAT, HEADER, LISTS, RECORD, VERSION, encoded, ending, refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.found import Found, Json
    from infra.drift.kept import Kept

SECRET = frozenset(
    {
        "OS-EXT-SRV-ATTR:user_data",
        "adminPass",
        "auth_key",
        "blob",
        "direct_url",
        "encrypted_blob",
        "locations",
        "password",
        "payload",
        "private_key",
        "secret",
        "user_data",
    }
)
"""Attributes whose values are left out: what a server is told at its first boot, passwords, credentials, payloads of secrets, the key of
a transfer, and where an image is in its storage, which may have the storage's password in it (Glance, ``show_multiple_locations``)."""
LEFT_OUT = "left out: it may be a secret"
"""What stands for such a value. The comparison asks of none of them more than whether there is one."""


def without_secrets(found: Found) -> Found:
    """Return a listing as a file has it."""
    rows: dict[str, Any] = {kind: tuple(_shown(row) for row in found.known(kind)) for kind in KINDS}
    return replace(found, **rows)


def _shown(row: Json) -> Json:
    """Return a row without secrets; that there is none is no secret."""
    return {key: LEFT_OUT if key in SECRET and value else value for key, value in row.items()}


def written(kept: Kept) -> Iterator[bytes]:
    """Yield the lines of a file, each with its line end.

    Raises :class:`SnapshotError` for a listing of which nobody knows when and for whom it was made, and for a value that would be read
    otherwise than it was found.
    """
    found, digest = kept.found, hashlib.sha256()
    yield _hashed(_header(kept), digest)
    for kind in KINDS:
        for row in found.known(kind):
            yield _hashed({"kind": RECORD, "of": kind, "row": _shown(row)}, digest)
    yield encoded(ending({kind: len(found.known(kind)) for kind in KINDS}, digest.hexdigest()))


def _header(kept: Kept) -> Json:
    found, asked = kept.found, kept.found.asked
    if asked is None:
        raise refused("the listing does not say what was asked for", "", f"a platform, {', '.join(LISTS)}", "nothing")
    return {
        "kind": HEADER,
        "format": FORMAT,
        "version": VERSION,
        "at": kept.at.isoformat(),
        "cloud": kept.cloud,
        "region": kept.region,
        "asker": found.asker,
        "asked": {"platform": asked.platform, **{word: sorted(getattr(asked, word)) for word in LISTS}},
        "untold": dict(found.untold),
        "absent": dict(found.absent),
    }


def _hashed(value: Json, digest: hashlib._Hash) -> bytes:
    """Return a value as a line that is read as that value, and add it to the digest."""
    row = value.get("row") or {}
    where = f"{NOUNS[value['of']]} {row.get('id', '')}" if row else str(value["kind"])
    try:
        line = encoded(value)
        is_same = json.loads(line) == value
    except (TypeError, ValueError, RecursionError) as error:
        raise refused("a record cannot be written", where, "JSON", f"{type(error).__name__}: {error}") from error
    if not is_same:
        raise refused("a record would be read otherwise than it was found", where, "JSON", str(line[:200], "ascii"))
    digest.update(line)
    return line
