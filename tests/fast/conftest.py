"""Settings of the inner loop."""

from __future__ import annotations

import gc
import os
import sys

import pytest
from hypothesis import settings

# Few examples each time, others every time: the inner loop stays short, and a failure is kept and tried first the next time.
settings.register_profile("fast", max_examples=int(os.environ.get("RINGFENCE_EXAMPLES", "25")), deadline=None)
settings.load_profile("fast")

# What pytest makes of a test module takes a second time as long as to read what it made before: that is kept, as in any other run of it,
# also where PYTHONDONTWRITEBYTECODE is set. Nothing of what is collected is ever garbage.
sys.dont_write_bytecode = False
gc.disable()


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave modules and tests out of every later search for garbage; tests that call for one are then as quick as it is."""
    gc.enable()
    gc.freeze()
    # Tests leave little garbage in circles: one search in fifty thousand objects instead of one in seven hundred.
    gc.set_threshold(50_000, 20, 50)
