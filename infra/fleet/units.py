"""The units with which systemd brings all stacks up at set times, which renews certificates, and then asks how everything is. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from infra import units
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from infra.units import UnitPlace

NAME: Final = "ringfence-renew"
WEEKLY: Final = "Sun 04:00"
TENANTS: Final = "fleet up --stop-after 0"
"""A tenant that cannot be brought up keeps no other one from its certificates."""
STOPPING: Final = "The first signal lets the engine end what it does; one that is killed leaves its lock (ringfence fleet locks)."
STOP_SECONDS: Final = 900
_MOMENT: Final = re.compile(r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) )?((?:[01][0-9]|2[0-3]):[0-5][0-9])")


def service(place: UnitPlace, environment: Mapping[str, str], engine: Sequence[str]) -> str:
    """Return the service: ``engine`` brings the platform up, whose authority signs for all; then come the tenants, then the status.

    What fails ends it, and its outcome is that of the unit: a fault that the status tells is one.
    """
    program, *words = engine
    commands = ((program, " ".join(words)), (place.program, TENANTS), (place.program, "status"))
    task = units.Task("Renewal of ringfence's certificates, and whatever else its folder says", commands, STOPPING, STOP_SECONDS)
    return units.service(place, environment, task)


def timer(at: str) -> str:
    """Return the timer, once a week or once a day, in UTC. Raises :class:`QuestionError` when ``at`` is no such moment."""
    found = _MOMENT.fullmatch(at)
    if not found:
        expected = f"a day of the week and a time of day in UTC, such as {WEEKLY!r}, or the time alone for every day"
        raise QuestionError.of("no moment of a week or a day", where="--at", expected=expected, got=at)
    return units.timer("Renewal of ringfence's certificates", [f"{found[1] or ''}*-*-* {found[2]}:00 UTC"])
