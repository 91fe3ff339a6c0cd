"""The result as JUnit XML, for CI: one test suite for each kind, one test case for each check. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from infra.outcome import CheckVerdict
from infra.text import visible
from ringfence.verify.report.headline import headline
from ringfence.verify.result import DESCRIPTIONS, Kind

if TYPE_CHECKING:
    from collections import Counter

    from ringfence.verify.result import Check, Result

ELEMENTS = {
    CheckVerdict.FAIL: "failure",
    CheckVerdict.ERROR: "error",
    CheckVerdict.SKIPPED: "skipped",
    CheckVerdict.NOT_APPLICABLE: "skipped",
}


def render(result: Result) -> str:
    """Return the document, valid by the schema of Jenkins. JUnit has no not-applicable: it becomes a skip whose message says so."""
    root = Element("testsuites", {"name": "ringfence verify", **_numbers(result.counts(), result.seconds.get("all", 0.0))})
    for kind in Kind:
        checks = [check for check in result.checks if check.kind is kind]
        if not checks:
            continue
        counts = result.counts(kind)
        skipped = {"skipped": str(counts[CheckVerdict.SKIPPED] + counts[CheckVerdict.NOT_APPLICABLE]), "timestamp": visible(result.started)}
        numbers = _numbers(counts, result.seconds.get(str(kind), 0.0))
        suite = SubElement(root, "testsuite", {"name": f"{kind}: {DESCRIPTIONS[kind]}", **numbers, **skipped})
        _properties(suite, result)
        for check in checks:
            _case(suite, check)
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _numbers(counts: Counter[CheckVerdict], seconds: float) -> dict[str, str]:
    found = {"tests": counts.total(), "failures": counts[CheckVerdict.FAIL], "errors": counts[CheckVerdict.ERROR]}
    return {name: str(count) for name, count in found.items()} | {"time": f"{seconds:.3f}"}


def _properties(suite: Element, result: Result) -> None:
    """Say of every suite what it is about, for whoever sees this one alone."""
    properties = SubElement(suite, "properties")
    about = {"headline": headline(result).text, **result.about.plain(), "finished": result.finished}
    for name, value in about.items():
        if value:
            SubElement(properties, "property", name=name, value=visible(value))


def _case(suite: Element, check: Check) -> None:
    outcome = check.outcome
    names = {"name": visible(outcome.check), "classname": visible(f"{check.kind}.{outcome.tenant or 'platform'}")}
    case = SubElement(suite, "testcase", {**names, "time": f"{outcome.seconds:.3f}"})
    if outcome.verdict in ELEMENTS:
        SubElement(case, ELEMENTS[outcome.verdict], message=visible(f"{outcome.verdict}: {outcome.reason}"))
