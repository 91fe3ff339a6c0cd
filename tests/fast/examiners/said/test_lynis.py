"""Lynis's report is that of a run that came to its end, and what a configuration switches off is a failure."""

from __future__ import annotations

import pytest

from examiners.model import Examination, ExaminerError, Result, Tier
from examiners.said import lynis

REPORT = """\
# Lynis Report
lynis_version=3.1.7
hardening_index=69
lynis_tests_done=240
suggestion[]=ABCD-1000|Do this|-|-|
finish=true
"""
LOG = """\
2026-11-30 07:00:00 Performing test ID ABCD-1000 (One)
2026-11-30 07:00:00 Hardening: assigned partial number of hardening points (1 of 2). Currently having 100 points (out of 200)
2026-11-30 07:00:00 Skipped test ABCD-2000 (Two)
2026-11-30 07:00:00 Reason to skip: Incorrect guest OS (Solaris only)
2026-11-30 07:00:00 Hardening: assigned maximum number of hardening points for this item (2). Currently having 196 points (out of 281)
"""


def read(report: str = REPORT, log: str = LOG) -> Examination:
    """Read a report and its log."""
    return lynis.read(report, log, where="a file", tier=Tier.BOOTED)


def test_the_index_is_a_figure_and_a_suggestion_is_for_information() -> None:
    """A test for another system that was skipped is nothing at all."""
    found = read()
    assert found.figures == {"index": 69, "points": 196, "points possible": 281, "tests": 240, "suggestions": 1}
    assert [(one.rule, one.result, one.detail) for one in found.findings] == [
        ("ABCD-1000", Result.INFORMATIONAL, "suggestion: Do this"),
    ]


def test_a_warning_is_a_failure() -> None:
    """With its words."""
    (warning, _) = read(REPORT + "warning[]=ABCD-3000|Bad thing|-|-|\n").findings
    assert (warning.rule, warning.result, warning.detail) == ("ABCD-3000", Result.FAIL, "warning: Bad thing")


@pytest.mark.parametrize(
    "reason", ["Skipped by configuration", "Skipped by profile setting (skip-test)", "Test not in list of tests to perform"]
)
def test_a_test_that_a_configuration_switches_off_is_a_failure(reason: str) -> None:
    """Nobody gains points by not being asked."""
    found = read(log=LOG.replace("Incorrect guest OS (Solaris only)", reason))
    assert ("ABCD-2000", Result.FAIL) in {(one.rule, one.result) for one in found.findings}


@pytest.mark.parametrize(
    ("report", "log"),
    [
        pytest.param(REPORT.replace("finish=true\n", ""), LOG, id="not-finished"),
        pytest.param(REPORT.replace("finish=true", "finish=false"), LOG, id="finished-badly"),
        pytest.param(REPORT.replace("hardening_index=69\n", ""), LOG, id="no-index"),
        pytest.param(REPORT.replace("=69", "=high"), LOG, id="no-number"),
        pytest.param(REPORT.replace("lynis_tests_done=240\n", ""), LOG, id="no-tests"),
        pytest.param(REPORT, "", id="no-log"),
        pytest.param("", LOG, id="empty"),
    ],
)
def test_a_report_that_is_not_whole_is_refused(report: str, log: str) -> None:
    """An earlier or half run is no answer."""
    with pytest.raises(ExaminerError, match="cannot be read"):
        read(report, log)
