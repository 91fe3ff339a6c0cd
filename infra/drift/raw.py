"""The raw storage against the services that put something there: no image, snapshot or trash without a record of its own. Pure.

A volume that is deleted and a backup that is pruned leave their images behind when a driver fails (Cinder swallows such errors), and
what is left there is somebody's data with a key that may still be. Names are those of the drivers for Ceph: Cinder's ``volume-ID``,
its backups' ``volume-ID.backup.ID``, Nova's ``ID_disk``, Glance's ``ID``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift.comparison import Requirement, settled
from infra.drift.deviation import ComparedObject
from infra.drift.found import NotOfferedError

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterator, Mapping

    from infra.drift.found import Found
    from infra.outcome import Deviation, Outcome

_ID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
VOLUME = re.compile(rf"volume-({_ID})(\.deleted)?")
BACKUP = re.compile(rf"volume-({_ID})\.backup\.(base|{_ID})")
SERVER = re.compile(rf"({_ID})_(?:disk|del)[a-z0-9._]*")
IMAGE = re.compile(rf"({_ID})")
CONTROL = re.compile(r"volume-ringfence-control-[0-9a-f]+")
SNAPSHOT = re.compile(rf"snapshot-({_ID})")
OF_A_BACKUP = re.compile(rf"backup\.({_ID})\.snap\.[0-9.]+")
OF_A_CLONE = re.compile(rf"volume-({_ID})(?:\.deleted)?\.clone_snap")
CLONES = "Cinder leaves them when it deletes a clone, such as a backup makes of a volume in use, and then keeps the volume's image for ever"
"""What is so of Cinder 28: the fast path of its driver's ``_delete_volume`` leaves the parent's snapshot; a volume with one is renamed."""
BACKUPS = "Cinder leaves them on the volume when it deletes a backup, and takes them away with the volume"
"""What is so of Cinder 28: ``_try_delete_base_image`` of Ceph's backup driver looks for the volume in the pool of the backups."""
OF_AN_IMAGE = "snap"
"""The snapshot that Glance makes of every image."""
EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Stored:
    """One image of a pool, or a snapshot of one."""

    pool: str
    image: str
    snapshot: str = ""

    def __str__(self) -> str:
        """Return it as ``rbd`` names it."""
        return f"{self.pool}/{self.image}{f'@{self.snapshot}' if self.snapshot else ''}"


@dataclass(frozen=True, slots=True)
class Trash:
    """What was moved to a pool's trash; ``status`` is whether its time there is over."""

    pool: str
    id: str
    image: str
    status: str


@dataclass(frozen=True, slots=True)
class Pools:
    """What is stored, in which pools; ``untold`` says of pools why they were not looked into, and ``images`` are Glance's own ids."""

    stored: tuple[Stored, ...]
    trash: tuple[Trash, ...]
    images: frozenset[str]
    looked: tuple[str, ...]
    untold: Mapping[str, str] = field(default_factory=dict)


def compare_twice(found: Found, pools: Pools, again: Callable[[], tuple[Found, Pools]]) -> Iterator[Outcome]:
    """Compare; if anything differs, list both anew, and let stand what differs by both: things come and go while they are listed."""
    before = list(_compared(found, pools))
    if any(requirement.deviations for requirement in before):
        found, pools = again()
        before = [first.standing(second) for first, second in zip(before, _compared(found, pools), strict=True)]
    return (requirement.outcome() for requirement in (*before, *_left_out(found, pools)))


def _compared(found: Found, pools: Pools) -> Iterator[Requirement]:
    """Yield what has to be so of the pools that were looked into."""
    yield from settled(
        names.PLATFORM,
        {
            f"every image in {', '.join(pools.looked) or 'no pool'} is of something that its service knows": _orphans(found, pools),
            "nothing is left in the trash beyond its time": _left(pools),
        },
    )


def _left_out(found: Found, pools: Pools) -> Iterator[Requirement]:
    """Yield a skip for everything that is stored and not judged."""
    foreign = sorted({each.pool for each in pools.stored if not each.snapshot and _kind(each) is None})
    reasons = {f"images of pool {pool}": why for pool, why in pools.untold.items()}
    for pool in foreign:
        others = [each.image for each in pools.stored if each.pool == pool and not each.snapshot and _kind(each) is None]
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""  # noqa: PLR2004 - enough to see what they are
        reasons[f"images of other programs in pool {pool}"] = f"their names are of no service of the cloud: {', '.join(others[:3])}{more}"
    volumes = {str(row["id"]) for row in found.known("volumes")}
    if gone := [each for each in pools.stored if (match := OF_A_CLONE.fullmatch(each.snapshot)) and match[1] not in volumes]:
        reasons[f"{len(gone)} snapshots of clones that are gone"] = f"{CLONES}: rbd snap ls, unprotect, rm; the first is {gone[0]}"
    backups = {str(row["id"]) for row in found.known("backups")}
    taken = [(each, match[1]) for each in pools.stored if _is_of(each, volumes) and (match := OF_A_BACKUP.fullmatch(each.snapshot))]
    if "backups" not in found.untold and (over := [each for each, backup in taken if backup not in backups]):
        what = f"{len(over)} snapshots of backups that are gone"
        reasons[what] = f"{BACKUPS}; backup_ceph_max_snapshots says how many stay; the first is {over[0]}"
    for what, why in reasons.items():
        yield Requirement(names.PLATFORM, f"{what} are known", skipped=why)


