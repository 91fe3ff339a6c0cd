"""`ringfence drift --keep` and `--from` as a user runs them: the same differences without a cloud; the headline says what the file is."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Never

import pytest

from infra.drift.found import Asked
from infra.drift.kept import Kept, writing
from ringfence.drift import journal
from ringfence.verify import about, stacks
from ringfence.verify import open as opening
from ringfence.verify.cloud import view
from tests.fast.drift import broken_services
from tests.fast.drift.kept.files import AT, CLOUD, REGION, listed
from tests.fast.drift.test_comparison import INVENTORY, OFFERING, WAYS
from tests.fast.drift.views import cloud

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.drift.found import Found
    from ringfence.verify.inventory import Inventory
    from tests.fast.ringfence.command import Run

    Take = Callable[..., None]

pytestmark = pytest.mark.fast
LAYERS = ("--only", "api", "--only", "stack")
KEPT = ("key", "layer", "owner", "control", "difference", "kind", "id", "name", "text", "since", "by", "put_back")
"""What is told of a difference, but for what the journal tells."""


def _no_cloud(*_: object) -> Never:
    pytest.fail("a cloud was asked")


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, Any]:
    """Return what the stacks are and what the cloud has, which may be changed; the journal is in a folder of the test's own."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    made, found = cloud(INVENTORY)
    told: dict[str, Any] = {"made": made, "found": listed(made, found), "left": {}, "days": []}

    def stacked(_tenants: object, *, today: date | None = None) -> opening.Stacked:
        told["days"].append(today)
        return opening.Stacked(told["made"], {}, told["left"])

    def read(tenants: object, *, today: date | None = None) -> opening.Opened:
        inner = stacked(tenants, today=today)
        return opening.Opened(inner.inventory, inner.identities, inner.left, cloud=None)  # type: ignore[arg-type] # nobody may ask one

    monkeypatch.setattr(opening, "stacked", stacked)
    monkeypatch.setattr(opening, "read", read)
    monkeypatch.setattr(view, "collect", lambda *_: told["found"])
    monkeypatch.setattr(stacks, "all_made", lambda: told["made"].made)
    monkeypatch.setattr(
        about, "of_run", lambda _, declarations: replace(about.of_declarations(declarations), auth_url=CLOUD, region=REGION)
    )
    return told


