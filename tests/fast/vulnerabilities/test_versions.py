"""The order of versions; dpkg itself judges it in ``tests/truth/vulnerabilities``."""

from __future__ import annotations

from itertools import pairwise

import pytest

from infra.vulnerabilities.versions import key

pytestmark = pytest.mark.fast
RISING = (
    "0",
    "1.0~~",
    "1.0~rc1",
    "1.0",
    "1.0-0.1",
    "1.0-1~bpo1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb13u1",
    "1.0-10",
    "1.0a",
    "1.0+x",
    "1.00.1",
    "1:0",
)


def test_versions_rise_as_debian_says() -> None:
    """Tilde before the end, letters before other signs, numbers by value, the epoch before all."""
    assert all(key(lower) < key(higher) for lower, higher in pairwise(RISING))


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0-0"), ("0:1", "1"), ("1.01", "1.1"), ("1.", "1.0")])
def test_versions_may_be_equal_and_written_otherwise(one: str, other: str) -> None:
    """An absent revision and an absent epoch are nothing, zeros in front mean nothing."""
    assert key(one) == key(other)


@pytest.mark.parametrize("text", ["", "1.0-", "-1", "a:1", "1:", "1 0", "1_0", "1.0\n", "\u0661.0", "1:2-3:4", "1" * 500])
def test_what_is_no_version_has_no_place_in_the_order(text: str) -> None:
    """It is refused, and never just old or new."""
    with pytest.raises(ValueError, match="not a version"):
        key(text)
