"""What holds for every test: its marker is the folder that it lives in (fast, truth or live)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with the name of its top folder, so that `-m fast` and `tests/fast` always mean the same."""
    for item in items:
        item.add_marker(item.path.relative_to(_HERE).parts[0])
