"""A Pulumi that the machine already has: used when it fits the Python SDK, and named on the screen with the reason when it does not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from toolchain.parts import pinned

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolchain.places import Places

_COMPANIONS = ("pulumi-language-python", "pulumi-language-python-exec", "pulumi-resource-pulumi-python")
_ANSWER_TIME_S = 20


@dataclass(frozen=True, slots=True)
class Installed:
    """The answer to "is there one?": ``binary`` is None when there is none that fits, ``why`` says what was found."""

    binary: Path | None
    why: str


def look(places: Places, environ: Mapping[str, str]) -> Installed:
    """Look for a fitting ``pulumi`` with its Python language host on PATH, passing over the ones that we built ourselves."""
    path = os.pathsep.join(
        folder for folder in environ.get("PATH", os.defpath).split(os.pathsep) if not Path(folder).is_relative_to(places.toolchain)
    )
    found = shutil.which("pulumi", path=path)
    if not found:
        return Installed(None, "no pulumi on PATH")
    absent = [name for name in _COMPANIONS if not shutil.which(name, path=path)]
    if absent:
        return Installed(None, f"{found} has no {', '.join(absent)} beside it")
    version = _version(found, environ)
    if not fits(version, pinned("pulumi")):
        return Installed(None, f"{found} is {version or 'unusable'}, at least v{pinned('pulumi')} of the same major version is needed")
    return Installed(Path(found), f"{found} {version}")


def fits(version: str, sdk: str) -> bool:
    """Tell whether an engine ``v3.260.1`` can run programs of SDK ``3.259.0``: same major version, not older."""
    match = re.fullmatch(r"v(\d+)\.(\d+)\.(\d+)(?:[-+].*)?", version)
    if not match:
        return False
    engine, needed = tuple(map(int, match.groups())), tuple(map(int, sdk.split(".")))
    return engine[0] == needed[0] and engine >= needed


def _version(binary: str, environ: Mapping[str, str]) -> str:
    quiet = {**environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run([binary, "version"], env=quiet, capture_output=True, text=True, check=False, timeout=_ANSWER_TIME_S)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout.strip()
