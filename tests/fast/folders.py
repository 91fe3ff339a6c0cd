"""New folders for tests: beside making one, pytest links to the last and looks where links lead, which costs more."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

_NUMBERS = itertools.count()


def new_folder(factory: pytest.TempPathFactory, name: str) -> Path:
    """Return a new and empty folder below pytest's own, kept and removed with it; ``name`` is for people."""
    folder = factory.getbasetemp() / f"{name}-{next(_NUMBERS)}"
    folder.mkdir(mode=0o700)
    return folder
