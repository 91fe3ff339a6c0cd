from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.truth import netns

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]


def test_what_a_killed_run_left_is_taken_away() -> None:
    """The namespace of a process that is gone goes; that of a living one, and anybody else's, stay."""
    with subprocess.Popen((sys.executable, "-c", "pass")) as ended:
        ended.wait()
    kept, gone, others = netns.name("kept"), f"{netns.PREFIX}-{ended.pid}-gone", f"others-{os.getpid()}"
    for each in (kept, gone, others):
        subprocess.run(("ip", "netns", "add", each), check=True)
    try:
        netns.sweep()
        left = {path.name for path in netns.HOME.iterdir()}
        assert {kept, others} <= left
        assert gone not in left
    finally:
        for each in (kept, others):
            subprocess.run(("ip", "netns", "delete", each), check=True)
