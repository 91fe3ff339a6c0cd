"""The verbs' benchmark: its questions have the answers that it expects, and what costs too much or ends otherwise is no pass."""

from __future__ import annotations

import gc
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import pytest

from benchmarks import synthetic
from benchmarks.measure import Times
from benchmarks.snapshots import snapshot_file
from benchmarks.synthetic import Shape
from benchmarks.verbs.plan import MEMORY_MIB, questions
from benchmarks.verbs.report import judge, markdown
from benchmarks.verbs.running import Ran
from infra.outcome import CheckVerdict
from ringfence import cli

if TYPE_CHECKING:
    from pathlib import Path

SMALL = Shape(tenants=6, servers=6, rules=60, joined=3)
GOOD = Ran(
    what="is it?",
    command="ringfence prove",
    expected=1,
    codes=(1,),
    times=Times((2.0, 1.0, 9.0), (1.0,) * 3),
    peak_mib=80.0,
    people=3000,
    programs=10,
)


def test_every_question_has_the_answer_that_is_expected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a small cloud of the same make, each run ends with the exit code that the plan says is right."""
    monkeypatch.setenv("RINGFENCE_CACHE", str(tmp_path))
    shapes = {"cloud": SMALL, "apart": replace(SMALL, joined=0), "edited": replace(SMALL, edited_every=2)}
    files = {name: snapshot_file(shape) for name, shape in shapes.items()}
    files |= {"proof": tmp_path / "proof.json", "copy": tmp_path / "copy.jsonl"}
    for question in questions("tenant-5", "tenant-4"):
        monkeypatch.setattr(sys, "argv", ["ringfence", *question.arguments(files)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        gc.enable()
        assert int(ended.value.code or 0) == question.code, question


def test_a_file_is_made_once_for_a_shape_and_a_generator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another shape, or another generator, is another file; the same ones are the file that is there."""
    monkeypatch.setenv("RINGFENCE_CACHE", str(tmp_path))
    first = snapshot_file(SMALL)
    first.write_bytes(b"kept")
    assert snapshot_file(SMALL).read_bytes() == b"kept"
    assert snapshot_file(replace(SMALL, seed=1)) != first
    monkeypatch.setattr(synthetic, "__file__", str(first))
    assert snapshot_file(SMALL) != first


WRONG = {
    "another exit code": ({"codes": (1, 2), "error": "boom"}, "exit (1, 2), expected 1: boom"),
    "too slow": ({"times": Times((100.0,), (100.0,))}, "time 100 s"),
    "too large": ({"peak_mib": MEMORY_MIB + 1.0}, "memory 3,073 MiB"),
    "too long for people": ({"people": 1 << 20}, "output 1,024 KiB"),
    "too long for programs": ({"programs": 1 << 30}, "JSON 1,024 MiB"),
}


@pytest.mark.parametrize(("change", "said"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_or_costs_too_much_fails(change: dict[str, object], said: str) -> None:
    """Each limit is judged, and the report names what missed it."""
    bad = msgspec.structs.replace(GOOD, **change)
    (good_outcome,), (bad_outcome,) = judge([GOOD], costs=True), judge([bad], costs=True)
    assert (good_outcome.verdict, bad_outcome.verdict) == (CheckVerdict.PASS, CheckVerdict.FAIL)
    assert said in bad_outcome.reason
    assert said in markdown([bad], [bad_outcome], "command", 5000)


def test_a_small_run_is_judged_by_its_answers_only() -> None:
    """Costs of a small cloud say nothing, a wrong exit code does; and nothing asked is nothing shown."""
    slow = msgspec.structs.replace(GOOD, times=Times((100.0,), (100.0,)))
    assert [outcome.verdict for outcome in judge([slow], costs=False)] == [CheckVerdict.PASS]
    assert [outcome.verdict for outcome in judge([msgspec.structs.replace(slow, codes=(0,))], costs=False)] == [CheckVerdict.FAIL]
    assert [outcome.verdict for outcome in judge([], costs=True)] == [CheckVerdict.ERROR]


def test_the_median_and_not_the_worst_run_is_shown() -> None:
    """One slow repetition is in the spread."""
    assert "| 1 | 2 s | 1 s to 9 s | 1 s | 80 MiB | 2.9 KiB | 10 B |" in markdown([GOOD], judge([GOOD], costs=True), "command", 5000)
