"""The course of a run over many tenants: who may start now, and why nobody may any more. A state and questions about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Mapping

BAD = frozenset({CheckVerdict.FAIL, CheckVerdict.ERROR})
NOBODY = "nobody started it"


@dataclass(frozen=True, slots=True)
class Limits:
    """How a run goes. ``canaries``: so many come first, and the others only when all of them are well.

    ``failures``: so many that did not go well end it; with 0 everybody has a turn.
    """

    at_once: int
    canaries: int = 0
    failures: int = 1

    def __post_init__(self) -> None:
        """Refuse a run that could not begin."""
        if self.at_once < 1 or self.canaries < 0 or self.failures < 0:
            message = f"limits of a run: {self}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the work for one tenant ended. ``said``: in a few words."""

    verdict: CheckVerdict
    said: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """Everybody in their order, who runs, and how whoever ended did. ``interrupted``: nobody else is started."""

    order: tuple[str, ...]
    running: frozenset[str] = frozenset()
    ended: Mapping[str, Ended] = field(default_factory=dict)
    interrupted: bool = False

    def started(self, tenant: str) -> Course:
        """Return the course when somebody has started."""
        return Course(self.order, self.running | {tenant}, self.ended, self.interrupted)

    def finished(self, tenant: str, how: Ended) -> Course:
        """Return the course when somebody has ended."""
        return Course(self.order, self.running - {tenant}, {**self.ended, tenant: how}, self.interrupted)

    def stopped_by_hand(self) -> Course:
        """Return the course when somebody pressed Ctrl-C."""
        return Course(self.order, self.running, self.ended, interrupted=True)


def stop(course: Course, limits: Limits) -> str:
    """Say why nobody else may start; empty while somebody may."""
    if course.interrupted:
        return "the run was interrupted"
    bad = sorted(tenant for tenant, how in course.ended.items() if how.verdict in BAD)
    canaries = [tenant for tenant in bad if tenant in course.order[: limits.canaries]]
    if canaries:
        return f"not well, and to be tried first: {', '.join(canaries)}"
    if limits.failures and len(bad) >= limits.failures:
        return f"the run stops at {limits.failures} that did not go well: {', '.join(bad)}"
    return ""


def startable(course: Course, limits: Limits) -> tuple[str, ...]:
    """Return who may start now, in the order of the run."""
    if stop(course, limits):
        return ()
    first = course.order[: limits.canaries]
    waits_for_canaries = any(tenant not in course.ended for tenant in first)
    among = first if waits_for_canaries else course.order
    waiting = [tenant for tenant in among if tenant not in course.running and tenant not in course.ended]
    return tuple(waiting[: max(0, limits.at_once - len(course.running))])


def everybody(course: Course, limits: Limits) -> dict[str, Ended]:
    """Return how everybody ended, whoever never started among them: a skip, and why."""
    why = stop(course, limits) or NOBODY
    return {tenant: course.ended.get(tenant, Ended(CheckVerdict.SKIPPED, why)) for tenant in course.order}


def exit_code(ended: Mapping[str, Ended]) -> int:
    """Return 0 when everybody went well, 1 when somebody has findings, 2 when something broke off, was skipped, or nothing ran."""
    verdicts = {how.verdict for how in ended.values()}
    if not verdicts or verdicts - {CheckVerdict.PASS, CheckVerdict.FAIL}:
        return 2
    return 1 if CheckVerdict.FAIL in verdicts else 0
