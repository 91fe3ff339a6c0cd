"""Everything that a measurement makes goes again, whatever ended it: it is found by its names and marks, never by what a run remembers."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benchmarks.lifecycle.measurements.scene import NAME, SERVER, waiting
from infra.backups.records import AVAILABLE, ERROR
from infra.errors import CloudError
from ringfence.backups.drilling import Drill
from ringfence.backups.journal import Journal

if TYPE_CHECKING:
    from benchmarks.lifecycle.measurements.scene import Scene
    from infra.backups.records import BackupRecord
    from infra.drift.found import Json

JOURNAL = Journal(NAME)
"""What the product notes of backups that only the benchmark makes."""
SOURCE = f"{NAME}.source"
LOOKS = 5
STILL = frozenset({"available", "error", "error_restoring"})
"""Statuses in which a volume can be deleted."""


def cleared(scene: Scene, *, but: str = "") -> None:
    """Delete all of it, with what a drill of the server that was killed left, but not the volume ``but``.

    It is looked for until a look finds nothing: a request may be on its way when its sender is stopped. Raises :class:`CloudError` when
    something stays.
    """
    found: list[str] = []
    for _ in range(LOOKS):
        found = [*_servers(scene), *_backups(scene), *_volumes(scene, but)]
        if not found:
            break
    if found:
        hint = "./scripts/bench lifecycle --clear, once the cloud has mended what it is at"
        raise CloudError.of("something that the benchmark made stays", where=scene.tenant.name, got=", ".join(found), hint=hint)
    if not but:
        Drill(scene.tenant, scene.machines, _Blind(), scene.server, scene.id).cleaned()
        for file in (JOURNAL.file, JOURNAL.file.with_suffix(".lock")):
            file.unlink(missing_ok=True)


def _servers(scene: Scene) -> list[str]:
    found = scene.machines.named(NAME)
    for server in found:
        scene.machines.delete(server)
    waiting().until(NAME, lambda: scene.machines.named(NAME), lambda left: not left)
    return found


def _backups(scene: Scene) -> list[str]:
    """Delete the backups, the youngest first: an increment goes before what it was made upon."""
    storage = scene.tenant.storage
    found = [one for one in storage.records() if one.mark and one.mark.server == SERVER]
    for record in sorted(found, key=lambda one: one.order, reverse=True):
        if waiting().until(record.id, partial(storage.record, record.id), _is_still) is None:
            continue
        storage.delete(record.id)
        waiting().until(record.id, partial(storage.record, record.id), lambda one: one is None or one.status.startswith(ERROR))
    return [f"backup {one.id}" for one in found]


def _is_still(record: BackupRecord | None) -> bool:
    return record is None or record.status in {AVAILABLE, ERROR} or record.status.startswith(ERROR)


def _volumes(scene: Scene, but: str) -> list[str]:
    storage = scene.tenant.storage
    found = [row for row in storage.volumes() if str(row["name"]).startswith(f"{NAME}.") and row["id"] != but]
    for row in found:
        volume = str(row["id"])
        if row["status"] == "in-use":
            scene.machines.detach(scene.id, volume)
        if waiting().until(volume, partial(storage.volume, volume), _is_idle) is not None:
            storage.remove_volume(volume)
    for row in found:
        waiting().until(str(row["id"]), partial(storage.volume, str(row["id"])), lambda left: left is None or "error" in left["status"])
    return [f"volume {row['id']}" for row in found]


def _is_idle(row: Json | None) -> bool:
    return row is None or row["status"] in STILL


class _Blind:
    """Looks into nothing: a drill is only cleaned up after."""

    def ready(self) -> str:
        return "nothing is looked into"

    def look(self, volume: str, marker: str) -> list[tuple[str, str, str]]:
        raise NotImplementedError(volume, marker)
