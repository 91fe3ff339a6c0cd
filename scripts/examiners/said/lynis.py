"""Read what Lynis writes: its report of keys and values, and its log for what was skipped because a configuration says so."""

from __future__ import annotations

import re
from typing import Final

from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said.stream import unreadable

SCOPE: Final = "system"
INDEX, POINTS, POSSIBLE, TESTS, SUGGESTIONS = "index", "points", "points possible", "tests", "suggestions"
BY_CONFIGURATION: Final = re.compile(
    r"Skipped test (\S+)[^\n]*\n[^\n]*Reason to skip: (?:Skipped by (?:configuration|profile setting)|Test not in list)", re.IGNORECASE
)
POINTS_SO_FAR: Final = re.compile(r"Currently having (\d+) points \(out of (\d+)\)")
NEEDED: Final = ("lynis_version", "hardening_index", "lynis_tests_done", "finish")


def read(report: str, log: str, *, where: str, tier: Tier) -> Examination:
    """Return warnings and tests that a configuration switched off as failures, suggestions for information, and the index as a figure.

    Raises:
        ExaminerError: the report is not that of a run that came to its end.
    """
    values: dict[str, list[str]] = {}
    for line in report.splitlines():
        key, divider, value = line.partition("=")
        if divider and not key.startswith("#"):
            values.setdefault(key.strip(), []).append(value.strip())
    if missing := [key for key in NEEDED if not any(values.get(key, []))]:
        raise unreadable(where, expected=f"the keys {', '.join(NEEDED)}", got=f"no {', '.join(missing)}")
    if (values["finish"][-1], values["hardening_index"][-1].isdigit(), values["lynis_tests_done"][-1].isdigit()) != ("true", True, True):
        raise unreadable(where, expected="finish=true, and numbers", got=f"{values['finish'][-1]}, {values['hardening_index'][-1]}")
    points = POINTS_SO_FAR.findall(log)
    if not points:
        raise unreadable(where, expected="a log that counts points", got="none")
    findings = [_finding(text, Result.FAIL, "warning") for text in values.get("warning[]", [])]
    findings += [Finding(test, Result.FAIL, "a configuration switches this test off") for test in BY_CONFIGURATION.findall(log)]
    findings += [_finding(text, Result.INFORMATIONAL, "suggestion") for text in values.get("suggestion[]", [])]
    figures = {
        INDEX: float(values["hardening_index"][-1]),
        POINTS: float(points[-1][0]),
        POSSIBLE: float(points[-1][1]),
        TESTS: float(values["lynis_tests_done"][-1]),
        SUGGESTIONS: float(len(values.get("suggestion[]", []))),
    }
    return Examination(Examiner.LYNIS, SCOPE, tier, values["lynis_version"][-1], tuple(findings), figures)


def _finding(text: str, result: Result, kind: str) -> Finding:
    """Return a line of ``test|text|details|solution|`` as a finding."""
    test, _, rest = text.partition("|")
    return Finding(test, result, f"{kind}: {' '.join(part for part in rest.split('|') if part not in {'', '-'})}")
