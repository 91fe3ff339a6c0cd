"""How each tenant stands, from what is known without asking a server."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from infra.fleet.standing import Known, Stack, Verified, exit_code, standings
from infra.outcome import CheckVerdict

pytestmark = pytest.mark.fast
NOW, OLDEST = datetime(2026, 11, 30, tzinfo=UTC), timedelta(days=30)
WELL = Known(
    declared={"acme"},
    mistakes={},
    stacks={"acme": Stack("acme", "2026-11-29", 60)},
    locks={},
    ended={},
    verified={"acme": Verified(NOW - timedelta(days=1), green=True)},
)
PASS, FAIL, ERROR, SKIPPED = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.SKIPPED


def test_somebody_who_is_well_has_nothing_said_of_them() -> None:
    """Declared, up, verified of late, not locked."""
    (one,) = standings(WELL, NOW, OLDEST)
    assert (one.tenant, one.verdict, one.said, exit_code([one])) == ("acme", PASS, (), 0)


@pytest.mark.parametrize(
    ("change", "verdict", "said", "code"),
    [
        ({"declared": ()}, FAIL, "nobody declares it", 1),
        ({"ended": {"acme": ["old"]}}, FAIL, "flows that ended: old", 1),
        ({"verified": {"acme": Verified(NOW, green=False)}}, FAIL, "the last verification was not green", 1),
        ({"verified": {}}, ERROR, "never verified", 2),
        ({"verified": {"acme": Verified(NOW - timedelta(days=31), green=True)}}, ERROR, "last verified 31 days ago", 2),
        ({"locks": {"acme": "the lock of acme"}}, ERROR, "the lock of acme", 2),
        ({"declared": (), "mistakes": {"acme": "a comma"}}, ERROR, "its declaration has mistakes: a comma", 2),
        ({"stacks": {}}, SKIPPED, "not up", 0),
        ({"stacks": {"acme": Stack("acme", "", 0)}}, SKIPPED, "not up", 0),
        ({"stacks": {"acme": Stack("acme", "", None)}}, ERROR, "the engine does not tell whether it is up", 2),
        ({"declared": (), "stacks": {}}, None, "", 2),
    ],
)
def test_what_keeps_somebody_from_a_pass_is_said(change: dict[str, Any], verdict: CheckVerdict | None, said: str, code: int) -> None:
    """A fault is 1, what cannot be told 2, and who is not up is neither."""
    found = standings(replace(WELL, **change), NOW, OLDEST)
    assert [one.verdict for one in found] == ([verdict] if verdict else [])
    assert said in " ".join(part for one in found for part in one.said)
    assert exit_code(found) == code


def test_everything_is_said_and_the_worst_counts() -> None:
    """A fault hides no doubt."""
    known = replace(WELL, ended={"acme": ["old"]}, locks={"acme": "locked"}, verified={})
    (one,) = standings(known, NOW, OLDEST)
    assert (one.verdict, one.said) == (FAIL, ("flows that ended: old", "locked", "never verified"))
