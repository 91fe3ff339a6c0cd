"""A drill tells a good copy from a bad one, says what it cannot tell, and leaves nothing behind, whatever ends it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.errors import CloudError, QuestionError
from infra.ssh.access import Completed
from ringfence.backups import drilling, making
from ringfence.backups.drilling import Drill, DrillCheck, exit_code, in_turn, turn
from ringfence.backups.inspecting import ByLogin
from ringfence.backups.journal import DRILLED
from ringfence.backups.making import BackupRun
from tests.fast.backups.cinder import DATA, DAY, NOW, ROOT, server
from tests.fast.ringfence.backups.shelf import KilledError, Shelf, Untouched, tenant, waiting

if TYPE_CHECKING:
    from pathlib import Path

    from infra.ssh.access import Session

pytestmark = pytest.mark.fast
TWO = server(replace(ROOT, kind="vault"), replace(DATA, kind="vault"))
GOOD = [("marker", "good", ""), ("file system", "good", "")]


@dataclass
class Room:
    """Servers that do as they are told; ``says`` is what one prints on its console after a while."""

    shelf: Shelf
    says: str = "noise\nringfence-failed: no NIC\n"
    fault: str = ""
    dies: str = ""
    servers: dict[str, str] = field(default_factory=dict)
    looks: int = 0

    def boot(self, name: str, volume: str, like: str) -> str:
        """Boot."""
        assert like == "server-db"
        self.servers[f"machine-{volume}"] = name
        self.shelf.rows[volume]["status"] = "in-use"
        if self.dies == "boot":
            raise KilledError
        return f"machine-{volume}"

    def named(self, name: str) -> list[str]:
        """Return those of a name."""
        return [id_ for id_, called in self.servers.items() if called == name]

    def console(self, server_: str) -> str:
        """Say nothing at first."""
        assert server_ in self.servers
        self.looks += 1
        return self.says if self.looks > 2 else ""

    def failed(self, _server: str) -> str:
        """Say why there is none."""
        return self.fault

    def delete(self, server_: str) -> None:
        """Delete at once, which frees the volume."""
        del self.servers[server_]
        self.shelf.rows[server_.removeprefix("machine-")]["status"] = "available"

    def attach(self, _server: str, volume: str) -> None:
        """Attach at once."""
        self.shelf.rows[volume]["status"] = "in-use"
        if self.dies == "attach":
            raise KilledError

    def detach(self, _server: str, volume: str) -> None:
        """Detach at once."""
        self.shelf.rows[volume]["status"] = "available"


@dataclass
class Looking:
    """Looks into disks: finds what it is told to."""

    found: list[tuple[str, str, str]] = field(default_factory=lambda: list(GOOD))
    why: str = ""

    def ready(self) -> str:
        """Say why not."""
        return self.why

    def look(self, volume: str, marker: str) -> list[tuple[str, str, str]]:
        """Return what is found."""
        assert (volume.startswith("volume-"), marker) == (True, "5ea1")
        return self.found


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Return a storage with three whole generations, whose data disk has a marker."""
    monkeypatch.setenv(paths.STATE, str(tmp_path))
    made = Shelf()
    for day in range(3):
        made.now = NOW + day * DAY
        monkeypatch.setattr(making, "now", lambda: made.now)
        BackupRun(tenant(made, TWO), Untouched(), waiting()).run()
    for id_, record in made.cinder.records.items():
        assert record.mark
        made.cinder.records[id_] = replace(record, mark=replace(record.mark, marker="5ea1"))
    return made


def drill(shelf: Shelf, room: Room | None = None, looking: Looking | None = None) -> list[DrillCheck]:
    """Drill the generation whose turn it is."""
    whole = tenant(shelf, TWO)
    name, one = turn(whole)
    found = Drill(whole, room or Room(shelf), looking or Looking(), name, "server-db", waiting()).run(one.records)
    assert shelf.rows == {}
    return found


def test_a_good_copy_passes_and_nothing_is_left(shelf: Shelf) -> None:
    """It booted, its marker and its file system are good, and there are as many keys as before."""
    before = shelf.secrets()
    found = drill(shelf)
    assert {(one.disk, one.check, one.verdict) for one in found} == {
        ("root", "booted", "good"),
        ("data", "marker", "good"),
        ("data", "file system", "good"),
        ("", "nothing is left", "good"),
    }
    assert (exit_code(found), shelf.secrets()) == (0, before)


