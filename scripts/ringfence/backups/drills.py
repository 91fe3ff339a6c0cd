"""Drills of several tenants, one after the other: what is asked for, or what is due. One that cannot be done hides no other."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import RingfenceError
from ringfence.backups import drilling
from ringfence.backups import tenants as opening
from ringfence.backups.drilling import DrillCheck
from ringfence.backups.inspecting import UNTOLD
from ringfence.backups.making import now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

    Told = dict[str, Any]
    Telling = Callable[[str], AbstractContextManager[Callable[[str, int, int], None]]]


@dataclass(frozen=True, slots=True)
class DrillOrder:
    """What is drilled: TENANT or TENANT/SERVER, all tenants when none is named; of them what is ``due`` only.

    ``day`` is the generation's, where one is meant. One drill is waited for ``patience`` seconds, and another run of the same tenant for
    ``queue`` seconds.
    """

    wanted: Sequence[str]
    due: bool
    day: date | None
    patience: float
    queue: float


def run(order: DrillOrder, telling: Telling) -> Iterator[tuple[Told, int]]:
    """Drill, and yield what came of each drill for programs, with its exit code. Raises :class:`QuestionError` for unknown tenants."""
    places = [one.partition("/") for one in order.wanted] or [(name, "", "") for name in opening.asked([])]
    opening.asked([name for name, _, _ in places])
    for name, _, server in places:
        try:
            servers = _due(name, server) if order.due else [server]
        except RingfenceError as error:
            yield _undone(name, server, error)
            continue
        for each in servers:
            try:
                yield _drill(name, each, order, telling)
            except RingfenceError as error:
                yield _undone(name, each, error)


def _due(name: str, server: str) -> list[str]:
    return [each for each in drilling.due_servers(opening.opened(name), now()) if server in {"", each}]


def _drill(name: str, server: str, order: DrillOrder, telling: Telling) -> tuple[Told, int]:
    """Drill one server; the tenant is opened for each, since drills take long and its backups change."""
    tenant = opening.opened(name)
    with tenant.journal.held(order.queue), telling(name) as tell:
        which, one = drilling.turn(tenant, server, order.day)
        tell(f"drilling {which}, {one.day}", 0, 0)
        found, seconds = drilling.drilled(tenant, which, one, order.patience)
    told = {"tenant": name, "server": which, "generation": str(one.day), "seconds": seconds, "checks": [asdict(each) for each in found]}
    return told, drilling.exit_code(found)


def _undone(name: str, server: str, error: RingfenceError) -> tuple[Told, int]:
    """Say that a drill was not begun: an error, never a skip."""
    checks = [DrillCheck("", "done", UNTOLD, str(error))]
    told = {"tenant": name, "server": server, "generation": "", "seconds": {}, "checks": [asdict(each) for each in checks]}
    return told, drilling.exit_code(checks)
