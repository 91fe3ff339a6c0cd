"""How often Neutron's repair looks, with the real library."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.truth.neutron import environment

pytestmark = pytest.mark.truth


def test_the_repair_looks_as_often_as_the_lab_says() -> None:
    """Neutron reads the time once, when the module is loaded: set later, it would change nothing."""
    command = (str(environment.python()), str(Path(__file__).with_name("interval.py")))
    path = str(environment.ROOT / "scripts")
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "30\n", done.stderr
