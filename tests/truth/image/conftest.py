"""What all tests of the image need: root, and the programs that boot a server."""

from __future__ import annotations

import os
import shutil

import pytest


@pytest.fixture(autouse=True, scope="session")
def _machine_is_able() -> None:
    """Skip, and say why, where network namespaces cannot be made."""
    if os.geteuid() != 0:
        pytest.skip("network namespaces need root")
    if missing := [program for program in ("ip", "nft", "unshare") if shutil.which(program) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}")
