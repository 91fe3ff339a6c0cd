"""Neutron's own environment, which scripts/setup builds, and questions to it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
SECONDS = 900


def python() -> Path:
    """Return the interpreter of the environment, built first when it is not there."""
    done = subprocess.run([str(ROOT / "scripts/setup"), "truth"], capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.splitlines()[-1]) / "bin" / "python"


def translate(**asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Ask Neutron; see oracle.py for what may be asked."""
    # Neutron's libraries warn of their own past; what is left on standard error is about the answer.
    command = [str(python()), "-W", "ignore", str(Path(__file__).with_name("oracle.py"))]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
