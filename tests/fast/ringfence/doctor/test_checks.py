"""The judges of ``ringfence doctor`` on what a real cloud answered: it lacks nothing, and every damage is noticed by its check alone."""

from __future__ import annotations

import pytest

from infra.outcome import CheckVerdict
from ringfence.doctor.checks import CHECKS
from ringfence.doctor.examination import HOLDS, LACKING, UNTOLD, examine, exit_code
from ringfence.doctor.model import DECLARATION, STACKS, Check, Declared, Facts, Finding
from ringfence.doctor.reads import NAMED, READS
from tests.fast.ringfence.doctor import recorded
from tests.fast.ringfence.doctor.damages import DAMAGES, HARMLESS

pytestmark = pytest.mark.fast
BAD = {CheckVerdict.FAIL, CheckVerdict.ERROR}
NEVER_BAD = {"routes": "says only what is known", "left-open": "as above"}
"""Checks that find nothing lacking, and why."""


def bad(facts: Facts) -> dict[str, CheckVerdict]:
    """Return the checks that fail or cannot tell."""
    return {each.check.name: each.verdict for each in examine(facts) if each.verdict in BAD}


def test_a_cloud_with_all_that_is_needed_lacks_nothing() -> None:
    """The lab with its tenants up: no check is bad, and what was not looked at says why."""
    examined = examine(recorded.facts())
    assert bad(recorded.facts()) == {}
    assert exit_code(examined) == HOLDS
    skipped = {each.check.name for each in examined if each.verdict is CheckVerdict.SKIPPED}
    assert skipped == {"bastion-route", "bastion-allowed"}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_is_lacking_is_noticed_by_its_check_alone(damage: object) -> None:
    """One damage, one check that says what and how to mend it; whoever notices too is named in the table."""
    assert isinstance(damage, type(next(iter(DAMAGES.values()))))
    case = recorded.case()
    damage.do(case)
    examined = {each.check.name: each for each in examine(case.facts())}
    each = examined[damage.check]
    said = [finding for finding in each.findings if finding.verdict is damage.verdict and damage.words in finding.what]
    assert each.verdict is damage.verdict, each.findings
    assert said, each.findings
    assert all(finding.mend for finding in said)
    assert {name for name, one in examined.items() if one.verdict in BAD} - {damage.check} <= damage.also
    assert exit_code(list(examined.values())) == (LACKING if any(one.verdict is CheckVerdict.FAIL for one in examined.values()) else UNTOLD)


@pytest.mark.parametrize("do", HARMLESS.values(), ids=HARMLESS)
def test_what_is_only_different_lacks_nothing(do: object) -> None:
    """Other names, other settings, other people's things: nothing of it is a finding."""
    assert callable(do)
    case = recorded.case()
    do(case)
    assert bad(case.facts()) == {}


def test_every_check_has_a_damage_that_it_notices() -> None:
    """A check that nothing can fail is no check."""
    assert {damage.check for damage in DAMAGES.values()} | NEVER_BAD.keys() == {check.name for check in CHECKS}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_what_a_check_needs_and_nobody_answers_is_no_pass(check: Check) -> None:
    """Refused, failed, without an answer, or of another shape: each makes the check "cannot tell", and its service's lack a skip."""
    for need in check.needs:
        if need in NAMED:
            for status, verdict in (
                (403, CheckVerdict.ERROR),
                (500, CheckVerdict.ERROR),
                (0, CheckVerdict.ERROR),
                (404, CheckVerdict.ERROR),
                (-1, CheckVerdict.SKIPPED),
            ):
                case = recorded.case()
                case.answer(need, status)
                assert _one(check, case.facts()) is verdict, (need, status)
            case = recorded.case()
            case.seen["answers"][need]["body"] = {"unknown": []}
            assert _one(check, case.facts()) is CheckVerdict.ERROR, need


def _one(check: Check, facts: Facts) -> CheckVerdict:
    (examined,) = examine(facts, [check])
    return examined.verdict


def test_without_declarations_what_needs_them_is_skipped_and_that_is_lacking() -> None:
    """A folder without a platform is a finding of its own; the rest of the cloud is judged all the same."""
    case = recorded.case()
    case.declared = Declared(problems=recorded.declared().problems or (recorded.MISSING,))
    examined = {each.check: each.verdict for each in examine(case.facts())}
    assert {check.name for check, verdict in examined.items() if verdict is CheckVerdict.FAIL} == {"declarations"}
    assert all(verdict is CheckVerdict.SKIPPED for check, verdict in examined.items() if DECLARATION in check.needs)


def test_without_the_engine_what_is_left_over_cannot_be_told() -> None:
    """What no stack is known to have made may be a living tenant's."""
    case = recorded.case()
    case.made = None
    assert bad(case.facts()) == {check.name: CheckVerdict.ERROR for check in CHECKS if STACKS in check.needs}


def test_a_row_without_a_field_that_decides_cannot_be_told() -> None:
    """An answer of a shape that nobody knows is neither a pass nor a trace-back."""
    case = recorded.case()
    case.row("agents").pop("alive")
    assert bad(case.facts()) == {"agents": CheckVerdict.ERROR}


def test_a_list_that_keystone_cut_off_cannot_be_told() -> None:
    """Who is not listed may be there all the same."""
    case = recorded.case()
    case.seen["answers"]["users"]["body"]["truncated"] = True
    assert bad(case.facts()) == {"names": CheckVerdict.ERROR, "leftover-projects": CheckVerdict.ERROR}


def test_a_check_that_says_nothing_cannot_tell() -> None:
    """Silence is no pass."""
    silent = Check("silent", "", "", (), lambda _facts: iter(()))
    assert _one(silent, recorded.facts()) is CheckVerdict.ERROR


@pytest.mark.parametrize("verdict", sorted(BAD))
def test_a_finding_says_what_mends_it(verdict: CheckVerdict) -> None:
    """Whoever is told that something is lacking is told what to do."""
    with pytest.raises(ValueError, match="mends"):
        Finding(verdict, "something is lacking")


def test_every_question_is_asked_for_a_check() -> None:
    """What nobody looks at is not asked."""
    looked_at = {need for check in CHECKS for need in check.needs} | {"default-rules", "key-quotas"}
    assert {read.name for read in READS} == looked_at - {DECLARATION, STACKS}