@pytest.fixture
def offline(state: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Callable[[], dict[str, Any]]:
    """Let the cloud be gone from then on."""

    def gone() -> dict[str, Any]:
        for place, name in ((opening, "read"), (view, "collect"), (stacks, "all_made"), (about, "of_run")):
            monkeypatch.setattr(place, name, _no_cloud)
        monkeypatch.setattr("ringfence.verify.open.clouds.admin", _no_cloud)
        return state

    return gone


def file_of(folder: Path, made: Inventory, found: Found) -> Path:
    """Return the file of a listing."""
    file = folder / "records.jsonl"
    file.write_bytes(b"".join(writing.written(Kept(listed(made, found), CLOUD, REGION))))
    return file


def told(report: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what a report tells of its differences and of what it could not tell."""
    return [*({key: each[key] for key in KEPT} for each in report["differences"]), *report["untold"]]


@pytest.mark.parametrize("name", [*list(WAYS)[::12], "as declared"])
def test_a_run_and_the_one_from_its_file_tell_the_same(
    name: str, run: Run, state: dict[str, Any], offline: Callable[[], object], tmp_path: Path
) -> None:
    """Differences, what could not be told, and the exit code; the second run asks no cloud at all."""
    state["made"], view_ = cloud(OFFERING if name in broken_services.WAYS else INVENTORY)
    state["found"] = listed(state["made"], WAYS[name][0](view_) if name in WAYS else view_)
    file = tmp_path / "records.jsonl"
    live = run("drift", *LAYERS, "--keep", file, "--json")
    assert live.json["records"]["file"] == str(file)
    assert live.json["records"]["judged_on"] == ""
    offline()
    kept = run("drift", *LAYERS, "--from", file, "--json")
    assert told(kept.json) == told(live.json)
    assert {each["layer"] for each in live.json["differences"]} >= ({"api"} if name in WAYS and not live.json["untold"] else set())
    assert (kept.code, kept.json["records"]["sha256"]) == (live.code, live.json["records"]["sha256"])
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_file_that_others_could_read_is_replaced_by_one_for_its_owner(run: Run, state: dict[str, Any], tmp_path: Path) -> None:
    """Whatever the mask says, and for people the digest is that of the file's bytes."""
    assert state["found"].at
    file = tmp_path / "records.jsonl"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o644)
    ended = run("drift", "--only", "api", "--keep", file)
    assert ended.code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"records kept in {file} (sha256 " in ended.out
    assert [each.name for each in tmp_path.iterdir() if "partial" in each.name] == []


def test_the_headline_says_what_was_compared_and_as_on_which_day(run: Run, offline: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    """Which file, which cloud, when; the day of the file unless somebody names another; what is in no file is named."""
    state = offline()
    file = file_of(tmp_path, *cloud(INVENTORY))
    ended = run("drift", "--from", file, "--only", "api", "--only", "guest")
    assert ended.code == 0
    for words in (
        f"no cloud was asked: {file} has {CLOUD}, region {REGION} as of 2026-11-30T22:15:07.123456+00:00",
        "expiry judged as on 2026-11-30 (the day of the file)",
        "guest: declarations and image ↔ inside of the servers (a kept file has what the services' APIs said, and nothing of this layer)",
    ):
        assert words in ended.out, ended.out
    assert "(as --today says)" in run("drift", "--from", file, "--only", "api", "--today", "2027-01-31").out
    assert state["days"] == [date(2026, 11, 30), date(2027, 1, 31)]


def test_programs_are_told_whose_cloud_it_was(run: Run, offline: Callable[[], object], tmp_path: Path) -> None:
    """As the file says it; the declarations are those of the folder."""
    offline()
    ended = run("drift", "--from", file_of(tmp_path, *cloud(INVENTORY)), "--json")
    assert ended.json["about"]["digest"]
    assert ended.json["about"]["auth_url"] == CLOUD
    assert ended.json["about"]["user_id"] == "user-admin"


def test_what_a_file_does_not_tell_is_no_success(run: Run, offline: Callable[[], object], tmp_path: Path) -> None:
    """A kind that could not be read, a layer that is in no file alone, a tenant that is not up."""
    state = offline()
    assert isinstance(state, dict)
    made, found = cloud(INVENTORY)
    file = file_of(tmp_path, made, found)
    assert run("drift", "--only", "api", "--from", file).code == 0
    alone = run("drift", "--only", "guest", "--from", file)
    assert (alone.code, "CANNOT TELL: nothing was compared" in alone.out) == (2, True)
    state["left"] = {"late": "the stack is not up"}
    assert "late could be compared (late: the stack is not up)" in run("drift", "--only", "api", "--from", file).out
    ended = run("drift", "--only", "api", "--from", file_of(tmp_path, made, replace(found, untold={"trusts": "403 Forbidden"})))
    assert ended.code == 2
    assert "CANNOT TELL: 3 controls could not be compared" in ended.out
    assert "403 Forbidden" in ended.out


def test_whom_a_file_is_not_about_cannot_be_told(run: Run, offline: Callable[[], dict[str, Any]], tmp_path: Path) -> None:
    """A file of one tenant says nothing of the other's secrets; one of another platform says nothing at all."""
    state = offline()
    made, found = cloud(INVENTORY)
    file = file_of(tmp_path, replace(made, tenants=made.tenants[:1]), found)
    ended = run("drift", "--only", "api", "--from", file)
    assert (ended.code, "nobody asked about the secrets of globex" in ended.out) == (2, True)
    state["made"] = replace(made, tenants=made.tenants[:1])
    assert run("drift", "--only", "api", "--from", file).code == 0
    elsewhere = replace(found, at=AT, asker="a", asked=Asked("project-of-another"))
    file.write_bytes(b"".join(writing.written(Kept(elsewhere, CLOUD, REGION))))
    refused = run("drift", "--only", "api", "--from", file)
    assert (refused.code, "of another cloud, or of another platform" in refused.err) == (2, True)


def test_a_record_in_another_form_cannot_be_told(run: Run, offline: Callable[[], object], tmp_path: Path) -> None:
    """A file that somebody wrote with a right digest is no crash."""
    offline()
    made, found = cloud(INVENTORY)
    ended = run("drift", "--only", "api", "--from", file_of(tmp_path, made, replace(found, ports=({"id": "p"},))))
    assert ended.code == 2
    assert "a kept record has not the form that its API gives it" in ended.out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--from", "f", "--watch", "5m"), "a kept file cannot be watched"),
        (("--from", "f", "--keep", "g"), "what is in a file is kept already"),
        (("--keep", "g", "--only", "guest"), "only what layer api compares can be kept"),
        (("--from", "nowhere"), "the records cannot be read"),
        (("--from", "/"), "the records cannot be read"),
    ],
    ids=" ".join,
)
def test_options_that_do_not_go_together_compare_nothing(
    options: tuple[str, ...], says: str, run: Run, offline: Callable[[], object]
) -> None:
    """An error before anything is asked."""
    offline()
    ended = run("drift", *options)
    assert (ended.code, says in ended.err) == (2, True), ended.err


