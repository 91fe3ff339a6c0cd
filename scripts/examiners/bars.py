"""How good is good enough: one line for each bar, and by how much it is met or missed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from examiners.model import Examiner, Result, Tier
from examiners.plan import BOOT, IMAGE, MEMORY
from examiners.said import lynis, nmap, ssh_audit, systemd
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from examiners.judge import Judged

UNEXCUSED: Final = "findings without an exception"
EXCEPTED: Final = "exceptions"
UNCHECKED: Final = "exceptions of what nobody looked at"
COST: Final = "cost"
BEFORE: Final = "boot to SSH, times the image before"
ON_SERVERS: Final = (Tier.BOOTED, Tier.REBOOTED)


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure of one examiner, and how much it may be at most or must be at least."""

    examiner: Examiner
    scope: str
    figure: str
    most: float | None = None
    least: float | None = None
    tiers: tuple[Tier, ...] = ON_SERVERS

    @property
    def name(self) -> str:
        """How it is called."""
        return f"{self.examiner} {self.scope}: {self.figure}"

    @property
    def limit(self) -> str:
        """What is asked for, in words."""
        return f"at most {self.most:g}" if self.most is not None else f"at least {self.least:g}"


def _profile(scope: str, exceptions: int) -> tuple[Bar, ...]:
    return Bar(Examiner.OPENSCAP, scope, UNEXCUSED, most=0), Bar(Examiner.OPENSCAP, scope, EXCEPTED, most=exceptions)


BARS: Final = (
    *_profile("cis_level1_server", 7),
    *_profile("cis_level2_server", 7),
    *_profile("anssi_bp28_minimal", 0),
    *_profile("anssi_bp28_intermediary", 3),
    *_profile("anssi_bp28_enhanced", 8),
    Bar(Examiner.LYNIS, lynis.SCOPE, lynis.INDEX, least=90),
    Bar(Examiner.LYNIS, lynis.SCOPE, UNEXCUSED, most=0),
    Bar(Examiner.SSH_AUDIT, ssh_audit.SCOPE, ssh_audit.EXIT, most=0),
    Bar(Examiner.SSH_AUDIT, ssh_audit.SCOPE, UNEXCUSED, most=0),
    Bar(Examiner.SYSTEMD, systemd.SCOPE, UNEXCUSED, most=0),
    *(Bar(Examiner.NMAP, vantage, UNEXCUSED, most=0) for vantage in nmap.VANTAGES),
    Bar(Examiner.MACHINE, COST, MEMORY, most=200),
    Bar(Examiner.MACHINE, COST, IMAGE, most=160, tiers=(Tier.BOOTED,)),
    # Of files alone: what a tree cannot show (mounts, the kernel's settings) fails there, so this only keeps it from becoming worse.
    Bar(Examiner.OPENSCAP, "cis_level2_server", UNEXCUSED, most=76, tiers=(Tier.OFFLINE,)),
)


@dataclass(frozen=True, slots=True)
class Score:
    """What became of a bar in one tier."""

    bar: Bar
    tier: Tier
    value: float | None
    outcome: Outcome


AGAINST_BEFORE: Final = Bar(Examiner.MACHINE, COST, BEFORE, most=1.5, tiers=(Tier.BOOTED,))
"""Only judged where there is an image to compare with."""


def chosen(examiners: Collection[Examiner], profiles: Collection[str], *, beside_another: bool = False) -> list[Bar]:
    """Return the bars of what is examined."""
    bars = [*BARS, *([AGAINST_BEFORE] if beside_another else [])]
    return [bar for bar in bars if bar.examiner in examiners and (bar.examiner is not Examiner.OPENSCAP or bar.scope in profiles)]


def ratio(cost: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return how many times the processor time of another image's boot this one's takes."""
    return {BEFORE: round(cost[BOOT] / before[BOOT], 2)}


def figures(judged: Judged) -> dict[str, float]:
    """Return the figures of a run: its own, and what judging it counted."""
    unexcused = judged.count(CheckVerdict.FAIL) + judged.count(CheckVerdict.ERROR)
    unchecked = sum(judged.run.said(rule) is Result.NOT_CHECKED for rule in judged.excepted)
    return {**judged.run.figures, UNEXCUSED: unexcused, EXCEPTED: len(judged.excepted) - unchecked, UNCHECKED: unchecked}


def scores(judged: Iterable[Judged], asked: Collection[Tier], bars: Sequence[Bar] = BARS) -> list[Score]:
    """Hold every bar of the tiers that were asked for beside its figure; one that was not measured is an error, never met."""
    measured = {(one.run.examiner, one.run.scope, one.run.tier): figures(one) for one in judged}
    return [_score(bar, tier, measured) for bar in bars for tier in bar.tiers if tier in asked]


def _score(bar: Bar, tier: Tier, measured: Mapping[tuple[Examiner, str, Tier], Mapping[str, float]]) -> Score:
    value = measured.get((bar.examiner, bar.scope, tier), {}).get(bar.figure)
    name = f"{bar.name}, {tier}"
    if value is None:
        return Score(bar, tier, None, Outcome(name, CheckVerdict.ERROR, f"not measured; {bar.limit} was asked for"))
    over = value - bar.most if bar.most is not None else (bar.least or 0) - value
    if over > 0:
        return Score(bar, tier, value, Outcome(name, CheckVerdict.FAIL, f"{value:g}, {bar.limit}: missed by {over:g}"))
    return Score(bar, tier, value, Outcome(name, CheckVerdict.PASS))
