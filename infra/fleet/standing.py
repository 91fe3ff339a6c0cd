"""How each tenant stands, from what is declared, what the engine keeps, and what was verified last. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack as the engine lists it. ``resources`` is ``None`` where the engine does not tell."""

    name: str
    updated: str = ""
    resources: int | None = None


@dataclass(frozen=True, slots=True)
class Verified:
    """The last verification of a tenant: when it began, and whether it was green."""

    started: datetime
    green: bool


@dataclass(frozen=True, slots=True)
class Known:
    """Everything that is known: declared tenants, mistakes by tenant, stacks, locks as sentences, flows that ended, verifications."""

    declared: Collection[str]
    mistakes: Mapping[str, str]
    stacks: Mapping[str, Stack]
    locks: Mapping[str, str]
    ended: Mapping[str, Collection[str]]
    verified: Mapping[str, Verified]


@dataclass(frozen=True, slots=True)
class Standing:
    """A line of the table: the verdict, and everything that keeps it from a pass."""

    tenant: str
    verdict: CheckVerdict
    said: tuple[str, ...]
    stack: Stack | None
    verified: Verified | None


def standings(known: Known, now: datetime, oldest: timedelta) -> tuple[Standing, ...]:
    """Return how everybody stands: whoever is declared, and whoever has a stack that nobody declares any more."""
    return tuple(_standing(name, known, now, oldest) for name in sorted({*known.declared, *known.mistakes, *known.stacks}))


def _standing(name: str, known: Known, now: datetime, oldest: timedelta) -> Standing:
    stack, verified = known.stacks.get(name), known.verified.get(name)
    faults, doubts, notes = [], [], []
    if name not in known.declared and name not in known.mistakes:
        faults.append("its stack is there, and nobody declares it")
    if name in known.mistakes:
        doubts.append(f"its declaration has mistakes: {known.mistakes[name]}")
    if flows := known.ended.get(name):
        faults.append(f"flows that ended: {', '.join(sorted(flows))}")
    if name in known.locks:
        doubts.append(known.locks[name])
    if stack is not None and stack.resources is None:
        doubts.append("the engine does not tell whether it is up")
    elif stack is None or not stack.resources:
        notes.append("not up")
    elif verified is None:
        doubts.append("never verified")
    elif not verified.green:
        faults.append("the last verification was not green")
    elif now - verified.started > oldest:
        doubts.append(f"last verified {(now - verified.started).days} days ago")
    verdict = CheckVerdict.FAIL if faults else CheckVerdict.ERROR if doubts else CheckVerdict.SKIPPED if notes else CheckVerdict.PASS
    return Standing(name, verdict, (*faults, *doubts, *notes), stack, verified)


def exit_code(found: Collection[Standing]) -> int:
    """Return 1 when somebody has a fault, else 2 when something cannot be told or nobody is declared, else 0. Who is not up is neither."""
    verdicts = {one.verdict for one in found}
    if CheckVerdict.FAIL in verdicts:
        return 1
    return 2 if CheckVerdict.ERROR in verdicts or not verdicts else 0
