"""Settings of the inner loop."""

from __future__ import annotations

import gc
import os
import re
import sys
from typing import TYPE_CHECKING

import pytest

# What pytest makes of a module with assertions takes a second time as long as to read what it made before: that is kept, as in any other
# run of it, also where PYTHONDONTWRITEBYTECODE is set. First of all, since it makes as much of hypothesis as of the tests.
sys.dont_write_bytecode = False
from hypothesis import settings  # noqa: E402 - as said

from tests.fast.folders import new_folder  # noqa: E402 - as said

if TYPE_CHECKING:
    from pathlib import Path

    from xdist.remote import Producer  # type: ignore[import-untyped] # it has no types
    from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped] # it has no types

# Few examples each time, others every time: the inner loop stays short, and a failure is kept and tried first the next time. Whoever has
# more time asks for more, as the whole of scripts/test does.
settings.register_profile("fast", max_examples=int(os.environ.get("RINGFENCE_EXAMPLES", "10")), deadline=None)
settings.load_profile("fast")

# Nothing of what is collected is ever garbage.
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave modules and tests out of every later search for garbage; tests that call for one are then as quick as it is."""
    gc.enable()
    gc.freeze()
    # Tests leave little garbage in circles: one search in fifty thousand objects instead of one in seven hundred.
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure() -> None:
    """Leave all that is left out of the searches at the process's end: pytest has just searched it for what tests left behind."""
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling | None:
    """Give two processes a folder at a time: what tests of one folder build once and import is not built and imported by both."""
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - only where there are several processes

    class ByFolder(LoadScopeScheduling):  # type: ignore[misc] # it has no types
        def _split_scope(self, nodeid: str) -> str:
            return "/".join(nodeid.split("/")[:3])

    two = config.getvalue("dist") == "load" and len(config.getvalue("tx")) <= 2
    return ByFolder(config, log) if two else None


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new folder of the test's own."""
    name = re.sub(r"\W", "_", request.node.name)[:30]
    return new_folder(tmp_path_factory, name)
