"""Both ways copy the same, a report that is not clean is no figure, and nothing stays, whatever ends a measurement."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from benchmarks.lifecycle import asked
from benchmarks.lifecycle.asked import Asked
from benchmarks.lifecycle.measurements import backup, clearing, drill, scene
from benchmarks.lifecycle.measurements.clearing import SOURCE, cleared
from benchmarks.lifecycle.measurements.copies import Bare, Ours
from benchmarks.lifecycle.measurements.scene import NAME, Scene
from benchmarks.lifecycle.measurements.verbs import Layer, Report, incomplete, noted
from benchmarks.up.interrupts import Endings
from benchmarks.up.load import Load
from benchmarks.up.run import Run
from infra import paths
from infra.declaration import names
from infra.errors import CloudError
from tests.fast.ringfence.backups.shelf import KilledError, Shelf, tenant

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
RUN = Run(2, lambda _: None, Load(0.0, 0.0), Endings(lambda _: None))


@dataclass
class Hall:
    """Servers that do as they are told."""

    shelf: Shelf
    servers: dict[str, str] = field(default_factory=dict)
    says: str = "noise\nringfence-ready\n"
    fault: str = ""

    def boot(self, name: str, volume: str, like: str) -> str:
        """Boot."""
        assert like == "server-db"
        self.servers[volume] = name
        self.shelf.rows[volume]["status"] = "in-use"
        return volume

    def named(self, name: str) -> list[str]:
        """Return those of a name."""
        return [id_ for id_, called in self.servers.items() if called == name]

    def console(self, _server: str) -> str:
        """Speak."""
        return self.says

    def failed(self, _server: str) -> str:
        """Say why there is none."""
        return self.fault

    def delete(self, server: str) -> None:
        """Delete at once."""
        del self.servers[server]
        self.shelf.rows[server]["status"] = "available"

    def attach(self, _server: str, volume: str) -> None:
        """Attach at once."""
        self.shelf.rows[volume]["status"] = "in-use"

    def detach(self, _server: str, volume: str) -> None:
        """Detach at once."""
        self.shelf.rows[volume]["status"] = "available"


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return a storage whose volumes are written at once."""
    monkeypatch.setenv(paths.STATE, str(tmp_path))
    monkeypatch.setattr(scene, "POLL_SECONDS", 0.0)
    made = Shelf(now=datetime.now(UTC))
    monkeypatch.setattr(scene, "write", lambda *_: setattr(made, "now", made.now + timedelta(seconds=1)))
    return made


def stage(shelf: Shelf) -> Scene:
    """Return a tenant that is up, with something of its own in the storage."""
    shelf.rows["own"] = {"id": "own", "name": "acme-db-root", "status": "in-use"}
    return Scene(tenant(shelf), "db", "server-db", Hall(shelf))


def test_both_ways_make_an_increment_of_a_full_backup_and_restore_it(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is timed, in both orders; of each the storage is empty again."""
    monkeypatch.setattr(asked, "GIB", 40)  # what the shelf's disks have
    found = stage(shelf)
    bare, ours = backup.rounds(found, Asked(), RUN)
    assert [sorted(took) for took in (*bare, *ours)] == [["full", "increment", "restore"]] * 4
    calls = [call.split()[0] for call in shelf.calls if not call.startswith(("delete", "remove"))]
    assert calls == ["volume", *["create", "create", "volume", "restore"] * 4]
    assert (shelf.records(), [row["name"] for row in shelf.rows.values()]) == ((), ["acme-db-root", SOURCE])
    cleared(found)
    assert set(shelf.rows) == {"own"}
    assert not clearing.JOURNAL.file.exists()


@pytest.mark.parametrize("moment", ["volume", "create", "restore", "delete"])
def test_nothing_stays_of_a_measurement_that_was_ended(shelf: Shelf, moment: str) -> None:
    """At any moment, by a kill even: it is found by its names and marks. What the tenant has stays."""
    found = stage(shelf)
    shelf.dies = moment
    with pytest.raises(KilledError):
        backup.rounds(found, Asked(), RUN)
    shelf.dies = ""
    assert set(shelf.rows) != {"own"} or shelf.records()
    cleared(found)
    assert (set(shelf.rows), shelf.records()) == ({"own"}, ())


def test_a_backup_that_fails_is_no_figure(shelf: Shelf) -> None:
    """By neither way."""
    found = stage(shelf)
    volume = Bare(found).make("source", 2, "vault")
    shelf.ends = "error"
    for way in (Bare(found, volume), Ours(found, volume, 2)):
        with pytest.raises(CloudError):
            way.full()
        cleared(found, but=volume)


def test_what_is_restored_boots_and_goes_again(shelf: Shelf) -> None:
    """Server, volumes and backup."""
    found = stage(shelf)
    volume = Bare(found).make("source", 2, "vault")
    record = Bare(found, volume).full()
    assert record.mark
    shelf.note(record.id, replace(record.mark, disk=names.ROOT))
    assert drill.restored_and_booted(found, shelf.records()) >= 0.0
    assert found.machines.named(NAME)
    cleared(found)
    assert (set(shelf.rows), found.machines.named(NAME)) == ({"own"}, [])


def report(*layers: Layer, code: int = 0) -> Report:
    """Return a drift report."""
    return Report("something differs", code, layers)


def test_only_a_clean_report_of_all_layers_is_a_figure() -> None:
    """Whatever was left out would make it quicker."""
    good, empty = Layer("api", 5, 1, 3.2), Layer("dataplane", 0, 4, 0.0)
    assert incomplete(report(good)) == ""
    assert noted(report(good)) == "api 3 s; 1 of 6 controls skipped"
    assert "dataplane had nothing" in incomplete(report(good, empty))
    assert "not clean" in incomplete(report(good, code=1))
    assert "not clean" in incomplete(report(good, code=2))
    assert incomplete(report())


def test_a_multiple_is_of_the_same_round() -> None:
    """And its times stand beside it."""
    found = backup.ratio(RUN, "full", ([{"full": 11.0}, {"full": 30.0}], [{"full": 10.0}, {"full": 20.0}]), "", "")
    assert (found.values, found.note) == ((1.1, 1.5), "20.5 s, bare 15.0 s")
