"""``ringfence sessions``: what the store says, as people and programs read it, and who looked."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.operators import recording
from infra.errors import QuestionError
from infra.sessions.reviews import FILE
from infra.ssh.access import JumpHost, Target
from ringfence.logins import Logins
from ringfence.operators import reviews, sessions
from tests.fast.key_paths import hold, key_paths
from tests.fast.operators.sample import plain
from tests.fast.ringfence.test_json_keys import KEYS
from tests.fast.sessions.test_recorded import ACCEPT, EXIT, log

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
OTHER = {**ACCEPT, "uuid": "2", "peeraddr": "172.30.0.20", "iolog_path": "/data/sessions/00/00/1B"}
SHOWN = "hallo\x1b]0;owned\x07\r\n"


@pytest.fixture(autouse=True)
def _store(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the store have a session on a server of each tenant."""
    del tree
    owners = {"172.30.0.3": ("acme", "web"), "172.30.0.20": ("globex", "web")}

    def read(_store: sessions.Store, *command: str) -> str:
        match command:
            case ("sh", "-c", sessions.ALL_EVENTS, "sh", recording.STORE_FOLDER):
                return log({"accept": ACCEPT}, {"exit": EXIT}, {"accept": OTHER})
            case ("sh", "-c", sessions.ALL_NAMES, "sh", place):
                return "log\nlog.json\nstderr\nstdout\ntiming\n" if place.endswith("/00/00/1A") else ""
        return SHOWN if command[1].endswith("/stdout") else ""

    way = Logins(JumpHost("203.0.113.5", str(plain()), tmp_path / "key"), (), {})
    monkeypatch.setattr(sessions, "store", lambda: sessions.Store(way, Target("172.29.0.6", str(plain())), owners))
    monkeypatch.setattr(sessions.Store, "read", read)


def test_a_tenants_sessions_are_listed_and_nobody_elses(run: Run) -> None:
    """With who, where, how it ended and whether somebody looked."""
    (one,) = run("sessions", "acme", "--json").json["sessions"]
    assert (one["id"], one["operator"], one["server"], one["exit_value"], one["reviewed_by"]) == ("00001A", "alice", "web", 3, [])
    assert "nobody" in run("sessions", "acme").out


def test_a_review_is_kept_with_the_recordings_uuid(run: Run) -> None:
    """In a file of the project; the list then names who looked."""
    assert run("sessions", "review", "00001A", "--by", "carol", "--note", "a restart").code == 0
    assert ACCEPT["uuid"] in reviews.file().read_text(encoding="utf-8")
    assert [one["reviewed_by"] for one in run("sessions", "acme", "--json").json["sessions"]] == [["carol"]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("review", "00001A", "--by", "alice", "--note", "fine"), "nobody reviews their own session"),
        (("review", "00001A", "--by", "carol"), "who looked and what they found"),
        (("review", "00009Z", "--by", "carol", "--note", "fine"), "no such session"),
        (("replay", "../../etc"), "no such session"),
        (("remove", "00001A"), "not understood"),
        (("nobody",), "no such tenant"),
        (("replay", "00001B"), "not kept any more"),
    ],
)
def test_a_mistake_is_an_error_and_writes_nothing(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2."""
    ended = run("sessions", *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert not reviews.file().exists()


def test_sessions_that_nobody_has_looked_at_are_findings(run: Run) -> None:
    """Exit code 1 for a timer until somebody else has looked; the plain list is an answer, whatever is in it."""
    ended = run("sessions", "acme", "--unreviewed", "--json")
    assert (ended.code, [one["id"] for one in ended.json["sessions"]]) == (1, ["00001A"])
    assert run("sessions", "acme").code == 0
    assert run("sessions", "review", "00001A", "--by", "carol", "--note", "a restart").code == 0
    ended = run("sessions", "acme", "--unreviewed", "--json")
    assert (ended.code, ended.json["sessions"]) == (0, [])


def test_the_unreviewed_are_counted_by_server(run: Run) -> None:
    """For the status; a review takes one away, and only of the session that it names."""
    assert sessions.unreviewed() == {("acme", "web"): 1, ("globex", "web"): 1}
    run("sessions", "review", "00001A", "--by", "carol", "--note", "a restart")
    assert sessions.unreviewed() == {("globex", "web"): 1}


def test_without_a_log_nobody_can_tell_how_many_there_are(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is not none, and neither is a log that cannot be understood."""
    for answer in ('{"accept":', '{"whatever": {}}'):
        monkeypatch.setattr(sessions.Store, "read", lambda *_, answer=answer: answer)
        with pytest.raises(QuestionError, match="cannot be understood"):
            sessions.unreviewed()
        assert run("sessions", "acme", "--unreviewed").code == 2


@pytest.mark.parametrize(
    ("names", "printed"), [(("events.json",), "now"), (("events-2026-11-02.json", "events-2026-11-01.json", "events.json"), "1 2 now")]
)
def test_the_log_of_earlier_days_is_read_first(tmp_path: Path, names: tuple[str, ...], printed: str) -> None:
    """By the command that runs at the store; it fails where there is no log, and where there is none of today."""
    for name in names:
        (tmp_path / name).write_text({"1": "1 ", "2": "2 "}.get(name[-6], "now"), encoding="utf-8")
    command = ("sh", "-c", sessions.ALL_EVENTS, "sh", str(tmp_path))
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == printed
    (tmp_path / "events.json").unlink()
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_a_replay_does_not_control_the_reviewers_terminal(run: Run) -> None:
    """Control characters of a recording are text: whoever was recorded wrote them."""
    ended = run("sessions", "replay", "00001A")
    assert (ended.code, "hallo" in ended.out, "\x1b" in ended.out, "\x07" in ended.out) == (0, True, False, False)


def test_a_damaged_file_of_reviews_is_refused_with_its_line(run: Run) -> None:
    """A review that cannot be read is none, and is not overwritten."""
    run("sessions", "review", "00001A", "--by", "carol", "--note", "a restart")
    damaged = reviews.file().read_text(encoding="utf-8").replace('"by"', '"from"')
    reviews.file().write_text(damaged, encoding="utf-8")
    ended = run("sessions", "review", "00001A", "--by", "dave", "--note", "again")
    assert (ended.code, f"{FILE}:" in ended.err) == (2, True), ended.err
    assert reviews.file().read_text(encoding="utf-8") == damaged


def test_no_key_of_the_answers_gets_another_name(run: Run) -> None:
    """Of the list, a replay and a review."""
    review = run("sessions", "review", "00001A", "--by", "carol", "--note", "a restart", "--json").json
    found = [*key_paths(run("sessions", "acme", "--json").json), *key_paths(review)]
    hold(KEYS / "sessions.txt", [*found, *key_paths(run("sessions", "replay", "00001A", "--json").json, {"shown"})])
