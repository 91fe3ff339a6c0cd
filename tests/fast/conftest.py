"""Settings of the inner loop."""

from __future__ import annotations

import gc
import os
import sys

import pytest

# What pytest makes of a module with assertions takes a second time as long as to read what it made before: that is kept, as in any other
# run of it, also where PYTHONDONTWRITEBYTECODE is set. First of all, since it makes as much of hypothesis as of the tests.
sys.dont_write_bytecode = False
from hypothesis import settings  # noqa: E402 - as said

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
