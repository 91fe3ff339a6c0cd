"""Where state and cache are: one answer for Python and for the shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra import paths
from tests.fast.architecture.sources import ROOT

SETTINGS: dict[str, tuple[dict[str, str], str, str]] = {
    "nothing but a home": ({"HOME": "/h"}, "/h/.local/state/ringfence", "/h/.cache/ringfence"),
    "XDG's": ({"HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c"}, "/s/ringfence", "/c/ringfence"),
    "our own": ({"HOME": "/h", "XDG_STATE_HOME": "/s", "RINGFENCE_STATE": "/a", "RINGFENCE_CACHE": "/b"}, "/a", "/b"),
    "empty ones": (
        {"HOME": "/h", "XDG_STATE_HOME": "", "RINGFENCE_STATE": "", "RINGFENCE_CACHE": ""},
        "/h/.local/state/ringfence",
        "/h/.cache/ringfence",
    ),
}


@pytest.mark.parametrize(("settings", "state", "cache"), SETTINGS.values(), ids=SETTINGS)
def test_our_own_variable_wins_over_the_standard_one_and_that_over_the_default(settings: dict[str, str], state: str, cache: str) -> None:
    """An empty variable counts as absent."""
    assert (paths.state(settings), paths.cache(settings)) == (Path(state), Path(cache))


@pytest.mark.parametrize(("settings", "state", "cache"), SETTINGS.values(), ids=SETTINGS)
def test_the_shell_has_the_same_answer(settings: dict[str, str], state: str, cache: str) -> None:
    """Scripts that run before there is a Python source scripts/paths.sh."""
    script = 'source "$0"; printf "%s\\n%s\\n" "$STATE" "$CACHE"'
    done = subprocess.run(["/bin/bash", "-c", script, ROOT / "scripts/paths.sh"], env=settings, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [state, cache]


def test_nobody_else_says_where_state_and_cache_are() -> None:
    """The names of the standard's variables stand in the two places only."""
    files = [path for folder in ("infra", "hardening", "scripts") for path in (ROOT / folder).rglob("*") if path.is_file()]
    texts = {path.relative_to(ROOT): path.read_bytes() for path in files if "__pycache__" not in path.parts and ".venv" not in path.parts}
    assert {str(path) for path, text in texts.items() if b"XDG_STATE" in text or b"XDG_CACHE" in text} == {
        "infra/paths.py",
        "scripts/paths.sh",
    }
