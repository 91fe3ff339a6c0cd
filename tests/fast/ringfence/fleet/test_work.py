"""What the end of a tenant's process means."""

from __future__ import annotations

import json

import pytest

from infra.outcome import CheckVerdict
from ringfence.fleet.work import Action, Judge, command

pytestmark = pytest.mark.fast
PASS, FAIL, ERROR = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR
SAME = json.dumps({"changeSummary": {"same": 93}})
CHANGES = json.dumps({"changeSummary": {"same": 90, "create": 2, "update": 1}})
REFUSED = json.dumps({"changeSummary": {"same": 1}, "diagnostics": [{"severity": "error", "message": "error: db would be replaced\nnext"}]})


@pytest.mark.parametrize("action", Action)
def test_every_command_names_its_tenant(action: Action) -> None:
    """No stack is ever selected: a selection is one for all processes."""
    words = list(command(action, "acme"))
    assert "acme" in words
    assert "select" not in words


@pytest.mark.parametrize(
    ("action", "code", "out", "verdict", "said"),
    [
        (Action.UP, 0, "", PASS, "as declared"),
        (Action.UP, 1, "x\nerror: no quota\n", ERROR, "error: no quota"),
        (Action.UP, 255, "", ERROR, "it said nothing"),
        (Action.UP, 130, "", ERROR, "interrupted"),
        (Action.UP, -9, "", ERROR, "ended by signal 9"),
        (Action.VERIFY, 0, "", PASS, "verified"),
        (Action.VERIFY, 1, "", FAIL, "not as promised"),
        (Action.VERIFY, 2, "", ERROR, "exit code 2"),
        (Action.DRIFT, 1, "", FAIL, "differences"),
        (Action.BACKUP, 1, "", FAIL, "not all is backed up"),
        (Action.PREVIEW, 0, SAME, PASS, "no change"),
        (Action.PREVIEW, 0, CHANGES, PASS, "would create 2, update 1"),
        (Action.PREVIEW, 1, REFUSED, ERROR, "error: db would be replaced"),
        (Action.PREVIEW, 1, "no JSON", ERROR, "no JSON"),
        (Action.PREVIEW, 0, "", ERROR, "does not tell"),
        (Action.PREVIEW, 0, "[]", ERROR, "does not tell"),
        (Action.PREVIEW, 0, "{}", ERROR, "does not tell"),
    ],
)
def test_only_the_right_end_is_a_pass(action: Action, code: int, out: str, verdict: CheckVerdict, said: str) -> None:
    """Whatever is not understood is an error, and names what was said."""
    how = Judge(action)(code, out, "", 1.0)
    assert (how.verdict, said in how.said) == (verdict, True), how


def test_a_change_is_a_finding_for_whoever_expects_none() -> None:
    """As the engine's own option has it."""
    assert Judge(Action.PREVIEW, unchanged=True)(0, CHANGES, "", 1.0).verdict is FAIL
    assert Judge(Action.PREVIEW, unchanged=True)(0, SAME, "", 1.0).verdict is PASS
