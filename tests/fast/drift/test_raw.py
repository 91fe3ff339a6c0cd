"""The raw storage against the services: everything that nobody knows any more is named, and what a cloud stores by itself is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.drift import raw
from infra.drift.found import Found
from infra.drift.raw import Pools, Stored, Trash
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from infra.outcome import Outcome

pytestmark = pytest.mark.fast


def id_(number: int) -> str:
    """Return an id."""
    return f"{number:08x}-0000-4000-8000-000000000000"


VOLUME, SNAPSHOT, BACKUP, SERVER, IMAGE, GONE = map(id_, range(1, 7))
FOUND = Found(
    volumes=({"id": VOLUME},),
    snapshots=({"id": SNAPSHOT, "volume_id": VOLUME},),
    backups=({"id": BACKUP, "volume_id": VOLUME},),
    servers=({"id": SERVER},),
)
KNOWN = (
    Stored("volumes", f"volume-{VOLUME}"),
    Stored("volumes", f"volume-{VOLUME}", f"snapshot-{SNAPSHOT}"),
    Stored("volumes", f"volume-{VOLUME}", f"backup.{BACKUP}.snap.1764489600.12"),
    Stored("volumes", f"volume-{VOLUME}", f"volume-{VOLUME}.clone_snap"),
    Stored("backups", f"volume-{VOLUME}.backup.{BACKUP}"),
    Stored("backups", f"volume-{VOLUME}.backup.base"),
    Stored("vms", f"{SERVER}_disk"),
    Stored("vms", f"{SERVER}_disk.config"),
    Stored("images", IMAGE),
    Stored("images", IMAGE, "snap"),
)
"""What the drivers of Cinder, Nova and Glance store of what is there."""
POOLS = Pools(KNOWN, (Trash("volumes", "1", "volume-x", "protected until Mon Nov 30 2026"),), frozenset({IMAGE}), ("volumes", "backups"))


def compared(pools: Pools = POOLS, found: Found = FOUND) -> list[Outcome]:
    """Compare the same twice."""
    return list(raw.compare_twice(found, pools, lambda: (found, pools)))


def with_(*more: Stored) -> Pools:
    """Return the pools with something more."""
    return replace(POOLS, stored=(*KNOWN, *more))


def test_what_the_services_know_passes() -> None:
    """Volumes, snapshots, backups, clones, disks of servers, images, and a trash whose time is not over."""
    assert {outcome.verdict for outcome in compared()} == {CheckVerdict.PASS}


ORPHANS = {
    f"volume-{GONE}": "and Cinder knows no such volume",
    f"volume-{VOLUME}.deleted": "and its volume is deleted",
    f"volume-{GONE}.backup.base": "and Cinder knows no such backup",
    f"volume-{VOLUME}.backup.{GONE}": "and Cinder knows no such backup",
    f"{GONE}_disk": "and Nova knows no such server",
    f"{GONE}": "and Glance knows no such image",
    "volume-ringfence-control-0a1b2c3d": "and a verification that was cut off left it",
}
SNAPSHOTS = {
    f"snapshot-{GONE}": "and Cinder knows no such snapshot",
    "mine": "and no service makes such snapshots",
    "snap": "and no service makes such snapshots",
}


@pytest.mark.parametrize(("name", "says"), ORPHANS.items())
@pytest.mark.parametrize("pool", ["volumes", "backups", "other"])
def test_each_image_without_an_owner_is_named(pool: str, name: str, says: str) -> None:
    """In whatever pool, with the command that looks at it before the one that removes it."""
    failed = [one for outcome in compared(with_(Stored(pool, name))) for one in outcome.deviations]
    assert [(one.id, says in one.text) for one in failed] == [(f"{pool}/{name}", True)]
    assert failed[0].undo.startswith("look at it with `rbd info")


@pytest.mark.parametrize(("name", "says"), SNAPSHOTS.items())
def test_each_snapshot_without_an_owner_is_named(name: str, says: str) -> None:
    """Old blocks are data as well."""
    failed = [one.text for outcome in compared(with_(Stored("volumes", f"volume-{VOLUME}", name))) for one in outcome.deviations]
    assert len(failed) == 1
    assert says in failed[0]


@pytest.mark.parametrize("image", [f"volume-{VOLUME}.backup.{BACKUP}", f"volume-{GONE}", f"volume-{VOLUME}.deleted"])
def test_a_snapshot_of_a_backup_that_is_gone_is_named_where_nothing_takes_it_away(image: str) -> None:
    """In the pool of the backups it is what an increment held; a volume's own go with the volume, if Cinder knows it."""
    failed = [one.id for outcome in compared(with_(Stored("p", image, f"backup.{GONE}.snap.1"))) for one in outcome.deviations]
    assert f"p/{image}@backup.{GONE}.snap.1" in failed