def test_a_bad_copy_is_found(shelf: Shelf) -> None:
    """A disk that does not boot, one with another content, one that cannot be restored, a key that is left."""
    assert exit_code(drill(shelf, Room(shelf, fault="no host"))) == 1
    assert exit_code(drill(shelf, looking=Looking([("files", "bad", "one differs"), *GOOD]))) == 1
    shelf.leaks = True
    assert "keys are left" in drill(shelf)[-1].said
    shelf.leaks, shelf.ends = False, "error"
    assert {one.verdict for one in drill(shelf) if one.check == "restored"} == {"bad"}


def test_what_cannot_be_drilled_is_an_error_and_never_a_skip(shelf: Shelf) -> None:
    """A disk without a marker; a server that would take the copy for its own disk; nothing at all."""
    assert exit_code(drill(shelf, looking=Looking(why="it has not mounted its own"))) == 2
    for id_, record in shelf.cinder.records.items():
        assert record.mark
        shelf.cinder.records[id_] = replace(record, mark=replace(record.mark, marker=""))
    assert exit_code(drill(shelf)) == 2
    assert exit_code([]) == 2
    shelf.refuses = "volume"
    assert exit_code(drill(shelf)) == 1


@pytest.mark.parametrize("moment", ["boot", "attach"])
def test_what_a_killed_drill_left_is_taken_away_by_the_next_one(shelf: Shelf, moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its server, and its volumes wherever they are; volumes of others stay."""
    room = Room(shelf, dies=moment)
    with monkeypatch.context() as patch:
        patch.setattr(Drill, "cleaned", lambda _: None)  # a killed process cleans nothing
        with pytest.raises(KilledError):
            drill(shelf, room)
    assert shelf.rows
    room.dies = ""
    shelf.rows["mine"] = {"id": "mine", "name": "ringfence.restored.b0", "description": "acme/db root, 2026-11-30", "status": "available"}
    shelf.rows["other"] = {"id": "other", "name": "ringfence.drill.b0", "description": "acme/web root, 2026-11-30", "status": "available"}
    whole = tenant(shelf, TWO)
    name, one = turn(whole)
    assert exit_code(Drill(whole, room, Looking(), name, "server-db", waiting()).run(one.records)) == 0
    assert (set(shelf.rows), room.servers) == ({"mine", "other"}, {})


def test_the_oldest_and_the_newest_generation_take_turns(shelf: Shelf) -> None:
    """By the journal, and so do the servers; where there is none, that is said."""
    whole = tenant(shelf, TWO)
    days = []
    for _ in range(3):
        name, one = turn(whole)
        days.append(str(one.day))
        whole.journal.write(DRILLED, server=name, day=str(one.day))
    assert days == ["2026-11-30", "2026-12-02", "2026-11-30"]
    assert in_turn([], "") is None
    with pytest.raises(QuestionError, match="not backed up"):
        turn(whole, "web")
    with pytest.raises(QuestionError, match="nothing can be drilled"):
        turn(tenant(shelf, replace(TWO, name="web")))


def test_a_drill_that_cannot_be_done_says_so_and_is_journaled(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can log in: exit code 2."""

    def nobody(_: object) -> object:
        raise CloudError.of("the stack is not up", hint="pulumi up")

    monkeypatch.setattr(drilling, "logins", nobody)
    whole = tenant(shelf, TWO)
    name, one = turn(whole)
    found, _ = drilling.drilled(whole, name, one, 1.0)
    assert (exit_code(found), whole.journal.lines()[-1]["code"]) == (2, 2)


class Answering:
    """A server whose look prints something."""

    def __init__(self, out: str, status: int) -> None:
        self.done = Completed(status, out, "broken")

    def run(self, *_: object, **__: object) -> Completed:
        """Answer."""
        return self.done


def test_a_look_that_comes_to_no_end_proves_nothing() -> None:
    """A marker alone is not the whole."""
    for out, status, verdicts in (
        ("marker|good|\nfile system|good|\n", 0, ["good", "good"]),
        ("marker|good|\n", 0, ["good", "cannot tell"]),
        ("marker|good|\nfile system|good|\n", 1, ["good", "good", "cannot tell"]),
        ("", 0, ["cannot tell"]),
    ):
        session: Session = Answering(out, status)  # type: ignore[assignment] # it has the one method that is called
        assert [verdict for _, verdict, _ in ByLogin(session).look("volume", "5ea1")] == verdicts
        assert bool(ByLogin(session).ready()) is bool(status)
