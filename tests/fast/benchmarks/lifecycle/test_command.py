"""The command: every figure is met, missed, or not measured with the reason; nothing is left out."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from benchmarks.__main__ import app
from benchmarks.lifecycle import command
from benchmarks.lifecycle.asked import Asked
from benchmarks.lifecycle.figures import FIGURES, NAME, Part
from benchmarks.up import load, store
from benchmarks.up.load import Load
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

    Measures = dict[Part, Callable[[Run], list[Reading]]]

pytestmark = pytest.mark.fast


def gives(part: Part, value: float, run: Run) -> list[Reading]:
    """Measure the same value for every figure of a part."""
    return [run.reading(figure.name, (value,)) for figure in FIGURES if figure.group == part]


def breaks(_run: Run) -> list[Reading]:
    """Fail as a cloud does."""
    raise CloudError.of("the cloud is gone")


def interrupts(_run: Run) -> list[Reading]:
    """Be interrupted."""
    raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def measures(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Measures:
    """Give measurements that measure nothing, and a state of one's own."""
    found: Measures = {part: partial(gives, part, 1.0) for part in Part}
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(load, "look", lambda: Load(0.0, 0.0))
    monkeypatch.setattr(command, "one", lambda part, _asked: found[part])
    return found


def bench(*arguments: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["lifecycle", *arguments])


def verdicts(result: Result) -> dict[str, str]:
    """Return the verdicts of a run with --json."""
    document: dict[str, Any] = json.loads(result.stdout)
    return {outcome["check"]: outcome["verdict"] for outcome in document["outcomes"]}


def test_every_figure_is_told_whatever_was_measured(measures: Measures) -> None:
    """Met, missed, broken, and not asked for."""
    measures[Part.DRIFT] = partial(gives, Part.DRIFT, 31.0)
    measures[Part.DRILL] = breaks
    result = bench("--only", "fleet", "--only", "drift", "--only", "drill", "--json")
    assert result.exit_code == 1
    assert verdicts(result) == {
        "status": "pass",
        "preview": "skipped",
        "drift": "fail",
        "full": "skipped",
        "increment": "skipped",
        "restore": "skipped",
        "opening": "skipped",
        "drill": "error",
        "offboarding": "skipped",
    }
    table = bench("--only", "fleet").stdout
    assert [figure.name for figure in FIGURES if figure.name not in table] == []


def test_the_bars_are_those_that_were_set() -> None:
    """A bar that is met with the value itself is met."""
    bars = {figure.name: figure.bar for figure in FIGURES if figure.bar is not None}
    assert bars == {"status": 10, "drift": 30, "full": 1.15, "increment": 1.15, "restore": 1.15, "drill": 1.5, "offboarding": 90}
    assert bench().exit_code == 0


def test_an_interruption_keeps_what_was_measured(measures: Measures) -> None:
    """It ends with the code of an interruption, and begins nothing more."""
    measures[Part.DRIFT] = interrupts
    assert bench("--only", "fleet", "--only", "drift", "--only", "backup").exit_code == 130
    assert store.read(NAME).keys() == {"status"}
    assert store.read() == {}


def test_the_section_has_the_command_and_no_folder_of_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only its own section is replaced."""
    document = tmp_path / "benchmarks.md"
    document.write_text("# Benchmarks\n\nBefore.\n")
    monkeypatch.setattr(command, "DOCUMENT", document)
    bench("--only", "backup", "--small", "--offboarding", str(tmp_path), "--write")
    text = document.read_text()
    assert "Before." in text
    assert "`./scripts/bench lifecycle --only backup --small --offboarding FOLDER` on " in text
    assert str(tmp_path) not in text


def test_only_one_runs_at_a_time() -> None:
    """Both would clear away the other's volumes."""
    with store.only_one(NAME):
        result = bench("--clear")
    assert (result.exit_code, "another `bench lifecycle` is at work" in " ".join(result.stderr.split())) == (1, True)


def test_a_bar_that_is_missed_with_a_small_volume_is_in_doubt() -> None:
    """The bar is for a larger one."""
    assert Asked().doubt == ""
    assert "the bar is for 2 GiB" in Asked(small=True).doubt


@pytest.mark.parametrize("part", list(Part))
def test_every_part_is_measured_by_a_function(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is there."""
    monkeypatch.undo()
    assert callable(command.one(part, Asked()))
