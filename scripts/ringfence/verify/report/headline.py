"""The one sentence that a verification comes to. What was left out or skipped stands in it: it claims no more than was looked at. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict
from ringfence.verify.result import USUAL, Kind

if TYPE_CHECKING:
    from ringfence.verify.result import Check, Result

WORDS = {
    Kind.CLOUD: "configuration of the cloud",
    Kind.GUEST: "inside of the servers",
    Kind.HARDENING: "controls of the servers",
    Kind.MATRIX: "isolation of packets",
    Kind.SPOOF: "spoofed frames",
    Kind.DENIAL: "denial at the API",
    Kind.STORAGE: "storage at rest",
    Kind.DATA_PLANE: "data plane",
    Kind.STACK: "stacks",
}
LEFT_OUT = "left out"
NOTHING = "there was nothing to look at"


class Tone(StrEnum):
    """How a sentence is shown."""

    GOOD = "pass"
    PARTLY = "skipped"
    BAD = "fail"
    UNKNOWN = "error"


@dataclass(frozen=True, slots=True)
class Headline:
    """The sentence and its tone."""

    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Group:
    """Checks of one part that came to the same verdict for the same reason."""

    checks: tuple[Check, ...]

    @property
    def words(self) -> str:
        """Name the check, or how many there are and the first of them."""
        first = self.checks[0].outcome.check
        return first if len(self.checks) == 1 else f"{len(self.checks):,} checks, the first of them {first}"


def headline(result: Result) -> Headline:
    """Return what the verification came to."""
    gaps = not_looked_at(result)
    unseen = f"; not looked at: {'; '.join(gaps)}" if gaps else ""
    counts = result.counts()
    failed, unknown = counts[CheckVerdict.FAIL], counts[CheckVerdict.ERROR]
    if failed:
        more = f", {_checks(unknown)} could not be told" if unknown else ""
        return Headline(f"NOT as declared: {_checks(failed)} failed ({_parts(result, CheckVerdict.FAIL)}){more}{unseen}", Tone.BAD)
    if unknown:
        return Headline(f"NOT proven: {_checks(unknown)} could not be told ({_parts(result, CheckVerdict.ERROR)}){unseen}", Tone.UNKNOWN)
    seen = [WORDS[kind] for kind in Kind if result.counts(kind)[CheckVerdict.PASS]]
    if not seen:
        return Headline(f"NOT proven: nothing was looked at{unseen}", Tone.UNKNOWN)
    if not gaps:
        return Headline("isolated as declared", Tone.GOOD)
    return Headline(f"as declared as far as looked at: {', '.join(seen)} verified{unseen}", Tone.PARTLY)


def not_looked_at(result: Result) -> list[str]:
    """Return what the verification says nothing about, each with why."""
    found = []
    for kind in (kind for kind in Kind if kind in USUAL | result.asked):
        checks = [check for check in result.checks if check.kind is kind]
        skipped = [check for check in checks if check.outcome.verdict is CheckVerdict.SKIPPED]
        if kind not in result.asked:
            found.append(f"{WORDS[kind]} ({LEFT_OUT})")
        elif not checks:
            found.append(f"{WORDS[kind]} ({NOTHING})")
        elif len(skipped) == len(checks):
            found.append(f"{WORDS[kind]} ({'; '.join(dict.fromkeys(check.outcome.reason for check in skipped))})")
    skips = [check for check in result.checks if check.outcome.verdict is CheckVerdict.SKIPPED]
    partly = [
        check for check in skips if any(c.kind is check.kind and c.outcome.verdict is not CheckVerdict.SKIPPED for c in result.checks)
    ]
    return found + [f"{group.words} ({group.checks[0].outcome.reason})" for group in grouped(partly)]


def grouped(checks: list[Check]) -> list[Group]:
    """Put checks of one part, verdict and reason together, in the order of the first of each."""
    groups: dict[tuple[Kind, CheckVerdict, str], list[Check]] = defaultdict(list)
    for check in checks:
        groups[check.kind, check.outcome.verdict, check.outcome.reason].append(check)
    return [Group(tuple(members)) for members in groups.values()]


def _checks(count: int) -> str:
    return f"{count:,} check{'' if count == 1 else 's'}"


def _parts(result: Result, verdict: CheckVerdict) -> str:
    counts = {kind: result.counts(kind)[verdict] for kind in Kind}
    return ", ".join(f"{kind} {count:,}" for kind, count in counts.items() if count)
