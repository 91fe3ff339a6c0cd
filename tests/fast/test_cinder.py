"""What Cinder tells of keys: the field of one that is not encrypted is left out, null or of the fixed key."""

from __future__ import annotations

import pytest

from infra import cinder

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("row", [{}, {"encryption_key_id": None}, {"encryption_key_id": "00000000-0000-0000-0000-000000000000"}])
def test_what_has_no_secret_has_no_key(row: dict[str, object]) -> None:
    """Three ways to say it."""
    assert cinder.key_of(row) == ""


def test_a_key_is_told() -> None:
    """The twin."""
    assert cinder.key_of({"encryption_key_id": "k1"}) == "k1"


def test_a_volume_without_an_owner_is_nobodys() -> None:
    """Nothing is said about it: the answer is of another shape."""
    with pytest.raises(KeyError):
        cinder.project_of({"id": "v1"})
