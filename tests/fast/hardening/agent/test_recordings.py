"""The store of recordings is held to its days and its size, and whoever fills it loses their own."""

from __future__ import annotations

import json
import os
import time
from typing import TYPE_CHECKING

import pytest

from hardening.agent import recordings
from hardening.agent.recordings import DAY, Recording, too_many

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
NOW = 1_800_000_000.0


def made(number: int, operator: str, *, age: float = 0, size: int = 10) -> Recording:
    """Return a recording; a higher number is a later one."""
    return Recording(f"/data/sessions/00/00/{number:02}", NOW - age * DAY + number, operator, size)


def test_what_is_older_than_its_days_goes_whatever_room_there_is() -> None:
    """To the second; a recording that is still written to is not old."""
    old, young = made(1, "alice", age=30.1), made(2, "alice", age=29.9)
    assert too_many([young, old], NOW, 30, 1000) == ([old], [])


def test_who_fills_the_store_loses_recordings_of_their_own() -> None:
    """The oldest first, no more than has to go, and nothing of anybody else, however old it is."""
    quiet = [made(1, "bob", age=20), made(2, "", age=19)]
    flood = [made(number, "alice") for number in range(3, 9)]
    assert too_many([*flood, *quiet], NOW, 30, 60) == ([], flood[:2])
    assert too_many([*flood, *quiet], NOW, 30, 80) == ([], [])
    assert too_many([*flood, *quiet], NOW, 30, 0)[1] == [*flood[:5], *_evenly(flood[5], quiet)]


def _evenly(last: Recording, quiet: list[Recording]) -> list[Recording]:
    """Return the last ones in the order in which they go when nothing may stay: of equal sizes that of the last name first."""
    return [quiet[0], last, quiet[1]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a store, as the services server has one, with what its bundle says; programs that are run are only written down."""
    settings = tmp_path / "run" / "files" / recordings.SETTINGS
    settings.parent.mkdir(parents=True)
    settings.write_text("30 1\n", encoding="utf-8")
    monkeypatch.setenv("RINGFENCE_RUN", str(tmp_path / "run"))
    monkeypatch.setenv("RINGFENCE_STORE", str(tmp_path / "data"))
    place = tmp_path / "data" / recordings.FOLDER
    place.mkdir(parents=True)

    def note(*words: str) -> None:
        with (tmp_path / "ran").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(words) + "\n")

    monkeypatch.setattr(recordings, "run", note)
    return place


def record(store: Path, number: int, operator: str, *, age: float = 0, kibibytes: int = 4) -> Path:
    """Write a recording into the store."""
    folder = store / "00" / "00" / f"{number:02}"
    folder.mkdir(parents=True)
    (folder / "log.json").write_text(json.dumps({"runenv": [f"RINGFENCE_OPERATOR={operator}"]}, indent=2), encoding="utf-8")
    (folder / "ttyout").write_bytes(os.urandom(kibibytes * 1024))
    for file in folder.iterdir():
        os.utime(file, (time.time() - age * DAY,) * 2)
    return folder


def ran(store: Path) -> list[list[str]]:
    """Return the programs that were run."""
    file = store.parents[1] / "ran"
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def test_recordings_go_by_their_days_and_their_operators(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As they are on the disk, whose they are from the recording itself; what went for want of room is in the server's log."""
    old, other = record(store, 1, "bob", age=31), record(store, 2, "bob", age=5)
    flood = [record(store, number, "alice", age=4 - number / 10, kibibytes=300) for number in range(3, 7)]
    assert recordings.main() == 0
    assert json.loads(capsys.readouterr().out) == {"old": 1, "crowded": 1}
    assert [folder.exists() for folder in (old, other, *flood)] == [False, True, False, True, True, True]
    ((*words, said),) = ran(store)
    assert words[:3] == ["logger", "-p", "auth.warning"]
    assert "/00/00/03 of alice" in said


def test_the_log_of_sessions_is_begun_anew_once_a_day_and_kept_for_its_days(store: Path) -> None:
    """The store is told to write into the new one; a second run on the day, and a day without sessions, change nothing."""
    for name in ("events-2020-01-01.json", "events-2099-01-01.json", "events-notes.json"):
        (store / name).touch()
    current = store / recordings.EVENTS
    current.write_text('{"accept":{}}\n', encoding="utf-8")
    assert recordings.main() == 0
    today = store / f"events-{time.strftime('%Y-%m-%d', time.gmtime())}.json"
    assert (today.read_text(encoding="utf-8"), current.read_bytes()) == ('{"accept":{}}\n', b"")
    assert current.stat().st_mode & 0o777 == 0o600
    assert {file.name for file in store.iterdir()} == {current.name, today.name, "events-2099-01-01.json", "events-notes.json"}
    assert ran(store) == [["systemctl", "kill", "--signal=HUP", "ringfence-sessions.service"]]
    current.write_text('{"exit":{}}\n', encoding="utf-8")
    assert recordings.main() == 0
    assert (today.read_text(encoding="utf-8"), len(ran(store))) == ('{"accept":{}}\n', 1)


def test_a_store_that_is_not_there_is_an_error(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its unit fails, and somebody sees it."""
    store.rmdir()
    assert recordings.main() == 1
    assert "is not there" in capsys.readouterr().err
