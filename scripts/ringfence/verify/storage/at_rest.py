"""Storage at rest: LUKS headers say AES-256-XTS, and what a server writes is not to be found in what is stored.

Needs somebody who may read the raw storage: ``RINGFENCE_STORAGE_EXEC`` is a command prefix that runs Ceph's ``rbd`` there. Without it every
check of this kind is a skip that says so.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from infra.errors import CloudError, RingfenceError
from infra.outcome import CheckVerdict, Deviation, DeviationKind, Outcome
from ringfence.verify.probes.link import LinkLostError
from ringfence.verify.storage import luks

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from ringfence.verify.inventory import Inventory, TenantInventory
    from ringfence.verify.probes.fleets import Fleet

VARIABLE = "RINGFENCE_STORAGE_EXEC"
POOL_VARIABLE = "RINGFENCE_STORAGE_POOL"
POOL = "volumes"
SKIP = f"nobody may read the raw storage: {VARIABLE} is not set"
BLOCK = 1 << 20
SECONDS = 120.0
COPIES = 2000
AT_ONCE = 4
"""Headers that are read at the same time: whoever reads one waits for the storage."""
DATA, ROOT = "/data", "/var/tmp"  # noqa: S108 - a folder in a server, for one file that is removed again
WRITE = f'set -e; i=0; while [ $i -lt {COPIES} ]; do echo "$2"; i=$((i+1)); done >"$1"; sync "$1"; sync; wc -l <"$1"'
FILE = "ringfence-marker"


class RawStorage:
    """The raw storage behind a command prefix."""

    def __init__(self, prefix: str, pool: str) -> None:
        self._prefix, self._pool = shlex.split(prefix), pool

    def image(self, volume_id: str) -> str:
        """Return the name of a volume's image (Cinder's ``volume_name_template``)."""
        return f"{self._pool}/volume-{volume_id}"

    def rbd(self, *words: str, told: bytes = b"") -> None:
        """Run rbd; raises :class:`CloudError` when it fails."""
        done = subprocess.run([*self._prefix, "rbd", *words], input=told, capture_output=True, timeout=SECONDS, check=False)
        if done.returncode:
            got = done.stderr.decode(errors="replace").strip()
            raise CloudError.of("rbd failed", where=shlex.join(words), expected="exit code 0", got=got)

    def head(self, image: str) -> bytes:
        """Return the first bytes of an image."""
        with contextlib.closing(self._stream("export", image, "-")) as blocks:
            return next(blocks, b"")[: luks.SIZE]

    def count(self, image: str, marker: bytes) -> tuple[int, int]:
        """Return how often a marker is in what is stored of an image, and how many bytes were read.

        ``export-diff`` hands out what was ever written and skips the holes: a whole export of a sparse image would be read for nothing.
        """
        hits = size = 0
        tail = b""
        for block in self._stream("export-diff", image, "-"):
            size += len(block)
            text = tail + block
            hits += text.count(marker)
            tail = text[-(len(marker) - 1) :]
        return hits, size

    def _stream(self, *words: str) -> Generator[bytes]:
        """Yield rbd's output in blocks; closing the generator ends it."""
        deadline = time.monotonic() + SECONDS
        process = subprocess.Popen([*self._prefix, "rbd", "--no-progress", *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert process.stdout is not None  # noqa: S101 - asked for above
        try:
            while block := process.stdout.read(BLOCK):
                yield block
                if time.monotonic() > deadline:
                    raise CloudError.of("reading the raw storage took too long", where=" ".join(words), expected=f"{SECONDS:.0f} s")
            if process.wait(SECONDS):
                raise CloudError.of("rbd failed", where=" ".join(words), expected="exit code 0", got=str(process.returncode))
        finally:
            # A closed pipe ends whoever writes into it, wherever the prefix runs it; draining it would read the whole volume.
            process.stdout.close()
            process.kill()
            process.wait()


def run(inventory: Inventory, fleet: Fleet | None, tell: Callable[[str, int, int], None]) -> Iterator[Outcome]:
    """Yield the outcomes of all volumes, and of markers where a fleet is there to write them."""
    prefix = os.environ.get(VARIABLE, "")
    if not prefix:
        for tenant in inventory.tenants:
            yield Outcome(f"{tenant.name} storage at rest", CheckVerdict.SKIPPED, SKIP, tenant.name)
        return
    raw = RawStorage(prefix, os.environ.get(POOL_VARIABLE, POOL))
    for tenant in inventory.tenants:
        tell(f"reading headers of {tenant.name}", 0, 0)
        yield from headers(tenant, raw)
    if fleet is not None:
        tell("writing markers", 0, 0)
        yield from markers(inventory.tenants, raw, fleet)


def tried(check: str, tenant: str, find: Callable[[], tuple[CheckVerdict, str]]) -> Outcome:
    """Return what was found, and an error of this one check when it cannot be found out."""
    try:
        verdict, reason = find()
    except RingfenceError as problem:
        verdict, reason = CheckVerdict.ERROR, str(problem)
    except (OSError, subprocess.SubprocessError) as problem:
        verdict, reason = CheckVerdict.ERROR, f"the raw storage cannot be read: {type(problem).__name__}: {problem}"
    return Outcome(check, verdict, reason, tenant)


def headers(tenant: TenantInventory, raw: RawStorage) -> Iterator[Outcome]:
    """Read the header of every volume, some at a time."""
    disks = [
        (f"{tenant.name}/{server} {disk}", str(volume))
        for server, facts in tenant.facts.servers.items()
        for disk, volume in {"root": facts.volumes.root, **facts.volumes.data}.items()
    ]

    def read(one: tuple[str, str]) -> Outcome:
        name, volume = one
        return tried(f"{name} volume is AES-256-XTS by its LUKS header", tenant.name, partial(_header, raw, volume))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for (name, volume), found in zip(disks, pool.map(read, disks), strict=True):
            one = Deviation(DeviationKind.DIFFERENT, "volume", volume, name, found.reason)
            yield replace(found, deviations=(one,)) if found.verdict is CheckVerdict.FAIL else found


def _header(raw: RawStorage, volume_id: str) -> tuple[CheckVerdict, str]:
    found = luks.read(raw.head(raw.image(volume_id)))
    if found is None:
        return CheckVerdict.FAIL, "there is no LUKS header: it is stored in the clear"
    return (CheckVerdict.PASS, "") if found.is_aes_256_xts else (CheckVerdict.FAIL, f"the header says {found}")


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for, where, and what is wrong with the way of looking (nothing, when its control was found)."""

    raw: RawStorage
    marker: str
    control: str


def markers(tenants: Sequence[TenantInventory], raw: RawStorage, fleet: Fleet) -> Iterator[Outcome]:
    """Let every server write a marker, and look for it in the raw storage; the control is an image that is stored in the clear."""
    marker = f"ringfence-{secrets.token_hex(16)}"
    control = tried("control", "", lambda: (CheckVerdict.PASS, _control(raw, marker.encode())))
    search = Search(raw, marker, control.reason)
    for tenant in tenants:
        for server, facts in tenant.facts.servers.items():
            name = f"{tenant.name}/{server}"
            disks = {
                ROOT: facts.volumes.root,
                **({DATA: next(iter(facts.volumes.data.values()))} if facts.volumes.data else {}),
            }
            for folder, volume_id in disks.items():
                check = f"{name} what it writes to {folder} is not in the raw storage"
                yield tried(check, tenant.name, partial(_marker, fleet, (name, folder, str(volume_id)), search))


def _marker(fleet: Fleet, where: tuple[str, str, str], search: Search) -> tuple[CheckVerdict, str]:
    """Let a server write the marker to a folder, look for it in the volume below it, and remove it whatever happens."""
    name, folder, volume_id = where
    if search.control:
        return CheckVerdict.ERROR, f"nothing proves it: {search.control}"
    file = f"{folder}/{FILE}"
    try:
        lines = fleet.command(name, "sh", "-c", WRITE, "sh", file, search.marker, timeout=SECONDS)
        return _found(search, search.raw.image(volume_id), int(lines.split()[-1]))
    finally:
        # A server that is gone takes its file with it; the next verification overwrites and removes it.
        with contextlib.suppress(LinkLostError):
            fleet.command(name, "rm", "-f", file, timeout=SECONDS)


def _found(search: Search, image: str, written: int) -> tuple[CheckVerdict, str]:
    if written != COPIES:
        return CheckVerdict.ERROR, f"the server read back {written} of {COPIES} markers"
    hits, size = search.raw.count(image, search.marker.encode())
    if hits:
        return CheckVerdict.FAIL, f"{hits} markers are legible in {image}"
    if not size:
        return CheckVerdict.ERROR, "nothing was read from the raw storage"
    return CheckVerdict.PASS, ""


def _control(raw: RawStorage, marker: bytes) -> str:
    """Store the marker in the clear and look for it: returns what is wrong with the way of looking, or nothing."""
    image = raw.image(f"ringfence-control-{secrets.token_hex(4)}")
    raw.rbd("import", "--no-progress", "-", image, told=(marker + b"\n") * COPIES)
    try:
        hits, _ = raw.count(image, marker)
    finally:
        raw.rbd("rm", "--no-progress", image)
    return "" if hits == COPIES else f"only {hits} of {COPIES} markers were found on a volume that is stored in the clear"
