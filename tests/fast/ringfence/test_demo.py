"""The demonstration's plan: what waits for what, what happens when a step fails, and that running again goes on."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra.declaration.services import Services
from infra.errors import GuestError
from ringfence import keys
from ringfence.demo import __main__ as main
from ringfence.demo import stacks
from ringfence.demo.__main__ import steps as demonstration
from ringfence.demo.screen import LineScreen, clock
from ringfence.demo.steps import Log, Plan, Step, StepError, StepState
from tests.fast.declaration.declared import SERVICES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


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
    """``build`` ends with both tenants; the whole one verifies them."""
    assert [step.name for step in demonstration("build")] == ["toolchain", "packages", "image", "lab", "platform", "acme", "globex"]
    assert demonstration("all")[-1].needs == ("acme", "globex")


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
