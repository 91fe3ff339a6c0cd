"""The command: figures one after another, each kept as soon as it is there, whatever becomes of the next."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.__main__ import app
from benchmarks.up import command, load, store
from benchmarks.up.figures import Group, Reading
from benchmarks.up.load import Load
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.up.run import Run

pytestmark = pytest.mark.fast


def gives(name: str, value: float) -> Callable[[Run], list[Reading]]:
    """Return a measurement of one value."""
    return lambda run: [run.reading(name, [value] * run.repeats)]


def breaks(_run: Run) -> list[Reading]:
    """Fail as a cloud does."""
    raise CloudError.of("the cloud is gone")


def interrupts(_run: Run) -> list[Reading]:
    """Be interrupted."""
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def measures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[Group, Callable[[Run], list[Reading]]]:
    """Give measurements that measure nothing, and a state of one's own."""
    found = {group: gives(str(group), 1.0) for group in Group}
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(load, "look", lambda: Load(0.0, 0.0))
    monkeypatch.setattr(command, "one", found.__getitem__)
    return found


def bench(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["up", *arguments])


def verdicts(result: Result) -> dict[str, str]:
    """Return the verdicts of a run with --json."""
    document: dict[str, Any] = json.loads(result.stdout)
    return {outcome["check"]: outcome["verdict"] for outcome in document["outcomes"]}


def test_met_bars_end_well_and_are_kept() -> None:
    """What one run measured is still there in the next, which measures something else."""
    assert bench("--only", "nothing", "--json").exit_code == 0
    found = verdicts(bench("--only", "flow", "--json"))
    assert (found["nothing"], found["flow"], found["tenant"]) == ("pass", "pass", "skipped")
    assert store.read()["flow"].values == (1.0, 1.0, 1.0)


def test_a_missed_bar_ends_badly(measures: dict[Group, Callable[[Run], list[Reading]]]) -> None:
    """The exit code is for what this run measured: an earlier miss is shown, and is not this run's."""
    measures[Group.NOTHING] = gives("nothing", 9.0)
    assert bench("--only", "nothing").exit_code == 1
    again = bench("--only", "flow", "--json")
    assert (again.exit_code, verdicts(again)["nothing"]) == (0, "fail")


def test_what_breaks_stops_nothing_else(measures: dict[Group, Callable[[Run], list[Reading]]]) -> None:
    """The figure is an error, the next one is measured, and the run is red."""
    measures[Group.NOTHING] = breaks
    result = bench("--only", "nothing", "--only", "flow", "--json")
    assert result.exit_code == 1
    assert (verdicts(result)["nothing"], verdicts(result)["flow"]) == ("error", "pass")


def test_an_interruption_keeps_what_was_measured(measures: dict[Group, Callable[[Run], list[Reading]]]) -> None:
    """It ends with the code of an interruption, and begins nothing more."""
    measures[Group.FLOW] = interrupts
    result = bench("--only", "nothing", "--only", "flow", "--only", "verify", "--json")
    assert result.exit_code == 130
    assert store.read().keys() == {"nothing"}


def test_a_second_run_at_the_same_time_is_refused() -> None:
    """Both would build and remove the same third tenant."""
    with store.only_one():
        result = bench("--only", "nothing")
    assert result.exit_code == 1
    assert "another `bench up` is at work" in " ".join(result.stderr.split())


def test_the_section_is_written_when_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its own, with the command that was given."""
    document = tmp_path / "benchmarks.md"
    document.write_text("# Benchmarks\n\nBefore.\n")
    monkeypatch.setattr(command, "DOCUMENT", document)
    bench("--only", "nothing")
    assert "## Up" not in document.read_text()
    bench("--only", "nothing", "--write")
    assert "Before." in document.read_text()
    assert "`./scripts/bench up --only nothing` on " in document.read_text()


def test_an_unreadable_store_counts_as_none(tmp_path: Path) -> None:
    """An earlier version may have written it."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "up.json").write_text('{"other": 1}')
    assert store.read() == {}


def test_help_shows_examples() -> None:
    """With the choices of --only."""
    shown = bench("--help").stdout
    assert "./scripts/bench up --only" in shown
