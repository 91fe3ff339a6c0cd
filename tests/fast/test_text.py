"""Numbers with their nouns."""

from __future__ import annotations

import pytest

from infra.text import counted

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(("number", "said"), [(0, "0 things are"), (1, "1 thing is"), (2, "2 things are")])
def test_a_number_has_the_noun_that_fits(number: int, said: str) -> None:
    """One thing is, others are."""
    assert counted(number, "thing is", "things are") == said
