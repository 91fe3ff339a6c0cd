"""The platform of these tests, started once."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.truth.operators import tree, world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.truth.operators.world import World


@pytest.fixture(scope="session")
def guest_tree(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The image's packages and files as a tree; taken away at the end, for it is large."""
    if os.geteuid() != 0:
        pytest.skip("mount and network spaces need root")
    if missing := [program for program in ("ip", "nsenter", "unshare", "mmdebstrap", "dpkg") if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
    made = tree.guest(tmp_path_factory.mktemp("operators"))
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="session")
def platform(guest_tree: Path) -> Iterator[World]:
    """Everything is up: sshd on bastion and server, the relay, the store."""
    yield from world.build(guest_tree)
