"""Where ringfence keeps things on this machine: state, which has to last, and a cache, which may be deleted at any time.

The XDG base directory specification names both folders; ``RINGFENCE_STATE`` and ``RINGFENCE_CACHE`` name others. ``scripts/paths.sh`` says
the same for scripts that run before there is a Python, and a test holds that both agree. Needs nothing but Python.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

STATE, CACHE = "RINGFENCE_STATE", "RINGFENCE_CACHE"
NAME = "ringfence"


def state(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of keys, reports, logs and stacks."""
    return _folder(environment, STATE, "XDG_STATE_HOME", Path(".local", "state"))


def cache(environment: Mapping[str, str] | None = None) -> Path:
    """Return the folder of what is found again by its content: the guest image, the engine, environments."""
    return _folder(environment, CACHE, "XDG_CACHE_HOME", Path(".cache"))


def automation_key() -> Path:
    """Return the file of the automation's private key; its public half is beside it, with the suffix ``.pub``."""
    return state() / "keys" / "automation"


def authority_key(name: str) -> Path:
    """Return the file of the private key of the SSH authority ``operators`` or ``hosts``; as the automation's, it is in no project."""
    return state() / "keys" / f"{name}-authority"


def _folder(environment: Mapping[str, str] | None, own: str, standard: str, default: Path) -> Path:
    """Our variable, else the XDG one with our name below it, else the default below the home folder. An empty one counts as absent."""
    settings = os.environ if environment is None else environment
    if chosen := settings.get(own):
        return Path(chosen)
    home = settings.get("HOME")
    return Path(settings.get(standard) or (Path(home) if home else Path.home()) / default) / NAME