def test_a_damaged_file_is_refused_and_in_the_journal(run: Run, offline: Callable[[], object], tmp_path: Path) -> None:
    """Nothing of it is compared."""
    offline()
    file = file_of(tmp_path, *cloud(INVENTORY))
    file.write_bytes(file.read_bytes().replace(b"acme-db", b"acme-dc", 1))
    ended = run("drift", "--from", file)
    assert (ended.code, ended.out) == (2, "")
    assert "the file was changed after it was written" in ended.err
    assert [each["exit_code"] for each in journal.runs()] == [2]


def test_what_cannot_be_kept_is_said_and_takes_nothing_from_what_was_found(run: Run, state: dict[str, Any], tmp_path: Path) -> None:
    """The differences stand; without any, it is no success."""
    nowhere = tmp_path / "nowhere" / "records.jsonl"
    ended = run("drift", "--only", "api", "--keep", nowhere)
    assert ended.code == 2
    assert f"what was compared is kept in {nowhere}" in ended.out
    assert "the file cannot be written" in ended.out
    state["found"] = listed(state["made"], WAYS["undeclared port"][0](cloud(INVENTORY)[1]))
    drifted = run("drift", "--only", "api", "--keep", nowhere)
    assert (drifted.code, "undeclared port intruder" in drifted.out, "the file cannot be written" in drifted.out) == (1, True, True)


def test_a_file_tells_the_journal_nothing_of_the_cloud(run: Run, state: dict[str, Any], tmp_path: Path) -> None:
    """The run is in the journal, and no difference is seen since then: a file may be of any day."""
    made, found = state["made"], WAYS["undeclared port"][0](cloud(INVENTORY)[1])
    file = file_of(tmp_path, made, found)
    kept = run("drift", "--only", "api", "--from", file, "--json").json
    assert {each["first_seen"] for each in kept["differences"]} == {""}
    (entry,) = journal.runs()
    assert (entry["exit_code"], entry["from"]["file"]) == (1, str(file))
    entry["started"] = "2026-01-01T00:00:00+00:00"
    journal.file().write_text(json.dumps(entry) + "\n", encoding="utf-8")
    state["found"] = listed(made, found)
    live = run("drift", "--only", "api", "--json").json
    assert {each["key"] for each in live["differences"]} == {each["key"] for each in kept["differences"]}
    assert {each["first_seen"] for each in live["differences"]} == {live["started"]}
    assert "from" not in journal.runs()[-1]
