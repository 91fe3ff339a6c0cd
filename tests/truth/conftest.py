from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.truth import netns
from tests.truth.neutron import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = (Path(__file__).with_name("image"), Path(__file__).with_name("services"))


@pytest.fixture(autouse=True, scope="session")
def _nothing_left_behind() -> Iterator[None]:
    """Take away what a killed run left, and end what tests of several modules share."""
    netns.sweep()
    yield
    environment.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest: of two processes beside each other, neither is left with it alone at the end."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(folder) for folder in LONGEST))
