"""Settings of the inner loop."""

from __future__ import annotations

import os

from hypothesis import settings

# Few examples each time, others every time: the inner loop stays short, and a failure is kept and tried first the next time.
settings.register_profile("fast", max_examples=int(os.environ.get("RINGFENCE_EXAMPLES", "25")), deadline=None)
settings.load_profile("fast")
