"""The verb: what it prints for people and programs, and its exit codes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.declaration.platform import Drilling
from infra.errors import CloudError
from ringfence.backups import at_rest, drilling, drills, journal, looking, making, stillness, tenants
from ringfence.backups.drilling import DrillCheck
from tests.fast.backups.cinder import DAY, NOW, server
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.backups.shelf import Shelf, Untouched, tenant

if TYPE_CHECKING:
    from infra.backups.chains import Generation
    from ringfence.backups.tenants import TenantBackups
    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
KEYS = Path(__file__).parents[1] / "json_keys"
NEW = server(since=NOW - timedelta(hours=1))


@pytest.fixture
def shelf(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """Put a storage in the place of the cloud, in a folder with the shipped declarations."""
    made = Shelf()
    file = tree / "Pulumi.acme.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("    region: ", "    backup: {}\n    region: ", 1), encoding="utf-8")
    monkeypatch.setenv(paths.STATE, str(tmp_path / "state"))
    monkeypatch.setattr(making, "now", lambda: made.now)
    monkeypatch.setattr(looking, "now", lambda: made.now)
    monkeypatch.setattr(drills, "now", lambda: made.now)
    monkeypatch.delenv(at_rest.STORE, raising=False)
    monkeypatch.setattr(making, "POLL_SECONDS", 0.0, raising=False)
    monkeypatch.setattr(tenants, "opened", lambda name: tenant(made, NEW) if name == "acme" else _down(name))
    monkeypatch.setattr(stillness, "ByLogin", Untouched)
    checks = [DrillCheck("root", "booted", "good", "ringfence-ready"), DrillCheck("data", "files", "bad", "one differs")]
    monkeypatch.setattr(drilling, "drilled", lambda *_: (checks, {"recovered": 41.5}))
    return made


def _down(name: str) -> object:
    raise CloudError.of("the stack is not up", where=name, hint="pulumi up")


def test_every_action_answers_people_and_programs(shelf: Shelf, run: Run) -> None:
    """A day from the first run to a restore; no key of the answers gets another name."""
    keys: list[str] = []
    assert run("backup", "status", "acme").code == 0
    told = run("backup", "run", "acme", "--json")
    keys += key_paths(told.json)
    assert (told.code, [step["what"] for step in told.json["tenants"][0]["steps"]]) == (0, ["made", "made"])
    assert "nothing was due" in run("backup", "run", "acme").out
    told = run("backup", "list", "acme", "--json")
    keys += key_paths(told.json)
    assert [(one["generation"], one["whole"]) for one in told.json["generations"]] == [("2026-11-30", True)]
    assert "2026-11-30" in run("backup", "list", "acme").out
    told = run("backup", "status", "acme", "--json")
    keys += key_paths(told.json)
    verdicts = {check["check"]: check["verdict"] for check in told.json["tenants"][0]["checks"]}
    assert verdicts == {"age": "pass", "state": "pass", "keys": "pass", "declared": "pass", "at rest": "skipped"}
    told = run("backup", "restore", "acme/db", "--disk", "data", "--json")
    keys += key_paths(told.json)
    assert (told.code, told.json["restored"][0]["volume"]) == (0, "volume-0")
    assert "it was restored before" in run("backup", "restore", "acme/db", "--disk", "data").out
    keys += key_paths(run("backup", "install-timer", "--json").json, {"units"})
    keys += key_paths(run("backup", "drill", "acme", "--json").json, {"drills[].seconds"})
    hold(KEYS / "backup.txt", keys)
    shelf.now = NOW + 2 * DAY
    assert run("backup", "status", "acme").code == 1
    assert "AT FAULT" in run("backup", "status", "acme").out


def test_a_tenant_that_is_not_up_cannot_be_told(shelf: Shelf, run: Run) -> None:
    """And hides no other one."""
    told = run("backup", "status", "--json")
    assert (told.code, [one["tenant"] for one in told.json["tenants"]]) == (2, ["acme", "globex"])
    assert shelf.calls == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "nobody"), "no such tenant"),
        (("restore", "acme"), "TENANT/SERVER"),
        (("restore", "acme/db", "acme/web"), "one server is restored at a time"),
        (("restore", "acme/db", "--generation", "yesterday"), "not a day"),
        (("restore", "acme/db"), "there is no whole generation"),
        (("drill", "acme/db", "--due"), "tenants only"),
        (("drill", "acme", "--due", "--generation", "2026-11-30"), "tenants only"),
        (("drill", "acme", "--generation", "yesterday"), "not a day"),
        (("drill", "nobody"), "no such tenant"),
        (("install-timer", "acme"), "one timer runs the backups of all tenants"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(words: tuple[str, ...], said: str, shelf: Shelf, run: Run) -> None:
    """With 2, and without touching anything."""
    told = run("backup", *words)
    assert told.code == 2
    assert said in told.err
    assert shelf.calls == []


def test_a_drill_is_told_with_its_times_and_its_verdict(shelf: Shelf, run: Run) -> None:
    """1 when something was not as it was, 2 when nothing could be drilled."""
    assert run("backup", "drill", "acme").code == 2
    assert run("backup", "run", "acme").code == 0
    told = run("backup", "drill", "acme/db")
    assert told.code == 1
    assert "acme/db, 2026-11-30: recovered in 41.5 s" in told.out
    assert "booted" in told.out
    assert shelf.calls == ["create root", "create data"]


def test_a_drill_that_is_declared_and_missed_is_told_until_one_ended_well(shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the journal of this machine: one that ended badly does not count."""
    weekly = replace(NEW, settings=replace(NEW.settings, drill=Drilling.WEEKLY))
    monkeypatch.setattr(tenants, "opened", lambda _: tenant(shelf, weekly))
    for day in range(10):
        shelf.now = NOW + day * DAY
        run("backup", "run", "acme")
    found = []
    monkeypatch.setattr(journal, "datetime", SimpleNamespace(now=lambda _: shelf.now, fromisoformat=datetime.fromisoformat))
    for code in (1, 0):
        found.append("drill      AT FAULT" in run("backup", "status", "acme").out)
        tenant(shelf, weekly).journal.write("drilled", server="db", day="2026-11-30", code=code)
    found.append("drill      AT FAULT" in run("backup", "status", "acme").out)
    assert found == [True, True, False]


