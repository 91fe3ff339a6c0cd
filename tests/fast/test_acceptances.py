"""Accepted deviations: one sentence about one object, until a day, and always said."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from infra.acceptances import AcceptedDeviation, aged, applied
from infra.outcome import CheckVerdict, Deviation, DeviationKind, Outcome

pytestmark = pytest.mark.fast
TODAY = date(2026, 6, 1)
TEXT, OBJECT = "undeclared role admin of user auditor in project acme, inherited from domain Default", "/domains/d/users/u/roles/r"
ROLE = Deviation(DeviationKind.UNDECLARED, "role assignment", OBJECT, "admin of auditor", TEXT)
OTHER = Deviation(DeviationKind.UNDECLARED, "role assignment", "/other", "admin of mallory", "undeclared role admin of user mallory")
VALUES = {
    "id": "D1",
    "tenant": "acme",
    "object": OBJECT,
    "text": TEXT,
    "owner": "anna",
    "ticket": "SEC-41",
    "reason": "auditors",
    "expires": date(2026, 12, 31),
}


def accepted(**changes: object) -> AcceptedDeviation:
    """Return an acceptance of the role."""
    return AcceptedDeviation.model_validate({**VALUES, **changes})


def failed(*deviations: Deviation) -> Outcome:
    """Return an outcome that failed."""
    return Outcome("acme roles", CheckVerdict.FAIL, "; ".join(map(str, deviations)), "acme", deviations=deviations)


def test_what_is_accepted_is_no_failure_and_is_said() -> None:
    """By a skip, with who, why, and until when."""
    passed, said = applied([failed(ROLE)], [accepted()], TODAY)
    assert (passed.verdict, passed.deviations) == (CheckVerdict.PASS, ())
    assert (said.verdict, said.tenant) == (CheckVerdict.SKIPPED, "acme")
    assert TEXT in said.check
    assert said.reason == "accepted by anna until 2026-12-31 (D1, SEC-41): auditors"


def test_what_else_is_wrong_is_still_a_failure() -> None:
    """With the rest as its reason."""
    first, said = applied([failed(ROLE, OTHER)], [accepted()], TODAY)
    assert (first.verdict, first.reason, first.deviations) == (CheckVerdict.FAIL, OTHER.text, (OTHER,))
    assert said.verdict is CheckVerdict.SKIPPED


@pytest.mark.parametrize(
    "changes",
    [{"tenant": "globex"}, {"object": "/other"}, {"text": "undeclared role admin"}, {"expires": date(2026, 5, 31)}],
    ids=["another tenant", "another object", "a part of the sentence", "its day is over"],
)
def test_anything_else_is_not_covered(changes: dict[str, object]) -> None:
    """Word for word, and until its day."""
    assert list(applied([failed(ROLE)], [accepted(**changes)], TODAY)) == [failed(ROLE)]


@pytest.mark.parametrize("verdict", [CheckVerdict.ERROR, CheckVerdict.SKIPPED])
def test_what_could_not_be_told_stays_so(verdict: CheckVerdict) -> None:
    """Nobody accepts what is not known."""
    outcome = Outcome("acme roles", verdict, TEXT, "acme", deviations=(ROLE,))
    assert list(applied([outcome], [accepted()], TODAY)) == [outcome]


def test_what_ran_out_and_what_matches_nothing_is_said() -> None:
    """A file of exceptions is kept short."""
    listed = [accepted(), accepted(id="D2", expires=date(2026, 5, 31)), accepted(id="D3", object="/gone")]
    said = [text for _, text in aged(listed, [failed(ROLE)], TODAY)]
    assert said == [
        "acceptance D2 (SEC-41, anna) ran out on 2026-05-31",
        "acceptance D3 (SEC-41, anna) matches nothing that was found",
    ]


@pytest.mark.parametrize("key", VALUES)
def test_nothing_is_accepted_without_everything_that_it_says(key: str) -> None:
    """Owner, ticket, reason and day included."""
    with pytest.raises(ValidationError):
        AcceptedDeviation.model_validate({name: value for name, value in VALUES.items() if name != key})
