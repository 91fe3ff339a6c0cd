"""``ringfence sessions``: what the store says, as people and programs read it, and who looked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hardening.operators import recording
from infra.sessions.reviews import FILE
from infra.ssh.access import Entrance, Target
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
            case ("cat", recording.EVENTS):
                return log({"accept": ACCEPT}, {"exit": EXIT}, {"accept": OTHER})
            case ("ls", _):
                return "log\nlog.json\nstderr\nstdout\ntiming\n"
        return SHOWN if command[1].endswith("/stdout") else ""

    way = Logins(Entrance("203.0.113.5", str(plain()), tmp_path / "key"), (), {})
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
    ],
)
def test_a_mistake_is_an_error_and_writes_nothing(run: Run, words: tuple[str, ...], said: str) -> None:
    """Exit code 2."""
    ended = run("sessions", *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err
    assert not reviews.file().exists()


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
