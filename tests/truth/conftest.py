from __future__ import annotations

import pytest

from tests.truth import netns


@pytest.fixture(autouse=True, scope="session")
def _nothing_left_behind() -> None:
    """Take away what a killed run left."""
    netns.sweep()
