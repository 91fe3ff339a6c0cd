"""What runs and drills say to people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from infra.text import visible
from ringfence.analysis.output import console

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ringfence.backups.making import BackupStep

WIDTH = 10
GOOD = ("made", "pruned", "let go")


def show_drill(drill: Mapping[str, Any]) -> None:
    """Print what came of a drill: its times, and a line for each check."""
    out = console()
    took = "; ".join(f"{what} in {seconds} s" for what, seconds in drill["seconds"].items())
    where = "/".join(filter(None, (drill["tenant"], drill["server"])))
    came = f", {drill['generation']}: {took}" if drill["generation"] else ": not drilled"
    out.print(Text(visible(where + came), "bold"))
    for check in drill["checks"]:
        style = {"good": "green", "bad": "red"}.get(check["verdict"], "magenta")
        out.print(Text(visible(f"  {check['disk']:<{WIDTH}} {check['check']:<16} {check['verdict']}: {check['said']}".rstrip(": ")), style))


def show_steps(tenant: str, steps: Sequence[BackupStep]) -> None:
    """Print what a run did, a line for each backup."""
    out = console()
    for step in steps:
        where = f"{tenant}/{step.server}"
        if step.disk:
            where += f" {step.disk}, {step.day}: {'increment' if step.increment else 'full'} {step.id}"
        took = f" in {step.seconds} s" if step.seconds else ""
        style = "green" if step.what in GOOD and not step.said else "red"
        out.print(Text(visible(f"{step.what}: {where}{took}{f': {step.said}' if step.said else ''}"), style))
    if not steps:
        out.print(visible(f"{tenant}: nothing was due"))
