"""Units are held to their exposure, those of our own that do not run included."""

from __future__ import annotations

import json

import pytest

from examiners.model import Examination, ExaminerError, Result, Tier
from examiners.said import systemd

OVERVIEW = json.dumps(
    [{"unit": f"{name}.service", "exposure": exposure, "predicate": "x"} for name, exposure in (("a", "3.0"), ("b", "3.1"))]
)
OWN = "→ Overall exposure level for ringfence-one.service: 9.6 UNSAFE\n"


def read(overview: str = OVERVIEW, own: str = OWN) -> Examination:
    """Read what systemd says."""
    return systemd.read(overview, own, where="a file", tier=Tier.BOOTED)


def test_a_unit_may_be_exposed_up_to_the_limit() -> None:
    """At three it passes, above it fails."""
    assert {one.rule: one.result for one in read().findings} == {
        "a.service": Result.PASS,
        "b.service": Result.FAIL,
        "ringfence-one.service": Result.FAIL,
    }


@pytest.mark.parametrize(
    ("overview", "own"),
    [
        pytest.param("[]", OWN, id="no-unit-runs"),
        pytest.param(OVERVIEW, "", id="none-of-our-own"),
        pytest.param("", OWN, id="empty"),
        pytest.param('[{"unit":"a.service"}]', OWN, id="no-exposure"),
        pytest.param('[{"unit":"a.service","exposure":"low"}]', OWN, id="no-number"),
        pytest.param('[{"unit":"","exposure":"1"}]', OWN, id="no-name"),
    ],
)
def test_what_lists_no_units_is_refused(overview: str, own: str) -> None:
    """Nothing to complain of is not the same as nothing seen."""
    with pytest.raises(ExaminerError, match="cannot be read"):
        read(overview, own)
