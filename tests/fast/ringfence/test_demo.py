"""The demonstration's plan: what waits for what, what happens when a step fails, and that running again goes on."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra.backups import settings
from infra.declaration import load_platform, load_tenant
from infra.declaration.services import Services
from infra.errors import GuestError
from ringfence import keys
from ringfence.backups import making, showing
from ringfence.backups.making import BackupStep
from ringfence.demo import TENANTS, stacks, upkeep
from ringfence.demo import __main__ as main
from ringfence.demo.__main__ import steps as demonstration
from ringfence.demo.screen import LineScreen, clock
from ringfence.demo.steps import Log, Plan, Step, StepError, StepState
from ringfence.drift import show
from ringfence.drift.report import Layer, Report
from tests.fast.declaration.declared import SERVICES

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
ROOT = Path(__file__).resolve().parents[3]


def run(steps: list[Step], folder: Path) -> bool:
    """Run a plan without a screen."""
    return Plan(steps, folder).run(lambda: None, 0.01)


def test_steps_wait_for_what_they_need(tmp_path: Path) -> None:
    """The order of the list is for the screen only."""
    done: list[str] = []
    plan = [
        Step("tenant", "tenant", lambda _log: done.append("tenant"), ("platform",)),
        Step("platform", "platform", lambda _log: done.append("platform"), ("lab", "image")),
        Step("lab", "lab", lambda _log: done.append("lab")),
        Step("image", "image", lambda _log: done.append("image")),
    ]
    assert run(plan, tmp_path)
    assert sorted(done[:2]) == ["image", "lab"]
    assert done[2:] == ["platform", "tenant"]


def test_a_failed_step_stops_what_needs_it_and_nothing_else(tmp_path: Path) -> None:
    """The other tenant is still built; the error is kept for the end."""

    def fail(_log: Log) -> None:
        raise GuestError.of("no")

    plan = [
        Step("acme", "acme", fail),
        Step("globex", "globex", lambda _log: None),
        Step("verify", "verify", lambda _log: None, ("acme", "globex")),
    ]
    assert not run(plan, tmp_path)
    assert [step.state for step in plan] == [StepState.FAILED, StepState.DONE, StepState.NOT_RUN]
    assert "no" in str(plan[0].error)


def test_a_command_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    """The error names the command, its exit code, the log and what to do."""
    command = [sys.executable, "-c", "print('first'); print('\\x1b[31mlast\\x1b[0m'); raise SystemExit(3)"]
    plan = [Step("x", "x", lambda log: log.run(command, cwd=tmp_path, env={}))]
    assert not run(plan, tmp_path)
    assert isinstance(plan[0].error, StepError)
    assert "ended with 3" in str(plan[0].error)
    assert "last" in str(plan[0].error)
    assert "\x1b" not in plan[0].log.file.read_text()


def test_an_engine_that_fails_is_quoted_where_it_says_why(tmp_path: Path) -> None:
    """Not with the stack's outputs, which come last and tell nothing."""
    said = "\nDiagnostics:\n  GuestPolicy (app1):\n    error: no connection\n\nOutputs:\n    tenant: {}\n"
    plan = [Step("x", "x", lambda log: log.run([sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"], cwd=tmp_path, env={}))]
    assert not run(plan, tmp_path)
    assert "error: no connection" in str(plan[0].error)
    assert "tenant:" not in str(plan[0].error).partition("got:")[2]


def test_a_pipe_gets_one_line_per_event(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Begin and end of each step, with the time that it took."""
    plan = Plan([Step("x", "the step", lambda log: log.say("hello"))], tmp_path)
    with LineScreen(plan.steps) as show:
        plan.run(show, 0.01)
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1].endswith("the step: done after 0:00")


def test_the_parts_of_the_demonstration() -> None:
    """``build`` ends with both tenants; the whole one verifies them, makes a backup of each, drills it and compares all layers, in turn."""
    built = ["toolchain", "packages", "image", "lab", "platform", "acme", "globex"]
    assert [step.name for step in demonstration("build")] == built
    more = demonstration("all")[len(built) :]
    assert [(step.name, step.needs) for step in more] == [
        ("verify", ("acme", "globex")),
        ("backup", ("verify",)),
        ("drill", ("backup",)),
        ("drift", ("drill",)),
    ]


@pytest.mark.parametrize("name", TENANTS)
def test_every_tenant_of_the_demonstration_has_a_server_that_is_backed_up(name: str) -> None:
    """Else there is nothing to drill."""
    platform = load_platform(ROOT / "Pulumi.platform.yaml").platform
    tenant = load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=date(2026, 11, 1)).tenant
    assert settings.of_tenant(platform, tenant)


def test_the_conclusion_claims_what_the_verbs_said_and_nothing_more(tmp_path: Path) -> None:
    """Each line is one of theirs; a log without one is named, not taken for a success."""
    texts = {
        upkeep.BACKUP: "$ ringfence backup run acme globex\nmade: acme/db root, 2026-11-30: full 1f in 30 s\nglobex: nothing was due\n",
        upkeep.DRILL: "acme/db, 2026-11-30: restored in 41.0 s; recovered in 80.1 s\n  root  booted  good: ringfence-firstboot\n",
        upkeep.DRIFT: "",
    }
    logs = {name: Log(tmp_path / f"{name}.log") for name in texts}
    for name, text in texts.items():
        logs[name].file.write_text(text)
    assert upkeep.conclusion(logs) == [
        "Backed up: acme/db root, 2026-11-30: full 1f in 30 s",
        "Backed up: globex: nothing was due",
        "Drilled: acme/db, 2026-11-30: restored in 41.0 s; recovered in 80.1 s",
        f"Compared: its log does not say what: {tmp_path}/drift.log",
    ]


def test_each_verb_of_the_upkeep_is_quoted_in_the_words_that_it_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What the verbs print of two tenants is what the conclusion looks for."""
    compared = dict.fromkeys(Layer, 1)
    report = Report(("acme", "globex"), "2026-11-30T09:00:00+00:00", "2026-11-30T09:00:31+00:00", 31.2, tuple(Layer), compared)
    disk = BackupStep(making.MADE, "db", "root", "2026-11-30", "1f", size=2, seconds=30.0)
    drill = {"tenant": "acme", "server": "db", "generation": "2026-11-30", "seconds": {"restored": 41.0, "recovered": 80.1}, "checks": []}

    def backed_up() -> None:
        showing.show_steps("acme", [disk])
        showing.show_steps("globex", [])

    told: dict[str, Callable[[], None]] = {
        upkeep.BACKUP: backed_up,
        upkeep.DRILL: lambda: showing.show_drill(drill),
        upkeep.DRIFT: lambda: show.show(report),
    }
    logs = {name: Log(tmp_path / f"{name}.log") for name in told}
    for name, tell in told.items():
        tell()
        logs[name].file.write_text(capsys.readouterr().out)
    said = upkeep.conclusion(logs)
    assert [line.partition(": ")[0] for line in said] == ["Backed up", "Backed up", "Drilled", "Compared"]
    assert not any("does not say" in line for line in said)
    assert "not compared" in said[-1]


@pytest.mark.parametrize(("declared", "asked"), [(["time"], []), (["time", "sessions"], ["operator authority"])])
def test_authorities_of_operators_are_made_where_sessions_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, declared: list[str], asked: list[str]
) -> None:
    """Before the platform comes up, which would refuse otherwise; nobody else has a file of operators."""
    offered = {key: SERVICES[key] for key in ("host", "flavor", "store", *declared)}
    platform = SimpleNamespace(platform=SimpleNamespace(services=Services.model_validate(offered)))
    done: list[str] = []
    monkeypatch.setattr(main, "load_platform", lambda _file: platform)
    monkeypatch.setattr(keys, "ensure", lambda: None)
    monkeypatch.setattr(stacks, "environment", dict)
    monkeypatch.setattr(stacks, "forget_other_clouds", lambda *_: None)
    monkeypatch.setattr(stacks, "up", lambda stack, *_: done.append(f"up {stack}"))
    monkeypatch.setattr(Log, "run", lambda _log, command, **_: done.append(" ".join(command[1:])))
    main.bring_up_platform(Log(tmp_path / "log"))
    assert done == [*asked, "up platform"]


def test_clock() -> None:
    """Minutes and seconds, as a person reads them."""
    assert [clock(0), clock(61.9), clock(3600)] == ["0:00", "1:01", "60:00"]
