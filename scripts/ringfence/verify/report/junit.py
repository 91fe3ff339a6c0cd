"""The result as JUnit XML, for CI: one test suite for each kind, one test case for each check. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from infra.outcome import Verdict
from infra.text import visible
from ringfence.verify.result import DESCRIPTIONS, Kind

if TYPE_CHECKING:
    from ringfence.verify.result import Result

ELEMENTS = {Verdict.FAIL: "failure", Verdict.ERROR: "error", Verdict.SKIPPED: "skipped", Verdict.NOT_APPLICABLE: "skipped"}


def render(result: Result) -> str:
    """Return the document. JUnit has no not-applicable: it becomes a skip whose message says so."""
    root = Element("testsuites", name="ringfence verify", timestamp=result.started)
    for kind in Kind:
        checks = [check for check in result.checks if check.kind is kind]
        if not checks:
            continue
        counts = result.counts(kind)
        suite = SubElement(
            root,
            "testsuite",
            name=f"{kind}: {DESCRIPTIONS[kind]}",
            tests=str(len(checks)),
            failures=str(counts[Verdict.FAIL]),
            errors=str(counts[Verdict.ERROR]),
            skipped=str(counts[Verdict.SKIPPED] + counts[Verdict.NOT_APPLICABLE]),
            time=str(result.seconds.get(str(kind), 0.0)),
        )
        for check in checks:
            outcome = check.outcome
            names = {"name": visible(outcome.check), "classname": visible(f"{kind}.{outcome.tenant or 'platform'}")}
            case = SubElement(suite, "testcase", {**names, "time": f"{outcome.seconds:.3f}"})
            if outcome.verdict in ELEMENTS:
                SubElement(case, ELEMENTS[outcome.verdict], message=visible(f"{outcome.verdict}: {outcome.reason}"))
    indent(root)
    return tostring(root, encoding="unicode", xml_declaration=True) + "\n"
