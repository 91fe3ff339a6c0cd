"""Figures of the live cloud: bars are met by medians, and never for want of a value, beside other work, or by what broke."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.up import load, programs
from benchmarks.up.command import MEASURES, as_typed, one
from benchmarks.up.figures import FIGURES, Group, Reading, amount, judge, judged, limit, of_group, spread
from benchmarks.up.interrupts import Endings
from benchmarks.up.load import Load
from benchmarks.up.measurements import demonstration, guest, memory, verification
from benchmarks.up.measurements.guest import Boot
from benchmarks.up.report import HEAD, line, lines, markdown
from benchmarks.up.run import Run
from infra.errors import GuestError
from infra.outcome import CheckVerdict
from ringfence.demo import times

pytestmark = pytest.mark.fast
FIGURE = {figure.name: figure for figure in FIGURES}
PYTHON = Path(sys.executable).name
QUIET, BUSY = Load(0.3, 0.1), Load(4.2, 1.9)


def reading(name: str, *values: float, doubt: str = "", note: str = "") -> Reading:
    """Return a reading of a quiet day."""
    return Reading(figure=name, values=values, when="2026-11-25T10:00:00+00:00", load=QUIET, doubt=doubt, note=note, revision="abc1234")


def quiet(repeats: int = 1, *, at: Load = QUIET) -> Run:
    """Return a run of which nobody hears."""
    return Run(repeats, lambda _: None, at, Endings(lambda _: None))


def verdict(name: str, found: Reading | None) -> CheckVerdict:
    """Return the verdict on one figure."""
    return judge(FIGURE[name], found).verdict


def test_the_bars_are_those_of_the_issue() -> None:
    """Issue 3 set them; a figure without a bar explains another one."""
    bars = {figure.name: (figure.bar, figure.unit) for figure in FIGURES if figure.bar is not None}
    assert bars == {
        "demo-bare": (1200, "s"),
        "demo-warm": (600, "s"),
        "guest": (30, "s"),
        "memory": (9, "GiB"),
        "nothing": (8, "s"),
        "flow": (20, "s"),
        "verify": (180, "s"),
        "tenant": (150, "s"),
        "ratio": (1.3, "x"),
    }


def test_the_median_is_judged() -> None:
    """One slow run of three misses nothing; the bar itself is met."""
    assert verdict("nothing", reading("nothing", 7.0, 8.0, 30.0)) is CheckVerdict.PASS
    assert verdict("nothing", reading("nothing", 7.0, 8.1, 30.0)) is CheckVerdict.FAIL


def test_no_value_is_no_pass() -> None:
    """What was not measured is skipped, with the reason when there is one."""
    assert verdict("nothing", None) is CheckVerdict.SKIPPED
    assert judge(FIGURE["nothing"], reading("nothing", doubt="why")).reason == "why"


def test_what_may_be_too_high_can_meet_a_bar_and_cannot_miss_it() -> None:
    """Beside other work a guest that is fast enough is fast enough; one that is not says nothing about a machine alone."""
    assert verdict("guest", reading("guest", 29.0, doubt="not alone")) is CheckVerdict.PASS
    assert verdict("guest", reading("guest", 31.0, doubt="not alone")) is CheckVerdict.SKIPPED


def test_what_is_only_shown_is_never_judged() -> None:
    """A figure without a bar passes nothing and fails nothing."""
    assert verdict("sdk", reading("sdk", 1e6)) is CheckVerdict.NOT_APPLICABLE


def test_a_group_that_broke_is_an_error_whatever_was_measured_before() -> None:
    """An earlier reading does not cover for a measurement that failed now; other groups keep theirs."""
    kept = {"tenant": reading("tenant", 100.0), "nothing": reading("nothing", 5.0)}
    found = judged(kept, {Group.TENANT: "the engine failed"})
    assert {name: found[name].verdict for name in ("tenant", "sdk", "ratio")} == dict.fromkeys(
        ("tenant", "sdk", "ratio"), CheckVerdict.ERROR
    )
    assert found["nothing"].verdict is CheckVerdict.PASS
    assert found.keys() == FIGURE.keys()


@pytest.mark.parametrize("group", Group)
def test_every_group_has_figures_and_something_that_measures_it(group: Group) -> None:
    """The choices of --only, the table of figures and the functions are the same groups."""
    assert of_group(group)
    assert callable(one(group))
    assert MEASURES.keys() == set(Group)


@pytest.mark.parametrize(
    ("value", "unit", "text"), [(7.6234, "s", "7.62 s"), (1234.5, "s", "1,234 s"), (1.256, "x", "1.26x"), (6.3, "GiB", "6.3 GiB")]
)
def test_amounts(value: float, unit: str, text: str) -> None:
    """Three digits, whole numbers from a hundred on."""
    assert amount(value, unit) == text


def test_a_line_shows_median_spread_runs_and_what_is_beside_it() -> None:
    """Every cell has its column."""
    shown = dict(
        zip(HEAD, line(FIGURE["flow"], found := reading("flow", 9.0, 21.0, 15.0, note="rules"), judge(FIGURE["flow"], found)), strict=True)
    )
    assert shown.pop("what") == FIGURE["flow"].what
    assert shown == {
        "figure": "flow",
        "median": "15 s",
        "bar": "≤ 20 s",
        "": "met",
        "spread": "9 s to 21 s",
        "runs": "3",
        "when": "2026-11-25, abc1234",
        "load before": "0.3; 0.1 busy",
        "beside it": "rules",
    }


def test_a_line_without_a_verdict_says_why() -> None:
    """Doubt stands beside the value, and what broke beside no value at all."""
    doubted = reading("guest", 40.0, doubt="not alone", note="cpu 20 s")
    assert "cpu 20 s; not alone" in line(FIGURE["guest"], doubted, judge(FIGURE["guest"], doubted))
    broke = judged({"guest": doubted}, {Group.GUEST: "no image\n  got: nothing"})["guest"]
    cells = line(FIGURE["guest"], doubted, broke)
    assert "40 s" not in cells
    assert (cells[4], cells[-1]) == ("**broke**", "no image")


def test_a_single_value_has_no_spread_and_no_bar_no_limit() -> None:
    """Empty cells instead of invented ones."""
    assert (spread(FIGURE["sdk"], reading("sdk", 5.0)), limit(FIGURE["sdk"])) == ("", "")


def test_the_section_has_a_line_and_a_method_for_every_figure() -> None:
    """Also for those that were not measured."""
    outcomes = judged({}, {})
    text = markdown({}, outcomes, "./scripts/bench up")
    assert len(lines({}, outcomes)) == len(FIGURES)
    assert text.count("| not measured |") == len(FIGURES)
    for figure in FIGURES:
        assert f"| {figure.name} | {figure.method} |" in text


def test_the_command_line_is_shown_as_it_was_typed() -> None:
    """With what was chosen, and without defaults."""
    assert as_typed((), 3) == "./scripts/bench up"
    assert as_typed((Group.FLOW, Group.NOTHING), 1) == "./scripts/bench up --only flow --only nothing --repeats 1"


STAT = "cpu  100 0 100 700 100 0 0 0 50 0\ncpu0 1 2 3\n"
LATER = "cpu  190 0 110 780 120 0 0 0 95 0\n"


def test_busy_processors_are_counted_between_two_looks() -> None:
    """Waiting for a disk is idle, and a guest's time is in the user's already."""
    assert load.times(STAT) == (200, 1000)
    assert load.busy(STAT, LATER, 2) == pytest.approx(1.0)
    assert load.busy(STAT, STAT, 2) == 0


def test_memory_in_use_is_what_is_not_available() -> None:
    """In GiB, from the kernel's own words."""
    assert memory.in_use("MemTotal:       25165824 kB\nMemFree:  1 kB\nMemAvailable:   16777216 kB\n") == pytest.approx(8.0)


