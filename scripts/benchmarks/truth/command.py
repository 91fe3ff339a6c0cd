"""The command: run the truth tests with a larger budget, tell of progress, judge, print, and write the report if asked to."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import pytest
import typer
from rich.console import Console
from rich.table import Table

from benchmarks.document import DOCUMENT, replace_section
from benchmarks.truth import report
from benchmarks.truth.tally import Tally
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Collection

    from benchmarks.truth.tally import Count

ROOT = Path(__file__).parents[3]
TESTS = ("tests/truth/neutron", "tests/truth/nft")
BUDGET = "RINGFENCE_TRUTH_SCALE"
PER_SCALE = 10_000
"""Packets per driver in the test run, which is a budget of one."""
FAILED = 1


def run(
    *,
    packets: Annotated[int, typer.Option(min=PER_SCALE, help="Packets per judge, at least; in steps of 10,000.")] = 100_000,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Truth" of docs/benchmarks.md.')] = False,
    json: Annotated[bool, typer.Option("--json", help="Print counts and verdicts as JSON.")] = False,
) -> None:
    """The model against OVN, Open vSwitch and the kernel's iptables and nft, packet by packet: exit 0 if all agree, else 1. Needs root.

    Examples: `./scripts/bench truth`; `./scripts/bench truth --packets 10000`; `./scripts/bench truth --write`
    """
    tally = ask(packets)
    counts = list(tally.counts.values())
    outcomes = report.judge(counts, tally.troubles, packets)
    if json:
        document = {"counts": counts, "outcomes": [msgspec.to_builtins(outcome) for outcome in outcomes]}
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
    else:
        show(counts, outcomes)
    if write:
        command = f"./scripts/bench truth{'' if packets == 100_000 else f' --packets {packets}'}"  # noqa: PLR2004 - the option's default
        replace_section(DOCUMENT, "truth", report.markdown(counts, outcomes, command))
    if any(outcome.verdict is not CheckVerdict.PASS for outcome in outcomes):
        raise typer.Exit(FAILED)


def ask(packets: int) -> Tally:
    """Run the tests in this process, their own output on standard error; return what they reported."""
    os.environ[BUDGET] = str(-(-packets // PER_SCALE))
    tally = Tally(lambda text: print(text, file=sys.stderr, flush=True))
    plain = ("-p", "no:terminal", "--override-ini", "addopts=--import-mode=importlib", "--rootdir", str(ROOT))
    with contextlib.redirect_stdout(sys.stderr):
        code = pytest.main([*plain, *(str(ROOT / test) for test in TESTS)], plugins=[tally])
    if code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.INTERRUPTED}:
        got, hint = f"pytest ended with {code!r}", "run them with ./scripts/test truth, which says why"
        raise RingfenceError.of("the truth tests could not be run", where=", ".join(TESTS), got=got, hint=hint)
    return tally


def show(counts: Collection[Count], outcomes: list[Outcome]) -> None:
    """Print the table, and what is wrong."""
    shown = Table(*report.HEAD)
    for count in counts:
        shown.add_row(*report.line(count))
    console = Console()
    console.print(shown)
    for outcome in outcomes:
        if outcome.verdict is not CheckVerdict.PASS:
            console.print(f"{outcome.verdict}: {outcome.check}: {outcome.reason}", style="red", markup=False)
