"""Neutron's own environment: built once from requirements-truth.lock, kept in the cache by content."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
BUILD = """
set -euo pipefail
source "$ROOT/scripts/toolchain/uv.sh"
follow_pip_settings
find_uv
home=$CACHE/truth-venv/$(sha256sum <"$ROOT/requirements-truth.lock" | cut -c1-16)
if [[ ! -e $home/.complete ]]; then
    rm -rf "$home"
    "$UV" venv --quiet --python "$PYTHON" "$home"
    "$UV" pip sync --quiet --python "$home" --require-hashes "$ROOT/requirements-truth.lock"
    touch "$home/.complete"
fi
echo "$home"
"""
SECONDS = 900


def python() -> Path:
    """Return the interpreter of the environment, built first when it is not there."""
    cache = os.environ.get("RINGFENCE_CACHE") or f"{os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache'}/ringfence"
    variables = {**os.environ, "ROOT": str(ROOT), "CACHE": cache, "PYTHON": "/usr/bin/python3"}
    done = subprocess.run(["bash", "-c", BUILD], env=variables, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip()) / "bin" / "python"


def translate(**asked: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """Ask Neutron; see oracle.py for what may be asked."""
    command = [str(python()), str(Path(__file__).with_name("oracle.py"))]
    done = subprocess.run(command, input=json.dumps(asked), capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
