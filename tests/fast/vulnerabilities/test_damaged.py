"""Whatever becomes of a text on its way, it is read as what it was, or refused: never half of it, and never with another error."""

from __future__ import annotations

import contextlib
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.errors import GuestError, QuestionError
from infra.vulnerabilities import tracker
from infra.vulnerabilities.installed import installed, offered, release
from tests.fast.vulnerabilities.publishing import RELEASE, listed
from tests.fast.vulnerabilities.test_installed import KERNEL, PLAN, RECORDS
from tests.fast.vulnerabilities.test_tracker import GOOD, ROWS

pytestmark = pytest.mark.fast
MANY = settings(max_examples=15 * settings().max_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SIGNS = st.sampled_from(
    ["", ",", "\n", "\n\n", "\t", " ", "(", ")", "F", "S", "-1", "99", "CVE-2026-1", "\x00", "\u0661", "Inst x", "Package: ", "_"]
)


@st.composite
def damaged(draw: st.DrawFn, text: str) -> str:
    """A text with a few of its letters replaced."""
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        text = text[:place] + draw(SIGNS) + text[place + draw(st.integers(0, 12)) :]
    return text


@MANY
@given(damaged(GOOD))
def test_damaged_data_is_refused_or_has_as_many_entries_as_lines(text: str) -> None:
    """An entry is never lost silently."""
    with contextlib.suppress(QuestionError):
        data = tracker.read(zlib.compress(text.encode()), "trixie")
        lines = text.split("\n\n")[1].split("\n") if "\n\n" in text else []
        assert sum(map(len, data.entries.values())) == len(lines)


@MANY
@given(damaged(listed(KERNEL, "libssl3t64 3.5.1-1+b1 openssl 3.5.1-1")))
def test_a_damaged_list_of_packages_is_refused_or_has_as_many_as_lines(text: str) -> None:
    """But for those of which only the configuration is left."""
    with contextlib.suppress(GuestError):
        assert len(installed(text)) == sum(line[1] not in "nc" for line in text.splitlines())


@MANY
@given(damaged(PLAN + RECORDS))
def test_a_damaged_plan_is_refused_or_has_all_that_is_planned(text: str) -> None:
    """Each line of it."""
    with contextlib.suppress(GuestError):
        assert len(offered(text)) == sum(line.startswith("Inst ") for line in text.splitlines())


@MANY
@given(damaged(RELEASE))
def test_a_damaged_release_is_refused_or_one(text: str) -> None:
    """No other error."""
    with contextlib.suppress(GuestError):
        assert release(text).name


def test_nothing_is_suppressed_where_nothing_is_damaged() -> None:
    """The texts themselves are read."""
    assert sum(map(len, tracker.read(zlib.compress(GOOD.encode()), "trixie").entries.values())) == len(ROWS)
    assert (len(installed(listed(KERNEL))), len(offered(PLAN + RECORDS)), release(RELEASE).name) == (2, 2, "trixie")