@pytest.mark.usefixtures("shelf")
def test_the_timer_is_printed_or_written_and_holds_no_secret(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the settings of this shell that are none; what systemd says of it, tests.truth asks."""
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hush")
    monkeypatch.setenv("OS_CLOUD", "my cloud")
    told = run("backup", "install-timer")
    assert "OnCalendar=*-*-* 02:30:00 UTC" in told.out
    assert 'Environment="OS_CLOUD=my cloud"' in told.out
    assert "hush" not in told.out
    assert run("backup", "install-timer", "--out", tmp_path).code == 0
    assert {file.name for file in tmp_path.glob("ringfence-*")} == {"ringfence-backup.service", "ringfence-backup.timer"}


@pytest.mark.usefixtures("shelf")
def test_the_timer_starts_drills_where_one_is_declared(run: Run, tree: Path) -> None:
    """After the backups; one server of one tenant is enough."""
    file = tree / "Pulumi.acme.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("backup: {}", "backup: {drill: weekly}", 1), encoding="utf-8")
    units = run("backup", "install-timer", "--json").json["units"]
    assert set(units) == {"ringfence-backup.service", "ringfence-backup.timer", "ringfence-drill.service"}
    assert "Wants=ringfence-drill.service" in units["ringfence-backup.service"]
    assert "backup drill --due --queue" in units["ringfence-drill.service"]


def test_drills_that_are_due_are_done_once(shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each server, the one that waits longest first; a tenant that is not up is an error, and hides no other one."""
    servers = tuple(replace(NEW, name=name, settings=replace(NEW.settings, drill=Drilling.WEEKLY)) for name in ("db", "web"))
    monkeypatch.setattr(journal, "datetime", SimpleNamespace(now=lambda _: shelf.now, fromisoformat=datetime.fromisoformat))
    monkeypatch.setattr(tenants, "opened", lambda name: tenant(shelf, *servers) if name == "acme" else _down(name))

    def drilled(one: TenantBackups, which: str, generation: Generation, _: float) -> tuple[list[DrillCheck], dict[str, float]]:
        one.journal.write("drilled", server=which, day=str(generation.day), code=0)
        return [DrillCheck("root", "booted", "good")], {}

    monkeypatch.setattr(drilling, "drilled", drilled)
    run("backup", "run", "acme")
    tenant(shelf, *servers).journal.write("drilled", server="db", day="2026-11-23", code=2)
    first, again = run("backup", "drill", "--due", "--json"), run("backup", "drill", "acme", "--due")
    done = [(one["tenant"], one["server"], [check["verdict"] for check in one["checks"]]) for one in first.json["drills"]]
    assert (first.code, done) == (
        2,
        [("acme", "web", ["good"]), ("acme", "db", ["good"]), ("globex", "", ["cannot tell"])],
    )
    assert (again.code, "no drill is due" in again.out) == (0, True)
    shelf.now = NOW + 7 * DAY
    assert len(run("backup", "drill", "acme", "--due", "--json").json["drills"]) == 2


def test_a_tenant_that_is_not_up_keeps_nobody_from_a_backup(shelf: Shelf, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it comes first; its own error is told, and is the exit code."""
    monkeypatch.setattr(tenants, "opened", lambda name: tenant(shelf, NEW) if name == "globex" else _down(name))
    told = run("backup", "run", "--json")
    assert [(one["tenant"], len(one["steps"])) for one in told.json["tenants"]] == [("acme", 0), ("globex", 2)]
    assert (told.code, told.json["tenants"][0]["checks"][0]["verdict"]) == (2, "error")
    told = run("backup", "run", "acme")
    assert (told.code, "the stack is not up" in told.out, "nothing was due" in told.out) == (2, True, False)


@pytest.mark.usefixtures("tree")
def test_a_timer_for_nothing_is_refused(run: Run) -> None:
    """Nobody would notice that it makes none."""
    told = run("backup", "install-timer")
    assert (told.code, "no server is to be backed up" in told.err) == (2, True)
