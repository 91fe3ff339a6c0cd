"""``ringfence fleet`` as people and programs see it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra import paths
from ringfence import engine, locks
from ringfence.fleet import work
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.test_json_keys import KEYS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
LOCK = {"pid": 1, "username": "anna", "hostname": "elsewhere", "timestamp": "2026-11-30T08:00:00Z"}


@pytest.fixture
def stacks(tree: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[dict[str, Any]]:
    """What the engine lists: the platform and acme are up, globex is not."""
    del tree
    found: list[dict[str, Any]] = [
        {"name": "platform", "lastUpdate": "2026-11-30T07:10:59.782Z", "resourceCount": 66},
        {"name": "organization/ringfence/acme", "lastUpdate": "2026-11-30T07:15:23.391Z", "resourceCount": 93},
    ]
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'state'}")
    monkeypatch.setattr(engine, "answer", lambda *_, **__: json.dumps(found))
    return found


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What is run for a tenant, as a line of a shell."""
    found = {"acme": "true", "globex": "true"}

    def command(_: work.Action, tenant: str) -> Sequence[str]:
        return ("sh", "-c", found[tenant])

    monkeypatch.setattr(work, "command", command)
    return found


def report(tenant: str, *, green: bool) -> None:
    """Keep a report of a verification."""
    folder = paths.state() / "reports" / f"2026-11-30T0800{tenant}"
    folder.mkdir(parents=True)
    values = {"tenants": [tenant], "started": "2026-11-30T08:00:00+00:00", "green": green, "checks": []}
    (folder / "verify.json").write_text(json.dumps(values))


def test_the_status_is_one_table_of_everybody(run: Run, stacks: list[dict[str, Any]]) -> None:
    """Whoever has a stack that nobody declares is a finding."""
    report("acme", green=True)
    ended = run("fleet", "status")
    assert (ended.code, "2 tenants: 1 pass, 1 skipped; the platform is up" in ended.out) == (0, True), ended.out
    stacks.append({"name": "ghost", "lastUpdate": "", "resourceCount": 1})
    told = run("fleet", "status", "--json").json
    hold(KEYS / "fleet-status.txt", key_paths(told))
    assert (told["exit_code"], {one["tenant"]: one["verdict"] for one in told["tenants"]}) == (
        1,
        {"acme": "pass", "globex": "skipped", "ghost": "fail"},
    )


@pytest.mark.parametrize("said", ["{}", "no", '[{"nom": "acme"}]', "[1]"])
def test_a_list_of_stacks_that_is_not_understood_is_no_status(
    run: Run, stacks: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    """Exit code 2: an empty table would say that nobody is up."""
    del stacks
    monkeypatch.setattr(engine, "answer", lambda *_, **__: said)
    ended = run("fleet", "status")
    assert (ended.code, "not understood" in ended.err) == (2, True), ended


def test_a_run_tells_of_everybody_and_goes_on(run: Run, stacks: list[dict[str, Any]], lines: dict[str, str]) -> None:
    """The exit code is of the worst; with --resume only who is left is run."""
    del stacks
    lines["acme"] = "exit 3"
    told = run("fleet", "up", "--at-once", "1", "--json").json
    hold(KEYS / "fleet.txt", key_paths(told))
    assert [(one["tenant"], one["verdict"]) for one in told["tenants"]] == [("acme", "error"), ("globex", "skipped")]
    lines["acme"] = "true"
    ended = run("fleet", "up", "--resume")
    assert (ended.code, "1/2 acme: pass" in ended.err, "2/2 globex: pass" in ended.err) == (0, True, True), ended.err
    lines |= {"acme": "exit 3", "globex": "exit 3"}
    assert run("fleet", "up", "--resume", "--json").json["exit_code"] == 0


def test_a_finding_of_somebody_does_not_keep_others_from_being_looked_at(
    run: Run, stacks: list[dict[str, Any]], lines: dict[str, str]
) -> None:
    """With --stop-after."""
    del stacks
    lines["acme"] = "exit 1"
    ended = run("fleet", "verify", "--at-once", "1", "--stop-after", "2", "--json")
    assert (ended.code, [one["verdict"] for one in ended.json["tenants"]]) == (1, ["fail", "pass"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "nobody"), "no such tenant"),
        (("up", "--label", "colour=red"), "not a label"),
        (("up", "--label", "service=nothing"), "no tenant is meant"),
        (("up", "--resume"), "no run to go on with"),
        (("up", "acme", "--resume"), "a run that goes on has its tenants"),
        (("status", "acme"), "the status is everybody's"),
    ],
)
def test_a_mistake_is_an_error_before_anything_starts(
    run: Run, stacks: list[dict[str, Any]], lines: dict[str, str], words: tuple[str, ...], said: str
) -> None:
    """Exit code 2, and what was expected."""
    del stacks
    lines.clear()
    ended = run("fleet", *words)
    assert (ended.code, said in ended.err) == (2, True), ended.err


def test_a_lock_is_taken_away_only_when_its_process_is_gone(
    run: Run, stacks: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a process on another machine nobody here can tell; what is left makes 1."""
    del stacks
    place = paths.state() / ".pulumi/locks/organization/ringfence"
    for stack in ("acme", "globex"):
        (place / stack).mkdir(parents=True)
        (place / stack / "1.json").write_text(json.dumps(LOCK))
    asked: list[tuple[str, ...]] = []

    def answer(*words: str, **_: object) -> str:
        asked.append(words)
        return ""

    monkeypatch.setattr(engine, "answer", answer)
    monkeypatch.setattr(locks, "is_dead", lambda lock: lock.stack == "globex")
    assert run("fleet", "locks").code == 1
    assert asked == []
    told = run("fleet", "locks", "--remove", "--json")
    hold(KEYS / "fleet-locks.txt", key_paths(told.json))
    assert (told.code, told.json["removed"]) == (1, ["globex"])
    assert asked == [("cancel", "--stack", "globex", "--yes")]
