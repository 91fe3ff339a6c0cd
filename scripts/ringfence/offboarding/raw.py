"""The raw storage at the end of a tenant: the first bytes of everything in it, and what the services left behind.

``RINGFENCE_STORAGE_EXEC`` is the command prefix beside Ceph that the storage part of `verify` has; ``RINGFENCE_BACKUP_STORE`` says where
drivers keep backups as files. An image is removed here only when its name is of the tenant's volume, its fingerprint or place was noted
at the beginning, and Cinder does not know the volume any more.
"""

from __future__ import annotations

import json
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from infra.drift.raw import BACKUP, VOLUME
from infra.errors import CloudError, RingfenceError
from infra.offboarding import fingerprints
from infra.offboarding.inventory import StoredHead
from ringfence.backups.at_rest import CEPH, FILES, STORE
from ringfence.offboarding import first_objects
from ringfence.offboarding.first_objects import TRASH
from ringfence.verify.storage import pools
from ringfence.verify.storage.at_rest import SKIP, VARIABLE, RawStorage

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from openstack.proxy import Proxy

    from infra.offboarding.inventory import Inventory

AT_ONCE = 4
SECONDS = 600
LIST = 'cd "$1" && find . -type f -printf "%P\\n"'
HEAD = f'head -c {fingerprints.SIZE} "$1"'
FIRST = "-00001"
"""What the name of the first file of a backup ends with; the others hold no header."""


@dataclass(frozen=True, slots=True)
class Scanned:
    """What a scan read; ``heads`` is ``None`` where nobody may read, and ``why`` says that, or what was left out."""

    heads: tuple[StoredHead, ...] | None
    why: str = ""


def scanned(environment: Mapping[str, str], glance: Proxy, wanted: Callable[[str], bool] = lambda _: True) -> Scanned:
    """Read the beginning of everything in all pools and in the store of backups, or of the places that are wanted.

    Raises :class:`CloudError` when they cannot be listed.
    """
    prefix = environment.get(VARIABLE, "")
    if not prefix:
        return Scanned(None, SKIP)
    sources, left_out = _sources(prefix, environment, glance)
    heads = _read({place: read for place, read in sources.items() if wanted(place)})
    if any(head.untold for head in heads):  # what is gone meanwhile need not be read
        there, left_out = _sources(prefix, environment, glance)
        heads = [head for head in heads if head.place in there]
    return Scanned(tuple(heads), left_out)


def _sources(prefix: str, environment: Mapping[str, str], glance: Proxy) -> tuple[dict[str, Callable[[], bytes]], str]:
    """Return what is there, each with what reads its beginning, and what was left out."""
    found = pools.listed(prefix, glance)
    raw = RawStorage(prefix, "")
    sources: dict[str, Callable[[], bytes]] = {str(each): partial(raw.head, str(each)) for each in found.stored}
    sources |= {f"{TRASH}{each.pool}/{each.id}": partial(_of_trash, prefix, f"{TRASH}{each.pool}/{each.id}") for each in found.trash}
    left_out = [f"{pool}: {why}" for pool, why in found.untold.items()]
    kind, _, place = environment.get(STORE, "").partition(":")
    if kind == FILES:
        sources |= _files(shlex.split(prefix), place)
    elif kind == CEPH and place not in found.looked:
        left_out.append(f"pool {place}: it was not listed")
    return sources, "; ".join(left_out)


def _read(sources: Mapping[str, Callable[[], bytes]]) -> list[StoredHead]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(_head, sources, sources.values()))


def _head(place: str, read: Callable[[], bytes]) -> StoredHead:
    try:
        first = read()
        if not first:
            return StoredHead(place, untold="nothing could be read of it")
        return StoredHead(place, fingerprints.read(first))
    except (RingfenceError, OSError, subprocess.SubprocessError) as error:
        return StoredHead(place, untold=" ".join(str(error).split()))


def _of_trash(prefix: str, place: str) -> bytes:
    """Read the first object of an image in the trash, which `rbd export` does not reach."""
    pool, _, name = first_objects.of(prefix, place).partition("/")
    return _run([*shlex.split(prefix), "rados", "--pool", pool, "get", name, "-"])[: fingerprints.SIZE]


def _files(prefix: list[str], folder: str) -> dict[str, Callable[[], bytes]]:
    names = [name for name in _run([*prefix, "sh", "-c", LIST, "sh", folder]).decode(errors="surrogateescape").splitlines() if name]
    return {f"{FILES}:{folder}/{name}": partial(_of_file, prefix, f"{folder}/{name}") for name in names}


def _of_file(prefix: list[str], file: str) -> bytes:
    """Read the first file of a backup; what the others begin with says nothing."""
    return _run([*prefix, "sh", "-c", HEAD, "sh", file]) if file.endswith(FIRST) else b"\0"


def _run(words: list[str]) -> bytes:
    done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode:
        got = done.stderr.decode(errors="replace").strip()[-300:] or str(done.returncode)
        raise CloudError.of("the raw storage does not answer", where=shlex.join(words[-6:]), expected="exit code 0", got=got)
    return done.stdout


def may_be_left(inventory: Inventory) -> Callable[[str], bool]:
    """Return what tells of a place whether its name is of a volume or a backup of the tenant's: nothing else may be removed."""
    ids = {each.id for each in inventory.media if each.kind in {"volume", "backup"}}
    return lambda place: bool(_whose(place, ids))


def left(inventory: Inventory, heads: Iterable[StoredHead], known: Callable[[str], bool]) -> list[str]:
    """Return the images that the services left behind: ``known`` tells whether Cinder knows a volume or a backup."""
    keys, places = inventory.fingerprints(), {each.place for each in inventory.media if each.place}
    ids = {each.id for each in inventory.media if each.kind in {"volume", "backup"}}
    found = []
    for head in heads:
        ours = head.place in places or bool(head.fingerprint and head.fingerprint.same_key(keys))
        whose = _whose(head.place, ids)
        if ours and whose and not any(known(each) for each in whose):
            found.append(head.place)
    return found


def _whose(place: str, ids: Collection[str]) -> list[str]:
    """Return which of the ids the name of an image has; none for what is in the trash, or a file."""
    pool, _, image = place.rpartition("/")
    match = BACKUP.fullmatch(image) or VOLUME.fullmatch(image)
    if match is None or pool.startswith((TRASH, f"{FILES}:")):
        return []
    return [each for each in (match[1], match[2]) if each in ids]


def remove(prefix: str, images: Iterable[str]) -> tuple[list[str], dict[str, str]]:
    """Remove images with their snapshots, clones before what they come from; returns what is gone, and why the rest is not."""
    waiting, gone, why = list(images), list[str](), dict[str, str]()
    while waiting:
        before = len(waiting)
        for image in tuple(waiting):
            try:
                _remove(prefix, image)
            except (RingfenceError, OSError, subprocess.SubprocessError) as error:
                why[image] = " ".join(str(error).split())
            else:
                waiting.remove(image)
                gone.append(image)
                why.pop(image, None)
        if len(waiting) == before:
            break
    return gone, why


def _remove(prefix: str, image: str) -> None:
    raw, through = RawStorage(prefix, ""), shlex.split(prefix)
    snapshots: list[dict[str, Any]] = json.loads(_run([*through, "rbd", "snap", "ls", image, "--format", "json"]))
    for snapshot in snapshots:
        name = f"{image}@{snapshot['name']}"
        if str(snapshot.get("protected", "")).lower() == "true":
            raw.rbd("snap", "unprotect", name)
        raw.rbd("snap", "rm", "--no-progress", name)
    raw.rbd("rm", "--no-progress", image)
