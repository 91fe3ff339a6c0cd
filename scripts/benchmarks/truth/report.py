"""Judging the counts, and the section "Truth" of docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.document import machine, table
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from benchmarks.truth.tally import Count

PROGRAMS = {
    "ovn-trace": "ACLs written by Neutron's OVN driver, loaded into OVN; every packet by `ovn-trace`",
    "ovs-vswitchd": "flows written by Neutron's Open vSwitch agent, groups and address pairs included; every packet by `ofproto/trace`",
    "iptables": "rules and address sets of Neutron's hybrid driver, run in the kernel; every packet is really sent over a card's bridge",
    "nftables": "the guest's rulesets in the kernel; every packet is really sent between two network namespaces",
}
"""What is asked of which program; each must have been asked, or the run says nothing about it."""


def judge(counts: Collection[Count], troubles: Sequence[str], least: int) -> list[Outcome]:
    """Judge every program: asked at least ``least`` packets, and never of another opinion. A test that did not pass is an error."""
    found = {count.judge.split()[0]: count for count in counts}
    outcomes = [_outcome(program, found.get(program), least) for program in PROGRAMS]
    return [*outcomes, *(Outcome(trouble.partition(" ")[0], CheckVerdict.ERROR, trouble) for trouble in troubles)]


def _outcome(program: str, count: Count | None, least: int) -> Outcome:
    if count is None:
        return Outcome(program, CheckVerdict.ERROR, "it was asked nothing")
    if count.disagreements:
        return Outcome(program, CheckVerdict.FAIL, f"{count.disagreements} of {count.asked:,} packets disagree with the model")
    if count.asked < least:
        return Outcome(program, CheckVerdict.FAIL, f"{count.asked:,} packets, expected {least:,}")
    return Outcome(program, CheckVerdict.PASS)


HEAD = ("judge", "packets", "of them passed", "disagreements", "explained by the driver's profile", "per second")


def line(count: Count) -> tuple[str, ...]:
    """Return a judge's line of the table."""
    numbers = (count.asked, count.passed, count.disagreements, count.explained)
    return count.judge, *(f"{number:,}" for number in numbers), f"{count.per_second:,.0f}"


def markdown(counts: Collection[Count], outcomes: Sequence[Outcome], command: str) -> str:
    """Render the section."""
    verdicts = [(outcome.check, str(outcome.verdict), outcome.reason) for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS]
    parts = [
        "## Truth",
        "",
        f"{machine(command)} Random rules, seeded; packets at every corner of every rule, plus and minus one.",
        "*Explained* are packets on which the driver does otherwise than the API's words say, as its profile says it does (rows 3 to 5 of",
        "[docs/proof.md](proof.md)); a disagreement is one that the model did not foresee.",
        "",
        *table(HEAD, *map(line, counts)),
        "",
        *table(("program", "how it is asked"), *PROGRAMS.items()),
        *(["", *table(("check", "verdict", "why"), *verdicts)] if verdicts else []),
    ]
    return "\n".join(parts)
