"""The report says all of it, and its exit code is never better than what was found."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from examiners import bars, report
from examiners.model import Examination, Examiner, Result, Tier
from examiners.mutations import Noticed
from examiners.openscap import PROFILES
from hardening.controls.catalogue import CATALOGUE
from ringfence.verify import examined
from tests.fast.examiners.samples import TODAY, allowance, run

if TYPE_CHECKING:
    from examiners.exceptions import Allowance


def made(*runs: Examination, allowances: tuple[Allowance, ...] = (), broken: dict[str, str] | None = None) -> report.Report:
    """A report on runs; no tier is asked for, so that no bar is missed for want of others."""
    return report.made(runs, allowances, today=TODAY, image="abc", scored=((), ()), broken=broken or {})


@pytest.mark.parametrize(
    ("found", "code"),
    [
        pytest.param(made(run(("one", Result.PASS))), 0, id="clean"),
        pytest.param(made(run(("one", Result.FAIL)), allowances=(allowance("one"),)), 0, id="excepted"),
        pytest.param(made(run(("one", Result.FAIL), ("two", Result.UNKNOWN))), 1, id="failure"),
        pytest.param(made(run(("one", Result.UNKNOWN))), 2, id="no-answer"),
        pytest.param(made(run(("one", Result.PASS)), broken={"x": "why"}), 2, id="broken"),
        pytest.param(made(), 2, id="nothing-was-examined"),
    ],
)
def test_the_exit_code_is_that_of_the_worst(found: report.Report, code: int) -> None:
    """0 only when something was examined and nothing is left."""
    assert found.exit_code == code


def test_a_missed_bar_is_a_failure() -> None:
    """Even where every finding is excused."""
    found = report.made(
        [run(("one", Result.PASS))],
        (),
        today=TODAY,
        image="abc",
        scored=((Tier.OFFLINE,), bars.chosen(tuple(Examiner), PROFILES)),
        broken={},
    )
    assert (found.exit_code, [score.value for score in found.scores]) == (2, [None])


def test_programs_get_every_finding_and_every_bar() -> None:
    """The keys are API."""
    found = json.loads(json.dumps(report.as_json(made(run(("one", Result.FAIL)), allowances=(allowance("two"),)))))
    assert found.keys() == {
        "format",
        "image",
        "when",
        "exit_code",
        "runs",
        "bars",
        "exceptions",
        "idle_exceptions",
        "broken",
        "controls",
        "mutations",
    }
    (examined,) = found["runs"]
    assert examined["findings"] == [{"rule": "one", "result": "fail", "verdict": "fail", "reason": "the examiner says so"}]
    assert (examined["counts"]["fail"], found["idle_exceptions"][0]["rule"]) == (1, "two")


def test_the_page_has_what_is_no_pass_and_what_was_before() -> None:
    """What an examiner or a server says is text and nothing else."""
    earlier = report.as_json(made(run(("one", Result.FAIL), ("two", Result.FAIL))))
    text = report.page(made(run(("<b>one", Result.UNKNOWN)), broken={"ssh": "why <i>"}), earlier)
    assert "&lt;b&gt;one" in text
    assert "<b>one" not in text
    assert "<small>(2)</small>" in text
    assert "why &lt;i&gt;" in text


def test_a_verification_reads_what_was_examined_and_the_image_beside_it() -> None:
    """Figures of the other run are kept, its findings are not."""
    earlier = report.as_json(made(run(("one", Result.FAIL), ("two", Result.FAIL))))
    found = json.loads(json.dumps(report.as_json(made(run(("one", Result.FAIL)), allowances=(allowance("one"),)), earlier)))
    assert "findings" not in found["beside"]["runs"][0]
    told = examined.of(found)
    assert (told.why, told.image, told.beside) == ("", found["image"], earlier["image"])
    assert [(one.words, one.unexcused, one.before) for one in told.said] == [("1 fail", "0", "2 fail")]
    assert [(one.rule, one.reason) for one in told.exceptions] == [("one", "a reason")]


def test_exceptions_that_excuse_are_listed_and_the_others_apart() -> None:
    """With the reason that somebody answers for."""
    listed = (allowance("one"), allowance("two"), allowance("three", scopes=("standard",)))
    found = made(run(("one", Result.FAIL)), allowances=listed)
    assert (found.needed, found.idle) == (listed[:1], listed[1:2])
    assert "a reason" in report.page(found)


def test_controls_are_listed_by_clause_in_the_order_of_numbers() -> None:
    """8.9 comes before 8.15, and no control is left out."""
    found = report.by_clause()
    assert {name for names in found.values() for name in names} == {one.identifier for one in CATALOGUE if one.iso}
    assert list(found).index("8.9") < list(found).index("8.15")
    assert "no-router" in report.page(made(run(("one", Result.PASS))))


def test_undone_controls_are_told_with_the_rules_that_notice() -> None:
    """And one that nobody notices is told as well."""
    seen, unseen = Noticed("one", "The first", {"p": ("a_rule",)}), Noticed("two", "The second", {"p": ()}, "Link")
    found = replace(made(run(("one", Result.PASS))), noticed=(seen, unseen))
    assert [(each["control"], each["rules"]) for each in report.as_json(found)["mutations"]] == [
        ("one", {"p": ("a_rule",)}),
        ("two", {"p": ()}),
    ]
    text = report.page(found)
    assert "1 of 2 are noticed" in text
    assert "not undone: Link" in text


def test_a_line_has_the_examiners_words_and_what_is_left() -> None:
    """So that an exception hides nothing."""
    assert report.line(made(run(("one", Result.FAIL), figures={"index": 70.0}), allowances=(allowance("one"),)).judged[0]) == (
        "openscap cis_level2_server booted: 1 fail, index 70; 0 without an exception (0 s)"
    )
