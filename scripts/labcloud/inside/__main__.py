"""``python3 -m labcloud.inside LAB STEP``: run one step; its output goes to the log of the service it belongs to."""

from __future__ import annotations

import sys
from pathlib import Path

from labcloud.inside.steps import STEPS
from labcloud.layout import Layout

if __name__ == "__main__":
    STEPS[sys.argv[2]](Layout.load(Path(sys.argv[1])))
