"""What a tenant had when its end began: the ids of everything, and every copy of its data with its fingerprint. Pure.

It is taken once, before anything is erased, and kept: what is gone can be looked for only by what was noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra import structs
from infra.errors import QuestionError
from infra.offboarding.fingerprints import Fingerprint

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class Medium(msgspec.Struct, frozen=True):
    """One copy of the tenant's data. ``place`` is its name in the raw storage, empty where that was not read; ``key`` its secret's id.

    ``first_object`` is what holds its header in Ceph, with the pool; empty for files, and where nobody could read.
    """

    kind: str
    id: str
    size: int = 0
    type: str = ""
    key: str = ""
    place: str = ""
    fingerprint: Fingerprint | None = None
    first_object: str = ""


class StoredHead(msgspec.Struct, frozen=True):
    """One image, snapshot or piece of trash in the raw storage, with what its first bytes say; ``untold`` why they say nothing."""

    place: str
    fingerprint: Fingerprint | None = None
    untold: str = ""


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of a tenant.

    ``resources`` are ids by kind, ``lent`` names of what the platform made for it, ``running`` the servers that the cordon stops, and
    ``untold`` what nobody could read.
    """

    tenant: str
    project: str
    region: str
    classification: str
    taken: str
    resources: dict[str, tuple[str, ...]]
    media: tuple[Medium, ...]
    lent: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    running: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()

    def fingerprints(self) -> tuple[Fingerprint, ...]:
        """Return the fingerprints of all copies, each once."""
        return tuple(dict.fromkeys(each.fingerprint for each in self.media if each.fingerprint is not None))

    def first_objects(self) -> tuple[str, ...]:
        """Return the first objects of all copies, each once."""
        return tuple(dict.fromkeys(each.first_object for each in self.media if each.first_object))


def with_places(media: Iterable[Medium], heads: Iterable[StoredHead]) -> tuple[Medium, ...]:
    """Return the copies with their places and fingerprints, and every further image that has a fingerprint of one of them.

    The storage names an image by the id of what it holds (``volume-ID``, ``volume-ID.backup.ID``, ``ID``, a server's ``ID_disk``), drivers
    that write files a folder. A server's own disk is there only where its root is no volume.
    """
    found = tuple(heads)
    placed = [medium for medium in (_placed(medium, found) for medium in media) if medium.kind != "disk" or medium.place]
    keys = [medium.fingerprint for medium in placed if medium.fingerprint]
    taken = {medium.place for medium in placed}
    return (*placed, *_others(keys, [head for head in found if head.place not in taken]))


def _placed(medium: Medium, heads: tuple[StoredHead, ...]) -> Medium:
    named = [head for head in heads if is_of(medium, head.place)]
    best = next((head for head in named if head.fingerprint), named[0] if named else None)
    return medium if best is None else msgspec.structs.replace(medium, place=best.place, fingerprint=best.fingerprint)


def is_of(medium: Medium, place: str) -> bool:
    """Whether a place in the storage is the image of a copy, by the names that the drivers give."""
    image, _, snapshot = place.rpartition("/")[2].partition("@")
    wanted = {
        "volume": image == f"volume-{medium.id}" and not snapshot,
        "backup": (image.endswith(f".backup.{medium.id}") and not snapshot) or f"/{medium.id}/" in place,
        "disk": image.startswith(f"{medium.id}_"),
        "snapshot": snapshot == f"snapshot-{medium.id}",
        "image": image == medium.id and not snapshot,
    }
    return wanted.get(medium.kind, False)


def _others(keys: list[Fingerprint], heads: list[StoredHead]) -> Iterator[Medium]:
    for head in heads:
        if head.fingerprint and head.fingerprint.same_key(keys):
            yield Medium("copy", head.place, place=head.place, fingerprint=head.fingerprint)


def joined(before: Inventory, after: Inventory) -> Inventory:
    """Return what was there at one of two times: what was made in between has to be gone in the end as well."""
    kinds = dict.fromkeys((*before.resources, *after.resources))
    resources = {kind: tuple(dict.fromkeys((*before.resources.get(kind, ()), *after.resources.get(kind, ())))) for kind in kinds}
    media = {(each.kind, each.id, each.place): each for each in (*before.media, *after.media)}
    placed = {(each.kind, each.id) for each in media.values() if each.place}
    kept = tuple(each for each in media.values() if each.place or (each.kind, each.id) not in placed)
    users = tuple(dict.fromkeys((*before.users, *after.users)))
    untold = tuple(dict.fromkeys((*before.untold, *after.untold)))
    return msgspec.structs.replace(before, resources=resources, media=kept, users=users, untold=untold)


def encoded(inventory: Inventory) -> bytes:
    """Return it as it is kept."""
    return msgspec.json.format(msgspec.json.encode(inventory), indent=1)


def decoded(text: bytes, where: str) -> Inventory:
    """Read it. Raises :class:`QuestionError` for a file that is none: nothing could be proven by it."""
    try:
        return structs.decode(text, Inventory)
    except msgspec.DecodeError as problem:
        raise QuestionError.of(
            "the inventory cannot be read", where=where, got=str(problem), hint="restore the file from a copy"
        ) from problem
