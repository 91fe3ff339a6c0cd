from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.truth import netns
from tests.truth.neutron import environment

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True, scope="session")
def _nothing_left_behind() -> Iterator[None]:
    """Take away what a killed run left, and end what tests of several modules share."""
    netns.sweep()
    yield
    environment.end()
