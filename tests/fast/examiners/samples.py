"""Small results in the examiners' own forms, and what is made of them."""

from __future__ import annotations

from datetime import date

from examiners.exceptions import Allowance
from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said.xccdf import NAMESPACE, PROFILE, RULE

TODAY = date(2026, 11, 30)


def results(
    *rules: tuple[str, str], profile: str = "cis_level2_server", ended: str = "2026-11-30T00:00:00+00:00", filler: int = 20
) -> bytes:
    """XCCDF results as OpenSCAP writes them, with so many passes besides."""
    rows = [*rules, *((f"filler_{number}", "pass") for number in range(filler))]
    inner = "".join(f'<rule-result idref="{RULE}{rule}" severity="low"><result>{word}</result></rule-result>' for rule, word in rows)
    head = f'<TestResult id="x" version="0.1.82" end-time="{ended}" test-system="cpe:/a:redhat:openscap:1.4.2">'
    text = f'<Benchmark xmlns="{NAMESPACE}" id="y">{head}<profile idref="{PROFILE}{profile}"/>{inner}</TestResult></Benchmark>'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}'.encode()


def run(
    *findings: tuple[str, Result],
    scope: str = "cis_level2_server",
    tier: Tier = Tier.BOOTED,
    figures: dict[str, float] | None = None,
) -> Examination:
    """A run of OpenSCAP that found this."""
    return Examination(Examiner.OPENSCAP, scope, tier, "1", tuple(Finding(rule, result) for rule, result in findings), figures or {})


def allowance(rule: str, result: Result = Result.FAIL, expires: date = TODAY, **more: object) -> Allowance:
    """An exception that is good until today."""
    return Allowance(rule, Examiner.OPENSCAP, result, "a reason", "an owner", expires, **more)  # type: ignore[arg-type]
