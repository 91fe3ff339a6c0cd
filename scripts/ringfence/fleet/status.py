"""What is known of all tenants without asking any of their servers: one listing of declarations, stacks, locks and reports for all."""

from __future__ import annotations

import json
import os
from datetime import datetime
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import load_folder
from infra.errors import CloudError
from infra.fleet.standing import Known, Stack, Verified
from ringfence import engine, locks
from ringfence.verify.report import files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from infra.errors import Problem
    from ringfence.locks import Lock

BACKEND = "PULUMI_BACKEND_URL"


def known(place: Path, day: date) -> tuple[Known, Stack | None]:
    """Return what is known of all tenants, and the platform's stack."""
    declared = load_folder(place, today=day)
    listed = stacks()
    platform = listed.pop(names.PLATFORM, None)
    everybody = {*(one.tenant.name for one in declared.tenants), *declared.left}
    held = {lock.stack: locks.told(lock) for lock in locks.kept(os.environ.get(BACKEND, ""))}
    reports = files.last_of(everybody | listed.keys())
    found = Known(
        declared=everybody - set(declared.left),
        mistakes=_mistakes(declared.left, declared.problems),
        stacks=listed,
        locks=held,
        ended={one.tenant.name: sorted(one.ended) for one in declared.tenants if one.ended},
        verified={name: Verified(datetime.fromisoformat(told["started"]), bool(told["green"])) for name, told in reports.items()},
    )
    return found, platform


def stacks() -> dict[str, Stack]:
    """Return every stack that the engine keeps of this project. Raises :class:`CloudError` when it does not tell."""
    text = engine.answer("stack", "ls", "--json", failed="the engine does not tell which stacks there are", where="all stacks")
    try:
        listed = json.loads(text)
        if not isinstance(listed, list):
            raise TypeError("not a list")  # noqa: TRY301 - as what a list of something else raises
        found = [Stack(str(one["name"]).rpartition("/")[2], str(one.get("lastUpdate") or ""), one.get("resourceCount")) for one in listed]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        what, expected = "the engine's list of stacks is not understood", "a list of stacks with their names"
        raise CloudError.of(what, where="pulumi stack ls --json", expected=expected, got=str(error)) from error
    return {stack.name: stack for stack in found}


def unlocked(found: Sequence[Lock]) -> list[Lock]:
    """Take away the locks of processes that are gone, and return them. A stack that somebody living has locked, too, keeps all of its.

    Raises :class:`CloudError` when the engine does not.
    """
    living = {lock.stack for lock in found if not locks.is_dead(lock)}
    dead = [lock for lock in found if lock.stack not in living]
    for stack in sorted({lock.stack for lock in dead}):
        engine.answer("cancel", "--stack", stack, "--yes", failed="the engine does not take the lock away", where=stack)
    return dead


def _mistakes(left: tuple[str, ...], problems: tuple[Problem, ...]) -> Mapping[str, str]:
    """Return the first mistake of each tenant that is left out; one that has none of its own meets another tenant."""
    own = {name: f"{PREFIX}{name}{SUFFIX}" for name in left}
    first: dict[str, str] = {}
    for name, file in own.items():
        told = [problem.what for problem in problems if problem.where.startswith(file)]
        first[name] = told[0] if told else "ringfence validate tells which"
    return first