def _is_of(each: Stored, volumes: Container[str]) -> bool:
    """Whether it is the image of a volume that Cinder knows."""
    match = VOLUME.fullmatch(each.image)
    return match is not None and not match[2] and match[1] in volumes


def _kind(each: Stored) -> re.Match[str] | None:
    return next((match for kind in (BACKUP, VOLUME, SERVER, IMAGE, CONTROL) if (match := kind.fullmatch(each.image))), None)


def _orphans(found: Found, pools: Pools) -> Iterator[Deviation]:
    if not pools.looked:
        raise NotOfferedError.of("no pool was looked into", hint="see what the command prefix runs")
    known = _Known.of(found, pools)
    for each in pools.stored:
        why = known.lacks(each)
        if why:
            one = ComparedObject("image in the raw storage", str(each), str(each))
            look = f"rbd info {each}"
            undo = f"look at it with `{look}`; when nobody needs it: rbd {'snap rm' if each.snapshot else 'rm'} {each}"
            yield one.undeclared(f"{each} is in the raw storage, {why}", undo)


def _left(pools: Pools) -> Iterator[Deviation]:
    for each in pools.trash:
        if each.status.startswith(EXPIRED):
            one = ComparedObject("image in the trash", each.id, each.image)
            yield one.undeclared(f"{each.image} is in the trash of pool {each.pool}, {each.status}", f"rbd trash rm {each.pool}/{each.id}")


@dataclass(frozen=True, slots=True)
class _Known:
    """The ids that the services know."""

    volumes: frozenset[str]
    snapshots: frozenset[str]
    backups: frozenset[str]
    backed: frozenset[str]
    servers: frozenset[str]
    images: frozenset[str]

    @classmethod
    def of(cls, found: Found, pools: Pools) -> _Known:
        backups = found.rows("backups")
        return cls(
            frozenset(str(row["id"]) for row in found.rows("volumes")),
            frozenset(str(row["id"]) for row in found.rows("snapshots")),
            frozenset(str(row["id"]) for row in backups),
            frozenset(str(row["volume_id"]) for row in backups),
            frozenset(str(row["id"]) for row in found.rows("servers")),
            pools.images,
        )

    def lacks(self, each: Stored) -> str:
        """Return what nobody knows of it; nothing when somebody does, and of what is another program's."""
        return self._of_snapshot(each) if each.snapshot else self._of_image(each.image)

    def _of_image(self, image: str) -> str:
        if match := BACKUP.fullmatch(image):
            volume, backup = match.groups()
            known = volume in self.backed if backup == "base" else backup in self.backups
            return "" if known else "and Cinder knows no such backup"
        if match := VOLUME.fullmatch(image):
            if match[2]:
                return "and its volume is deleted: Cinder keeps the image for the sake of a clone"
            return "" if match[1] in self.volumes else "and Cinder knows no such volume"
        if match := SERVER.fullmatch(image):
            return "" if match[1] in self.servers else "and Nova knows no such server"
        if match := IMAGE.fullmatch(image):
            return "" if match[1] in self.images else "and Glance knows no such image"
        return "and a verification that was cut off left it" if CONTROL.fullmatch(image) else ""

    def _of_snapshot(self, each: Stored) -> str:
        if _kind(each) is None:
            return ""
        if match := SNAPSHOT.fullmatch(each.snapshot):
            return "" if match[1] in self.snapshots else "and Cinder knows no such snapshot"
        if match := OF_A_BACKUP.fullmatch(each.snapshot):
            return "" if match[1] in self.backups or _is_of(each, self.volumes) else "and Cinder knows no such backup"
        if OF_A_CLONE.fullmatch(each.snapshot):
            return ""
        is_glances = each.snapshot == OF_AN_IMAGE and IMAGE.fullmatch(each.image)
        return "" if is_glances else "and no service makes such snapshots"