def test_shared_memory_of_processes_is_counted_once() -> None:
    """The proportional set sizes are added up, and nothing else is."""
    smaps = "00400000-7fff ---p [rollup]\nRss: 9999999 kB\nPss: 524288 kB\nPss_Anon: 9 kB\n00400000-7fff ---p [rollup]\nPss: 1048576 kB\n"
    assert memory.processes(smaps) == pytest.approx(1.5)


def test_a_guest_that_was_not_alone_is_in_doubt() -> None:
    """The first boots count; processor time and later boots are told."""
    boots = [Boot(wall, 20.0, 18.0, 15.0) for wall in (31.0, 33.0, 35.0)]
    alone, beside = guest.reading(quiet(), boots), guest.reading(quiet(at=BUSY), boots)
    assert (alone.median, alone.doubt) == (33.0, "")
    assert beside.doubt == "not alone: 1.9 processors were busy with something else"
    assert alone.note == "processor time 20.0 s; later boots 18.0 s, processor time 15.0 s"


def test_the_image_is_there_before_it_boots_and_only_boots_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image is built first; a build or a boot that fails is an error with its last words."""
    asked: list[str] = []
    ends = {"image": 0, PYTHON: 0}

    def finished(command: list[str]) -> subprocess.CompletedProcess[str]:
        program = Path(command[0]).name
        asked.append(program)
        text = '{"first_wall": 25.0, "first_cpu": 22.0, "again_wall": 18.0, "again_cpu": 16.0}'
        return subprocess.CompletedProcess(command, ends[program], text, "its last words")

    monkeypatch.setattr(programs, "finished", finished)
    (found,) = guest.measure(quiet(2))
    assert (asked, found.values) == (["image", PYTHON, PYTHON], (25.0, 25.0))
    for program in ends:
        ends.update({"image": 0, PYTHON: 0, program: 1})
        with pytest.raises(GuestError, match="its last words"):
            guest.measure(quiet())


def demonstration_run(seconds: float, *found: str, part: str = "all", good: bool = True) -> times.Run:
    """Return a run of the demonstration."""
    steps = (times.StepTime("lab", "done", seconds / 2),)
    return times.Run(began="2026-11-25T10:00:00+00:00", part=part, good=good, found=found, seconds=seconds, steps=steps)


def test_the_last_good_run_of_the_demonstration_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of bare machines and warm caches each; not one that failed, built only, or went on from another."""
    warm = ("python", "cache/toolchain", "cache/image", "cache/lab-venv")
    runs = [
        demonstration_run(1100),
        demonstration_run(1000),
        demonstration_run(900, "packages"),
        demonstration_run(300, *warm),
        demonstration_run(9, good=False),
        demonstration_run(8, part="build"),
        demonstration_run(7, *warm, "lab"),
    ]
    monkeypatch.setattr(times, "read", lambda: runs)
    bare, empty, cached = demonstration.measure(quiet())
    assert (bare.values, empty.values, cached.values) == ((1000,), (900,), (300,))
    assert (bare.note, bare.load, bare.when[:10]) == ("lab 500 s", None, "2026-11-25")


def test_no_run_of_the_demonstration_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """And says what is missing."""
    monkeypatch.setattr(times, "read", list)
    bare, *_ = demonstration.measure(quiet())
    assert judge(FIGURE["demo-bare"], bare).verdict is CheckVerdict.SKIPPED
    assert "found nothing" in bare.doubt


def test_counts_of_a_verification_are_told() -> None:
    """With a separator for thousands."""
    assert verification.shown({"pass": 5210, "skipped": 3}) == "5,210 pass, 3 skipped"
