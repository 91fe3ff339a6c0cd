"""The first objects of a tenant's copies in Ceph: each holds the LUKS header with the master key, wrapped.

Ceph keeps the objects of a deleted snapshot until it has trimmed it, beside an image that is gone and under no image's name. `rados
listsnaps` says whether anything of an object is left, in a snapshot or not (rados(8)).
"""

from __future__ import annotations

import json
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from infra.errors import CloudError
from infra.offboarding.proof import FirstObjects
from ringfence.backups.at_rest import FILES
from ringfence.verify.storage.at_rest import SECONDS, VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from infra.offboarding.inventory import Inventory, Medium, StoredHead

AT_ONCE = 4
FIRST = f"{0:016x}"
"""What the name of an image's first object ends with (RBD, image format 2)."""
GONE = "(2) No such file or directory"
PATIENCE_SECONDS = 900.0
PAUSE_SECONDS = 5.0
TRASH = "trash of "


def noted(environment: Mapping[str, str], media: Sequence[Medium]) -> tuple[Medium, ...]:
    """Return the copies with the first object of each that is an image of Ceph's. Raises :class:`CloudError`."""
    prefix = environment.get(VARIABLE, "")
    places = sorted({each.place for each in media if prefix and is_of_ceph(each.place)})
    with ThreadPoolExecutor(AT_ONCE) as workers:
        found = dict(zip(places, workers.map(partial(of, prefix), places), strict=True))
    return tuple(msgspec.structs.replace(each, first_object=found.get(each.place, "")) for each in media)


def is_of_ceph(place: str) -> bool:
    """Whether a place is an image, a snapshot or a piece of trash, and no file."""
    return bool(place) and not place.startswith(f"{FILES}:")


def looked(prefix: str, inventory: Inventory, heads: Iterable[StoredHead]) -> FirstObjects:
    """Ask for the first object of every copy, and of one image of others. Raises :class:`CloudError`."""
    keys, wanted = inventory.fingerprints(), inventory.first_objects()
    others = (head.place for head in heads if head.fingerprint and not head.fingerprint.same_key(keys) and is_of_ceph(head.place))
    other = next(others, "")
    twin = other if other and _is_there(prefix, of(prefix, other)) else ""
    missing = tuple(each.place for each in inventory.media if is_of_ceph(each.place) and not each.first_object)
    return FirstObjects(len(wanted), left(prefix, wanted), twin, missing)


def left(prefix: str, objects: Sequence[str]) -> tuple[str, ...]:
    """Return the objects of which the storage still has something. Raises :class:`CloudError`."""
    with ThreadPoolExecutor(AT_ONCE) as workers:
        return tuple(name for name, there in zip(objects, workers.map(partial(_is_there, prefix), objects), strict=True) if there)


def waited(
    look: Callable[[], Sequence[str]],
    tell: Callable[[str], None],
    patience: float = PATIENCE_SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> str:
    """Wait until the storage has trimmed what was deleted; returns what is to be known of that, nothing where there was no wait."""
    began = clock()
    while found := look():
        if clock() - began > patience:
            return f"the storage still has the first object of {len(found)} copies after {patience:.0f} s"
        tell(f"the storage still has the first object of {len(found)} copies, for snapshots that it has not trimmed")
        time.sleep(PAUSE_SECONDS)
    seconds = clock() - began
    return f"the storage had trimmed all deleted snapshots of copies after {seconds:.0f} s" if seconds > PAUSE_SECONDS else ""


def of(prefix: str, place: str) -> str:
    """Return the name of the first object of an image, a snapshot or a piece of trash, with the pool of its data: ``POOL/OBJECT``.

    Raises :class:`CloudError` when the storage does not say it.
    """
    pool, _, image = place.removeprefix(TRASH).partition("/")
    which = ("--pool", pool, "--image-id", image) if place.startswith(TRASH) else (place,)
    try:
        about = json.loads(_run(prefix, "rbd", "info", *which, "--format", "json").stdout)
        return f"{about.get('data_pool') or pool}/{about['block_name_prefix']}.{FIRST}"
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        got = f"{type(error).__name__}: {error}"
        raise CloudError.of("an image's objects are not known", where=place, expected="block_name_prefix", got=got) from error


def _is_there(prefix: str, name: str) -> bool:
    pool, _, which = name.partition("/")
    done = _run(prefix, "rados", "--pool", pool, "listsnaps", which, "--format", "json", gone=GONE)
    return done.returncode == 0


def _run(prefix: str, *words: str, gone: str = "") -> subprocess.CompletedProcess[str]:
    where, hint = shlex.join(words), "see what the command prefix runs"
    try:
        done = subprocess.run([*shlex.split(prefix), *words], capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        got = f"{type(error).__name__}: {error}"
        raise CloudError.of("the raw storage does not answer", where=where, got=got, hint=hint) from error
    if done.returncode and not (gone and gone in done.stderr):
        got = done.stderr.strip()[-300:] or f"exit code {done.returncode}"
        raise CloudError.of("the raw storage does not answer", where=where, expected="exit code 0", got=got, hint=hint)
    return done
