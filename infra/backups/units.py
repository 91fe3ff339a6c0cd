"""The units with which systemd runs the backups, and the drills that are due, every day. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from infra import units

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import time

    from infra.units import UnitPlace

NAME: Final = "ringfence-backup"
DRILL: Final = "ringfence-drill"
STOPPING: Final = "What a stop leaves undone, the next run does; the first signal lets servers go that are held still."
STOP_SECONDS: Final = 120


def service(place: UnitPlace, environment: Mapping[str, str], *, drills: bool) -> str:
    """Return the service of the backups: one run over all tenants. It pulls in the drills, if there are any, which begin when it has ended.

    It wants them and they come after it, so a run that failed keeps nobody from drilling, and each of the two has an outcome of its own.
    """
    wants = (f"Wants={DRILL}.service",) if drills else ()
    commands = ((place.program, "backup run --queue"),)
    return units.service(place, environment, units.Task("Backups of ringfence's tenants", commands, STOPPING, STOP_SECONDS, wants))


def drill(place: UnitPlace, environment: Mapping[str, str]) -> str:
    """Return the service of the drills that are due."""
    commands, after = ((place.program, "backup drill --due --queue"),), (f"After={NAME}.service",)
    return units.service(place, environment, units.Task("Drills of ringfence's backups", commands, STOPPING, STOP_SECONDS, after))


def timer(times: Iterable[time]) -> str:
    """Return the timer: at each declared time of day, and at once after a time that the machine slept through."""
    return units.timer("Backups of ringfence's tenants, every day", [f"*-*-* {moment:%H:%M}:00 UTC" for moment in sorted(set(times))])
