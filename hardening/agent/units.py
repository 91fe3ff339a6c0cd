"""The units that read the files of a generation."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hardening.agent import store
from hardening.agent.generation import files_digest, wanted
from hardening.agent.paths import EXIT_REFUSED, PolicyError
from hardening.agent.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardening.agent.paths import Paths

PROPERTIES = ("Id", "LoadState", "ActiveState", "SubState")
SOMETHING_ELSE = "unknown"
"""Stands for what units have read while they are being restarted."""


def states(units: Iterable[str]) -> dict[str, dict[str, str]]:
    """What systemd says of units, by the name that was asked for."""
    names = sorted(set(units))
    if not names:
        return {}
    asked = [f"--property={','.join(PROPERTIES)}", "--", *names]
    answers = run("systemctl", "show", *asked).stdout.strip().split("\n\n")
    read = [dict(line.partition("=")[::2] for line in answer.splitlines()) for answer in answers]
    return dict(zip(names, read, strict=False))


def refuse_unknown_units(units: Iterable[str]) -> None:
    """Raise :class:`PolicyError` when a unit is not there or is masked: its files would be read by nobody."""
    names = sorted(set(units))
    known = states(names)
    for name in names:
        state = known.get(name, {}).get("LoadState", "not-found")
        if state != "loaded":
            raise PolicyError(EXIT_REFUSED, f"units: {name} is {state} on this server; expected loaded")


def failed(units: Iterable[str]) -> list[str]:
    """Units that have failed, or that systemd starts again and again."""
    return [
        name for name, state in states(units).items() if state.get("ActiveState") == "failed" or state.get("SubState") == "auto-restart"
    ]


def restart(paths: Paths, new: str, *old: str) -> str:
    """Restart what reads the files of generation ``new``, and what has read those of the ``old`` ones, if it has not read the new ones yet.

    What was said against it, or nothing. A unit whose condition asks for a file that is not there any more ends.
    """
    if last_read(paths) == files_digest(new):
        return ""
    forget(paths)
    units = sorted({unit for generation in (new, *old) for unit in wanted(generation)[1]})
    said = ""
    if units:
        run("systemctl", "reset-failed", "--", *units)
        result = run("systemctl", "restart", "--", *units)
        broken = failed(units)
        if result.returncode or broken:
            said = f"units did not start with the files ({', '.join(broken) or result.stderr.strip()}): see their journal"
    if not said:
        store.write(paths.read_by_units, files_digest(new))
    return said


def forget(paths: Paths) -> None:
    """Nobody knows what the units have read: files were changed by hand, or a restart has begun."""
    store.write(paths.read_by_units, SOMETHING_ELSE)


def last_read(paths: Paths) -> str:
    """Digest of the files that the units have read; after a restart of the server, of those that were confirmed."""
    if os.path.exists(paths.read_by_units):  # noqa: PTH110 - pathlib costs an emulated guest a quarter of a second
        return store.read(paths.read_by_units)
    return files_digest(paths.confirmed)
