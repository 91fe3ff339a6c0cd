"""The times of demonstrations: what each run found, how long it took from the very first command, and that they are kept."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from ringfence.demo import times
from ringfence.demo.steps import Plan, Step
from ringfence.demo.times import BEGAN, FOUND, Run

pytestmark = pytest.mark.fast
ROOT = Path(__file__).resolve().parents[3]
KEPT = "cache/toolchain cache/image cache/lab-venv"


def run(found: str = "", *, seconds_ago: float = 0.0) -> Run:
    """Return a run of no steps that was started some time ago."""
    return times.of("all", [], {BEGAN: str(time.time() - seconds_ago), FOUND: found}, good=True)


@pytest.mark.parametrize(
    ("found", "bare", "warm"),
    [
        ("", True, False),
        (f"python packages {KEPT} cache/go", False, True),
        (f"{KEPT} lab", False, False),
        (f"{KEPT} cloud", False, False),
        ("python", False, False),
        ("cache/toolchain cache/image", False, False),
    ],
)
def test_a_machine_is_bare_or_warm_or_neither(found: str, bare: bool, warm: bool) -> None:  # noqa: FBT001 - a table
    """Bare is nothing at all; warm is every cache and no lab; a run that went on where another stopped is neither."""
    assert (run(found).is_bare, run(found).is_warm) == (bare, warm)


def test_packages_alone_are_no_bare_machine() -> None:
    """Their installation is a part of the figure; with anything more it is no empty machine either."""
    assert [(run(found).is_bare, run(found).is_empty) for found in ("packages", "packages cache/go", "")] == [
        (False, True),
        (False, False),
        (True, False),
    ]


def test_set_up_before_the_first_step_counts(tmp_path: Path) -> None:
    """The whole run is longer than its steps: it began with the shell."""
    plan = Plan([Step("lab", "lab", lambda _log: time.sleep(0.05))], tmp_path)
    plan.run(lambda: None, 0.01)
    made = times.of("all", plan.steps, {BEGAN: str(time.time() - 100), FOUND: ""}, good=True)
    assert 100 <= made.seconds < 130
    assert [(step.name, step.state, 0 < step.seconds < 30) for step in made.steps] == [("lab", "done", True)]


def test_a_run_without_the_shell_is_of_an_unknown_machine(tmp_path: Path) -> None:
    """Nobody looked at the caches, so it is neither bare nor warm."""
    plan = Plan([Step("lab", "lab", lambda _log: None)], tmp_path)
    plan.run(lambda: None, 0.01)
    made = times.of("all", plan.steps, {}, good=True)
    assert (made.is_bare, made.is_warm, made.seconds < 30) == (False, False, True)


def test_runs_are_kept_in_order_and_the_oldest_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest is the last; a file that cannot be read counts as none."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(times, "KEPT", 2)
    assert times.read() == []
    for ago in (300, 200, 100):
        times.keep(run(seconds_ago=ago))
    assert [round(each.seconds, -2) for each in times.read()] == [200, 100]
    times.file().write_text("[{}]")
    assert times.read() == []


def test_the_command_looks_before_it_does_anything(tmp_path: Path) -> None:
    """What scripts/demo hands over is what there is: caches by name, the lab, the environment; nothing where nothing is."""
    script = (ROOT / "scripts/demo").read_text()
    looking = script[script.index("found=()") : script.index('"$ROOT/scripts/setup"')]

    def found(state: str, cache: str) -> list[str]:
        settled = f'set -euo pipefail; source "{ROOT}/scripts/paths.sh"; ROOT="$PWD"'
        command = f'{settled}\n{looking}\necho "$RINGFENCE_DEMO_BEGAN $RINGFENCE_DEMO_FOUND"'
        settings = {"PATH": os.environ["PATH"], "RINGFENCE_STATE": state, "RINGFENCE_CACHE": cache}
        done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=settings, capture_output=True, text=True, check=True)
        began, *words = done.stdout.split()
        assert abs(time.time() - int(began)) < 30
        return [word for word in words if word != "packages"]

    assert found("state", "cache") == []
    for folder in (".venv", "state/lab", "cache/go", "cache/image"):
        (tmp_path / folder).mkdir(parents=True)
    assert found("state", "cache") == ["python", "lab", "cache/go", "cache/image"]
