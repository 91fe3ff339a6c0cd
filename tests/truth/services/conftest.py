"""The guest's tree, and hosts made of it."""

from __future__ import annotations

import fcntl
import os
import sys
from typing import TYPE_CHECKING

import pytest

from hardening.image import build, cache, root
from hardening.image.progress import Progress
from tests.truth.services.house import House

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is in the image, as a folder."""
    if os.geteuid() != 0:
        pytest.skip("namespaces and a guest's tree need root")
    folder = tmp_path_factory.mktemp("guest") / "tree"
    cache.directory().mkdir(parents=True, exist_ok=True)
    with (cache.directory() / ".tests").open("a") as lock:  # the first of a day fetches them
        fcntl.flock(lock, fcntl.LOCK_EX)
        build.unpack_packages(folder, cache.directory(), Progress(sys.stderr))
    root.edit(folder)
    return folder


@pytest.fixture
def house(tree: Path, tmp_path: Path) -> Iterator[House]:
    """An empty street of hosts."""
    made = House(tmp_path / "house", tree)
    made.open()
    try:
        yield made
    finally:
        made.close()