def test_what_cephs_driver_leaves_of_backups_on_a_volume_is_said_and_no_difference() -> None:
    """Cinder leaves it there and removes it with the volume: a skip that says how many; nothing where backups could not be listed."""
    left = with_(Stored("volumes", f"volume-{VOLUME}", f"backup.{GONE}.snap.1"))
    odd = [outcome for outcome in compared(left) if outcome.reason]
    assert [outcome.verdict for outcome in odd] == [CheckVerdict.SKIPPED]
    assert "1 snapshots of backups that are gone" in odd[0].check
    assert f"volumes/volume-{VOLUME}@backup.{GONE}.snap.1" in odd[0].reason
    untold = compared(left, replace(FOUND, backups=(), untold={"backups": "403"}))
    assert not [outcome for outcome in untold if "that are gone" in outcome.check]


def test_trash_beyond_its_time_is_named() -> None:
    """By its id."""
    pools = replace(POOLS, trash=(Trash("volumes", "2", "volume-y", "expired at Mon Nov 30 2026"),))
    assert [one.id for outcome in compared(pools) for one in outcome.deviations] == ["2"]


def test_what_cinder_leaves_of_clones_is_said_and_no_difference() -> None:
    """Nobody did anything: it is a skip that says how many, and what to do."""
    odd = [outcome for outcome in compared(with_(Stored("volumes", f"volume-{VOLUME}", f"volume-{GONE}.clone_snap"))) if outcome.reason]
    assert [outcome.verdict for outcome in odd] == [CheckVerdict.SKIPPED]
    assert "1 snapshots of clones" in odd[0].check


def test_images_of_other_programs_are_said_by_name() -> None:
    """A pool may be shared; what is in it is not claimed to be known."""
    odd = [outcome for outcome in compared(with_(*(Stored("shared", f"csi-vol-{n}") for n in range(5)))) if outcome.reason]
    assert [outcome.verdict for outcome in odd] == [CheckVerdict.SKIPPED]
    assert "csi-vol-0, csi-vol-1, csi-vol-2 and 2 more" in odd[0].reason


def test_pools_that_were_not_looked_into_are_said() -> None:
    """With the reason."""
    odd = [outcome for outcome in compared(replace(POOLS, untold={"other pools": "Ceph was not asked"})) if outcome.reason]
    assert [(outcome.verdict, outcome.reason) for outcome in odd] == [(CheckVerdict.SKIPPED, "Ceph was not asked")]


@pytest.mark.parametrize("kind", ["snapshots", "backups"])
def test_a_service_that_does_not_tell_is_no_pass(kind: str) -> None:
    """Nothing is an orphan because a list could not be read."""
    outcomes = compared(found=replace(FOUND, untold={kind: "403"}))
    assert [outcome.verdict for outcome in outcomes] == [CheckVerdict.ERROR, CheckVerdict.PASS]


def test_what_came_or_went_while_it_was_listed_is_no_difference() -> None:
    """A volume that was made between the two listings is known by the next one."""
    early = with_(Stored("volumes", f"volume-{GONE}"))
    later = replace(FOUND, volumes=({"id": VOLUME}, {"id": GONE}))
    assert {each.verdict for each in raw.compare_twice(FOUND, early, lambda: (later, early))} == {CheckVerdict.PASS}
