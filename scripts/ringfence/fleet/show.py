"""Tables and progress of many tenants, for people; and the same as plain values, for programs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Self

from rich.table import Table

from infra.fleet.course import BAD
from infra.outcome import CheckVerdict
from infra.text import visible
from ringfence.analysis.output import console
from ringfence.fleet.run import ERR, OUT

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from infra.fleet.course import Course, Ended
    from infra.fleet.journal import Began
    from infra.fleet.standing import Stack, Standing
    from ringfence.locks import Lock

COLOURS = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta", CheckVerdict.SKIPPED: "yellow"}
SECONDS = 60.0


class Progress:
    """Says aside who starts and how each ended, a line each: many run at once, and a log of CI is read later."""

    def __init__(self, total: int, *, quiet: bool) -> None:
        """Begin. ``quiet``: an answer for programs comes without it."""
        self._total, self._quiet, self._began = total, quiet, time.monotonic()

    def __enter__(self) -> Self:
        """Nothing is to be set up."""
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left behind."""

    def tell(self, tenant: str, state: Course) -> None:
        """Say what has just happened to a tenant; without one, that the run was interrupted."""
        if self._quiet:
            return
        minutes, seconds = divmod(int(time.monotonic() - self._began), 60)
        how = state.ended.get(tenant)
        if not tenant:
            said = f"interrupted: {', '.join(sorted(state.running)) or 'nobody'} may end; Ctrl-C once more kills"
        elif how is None:
            said = f"{tenant}: started"
        else:
            said = f"{tenant}: {how.verdict}: {how.said} ({how.seconds:.0f} s)"
        console(aside=True).print(f"[{minutes}:{seconds:02}] {len(state.ended)}/{self._total} {said}", markup=False)


def run(began: Began, ended: Mapping[str, Ended], folder: Path, stopped: str) -> None:
    """Show how everybody ended; only what is not well has a file named, for everybody else's is beside it."""
    table = Table("tenant", began.action, "what", "seconds")
    for tenant, how in ended.items():
        table.add_row(
            visible(tenant),
            str(how.verdict),
            visible(how.said),
            f"{how.seconds:.0f}" if how.seconds else "",
            style=COLOURS.get(how.verdict, ""),
        )
    out = console()
    out.print(table)
    if stopped:
        out.print(f"{stopped}; go on: ringfence fleet {began.action} --resume", style="magenta", markup=False)
    out.print(f"logs: {folder}", style="dim", markup=False)


def plain_run(began: Began, ended: Mapping[str, Ended], folder: Path, code: int) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "action": began.action,
        "started": began.started,
        "folder": str(folder),
        "exit_code": code,
        "tenants": [
            {
                "tenant": tenant,
                "verdict": str(how.verdict),
                "said": how.said,
                "seconds": round(how.seconds, 1),
                "files": [str(folder / f"{tenant}{suffix}") for suffix in (OUT, ERR)] if how.verdict in BAD else [],
            }
            for tenant, how in ended.items()
        ],
    }


def status(found: Collection[Standing], platform: Stack | None) -> None:
    """Show how everybody stands."""
    table = Table("tenant", "", "resources", "last update", "last verified", "what is to be said")
    for one in found:
        count = "" if one.stack is None or one.stack.resources is None else str(one.stack.resources)
        verified = one.verified.started.date().isoformat() if one.verified else ""
        updated = one.stack.updated[:10] if one.stack else ""
        said = visible("; ".join(one.said))
        table.add_row(visible(one.tenant), str(one.verdict), count, updated, verified, said, style=COLOURS.get(one.verdict, ""))
    out = console()
    out.print(table)
    counts = {verdict: sum(one.verdict is verdict for one in found) for verdict in CheckVerdict}
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    up = "up" if platform and platform.resources else "not up"
    out.print(f"{len(found)} tenants: {told or 'nobody is declared'}; the platform is {up}", markup=False)


def plain_status(found: Collection[Standing], platform: Stack | None, code: int) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "exit_code": code,
        "platform": _stack(platform),
        "tenants": [
            {
                "tenant": one.tenant,
                "verdict": str(one.verdict),
                "said": list(one.said),
                "stack": _stack(one.stack),
                "verified": {"started": one.verified.started.isoformat(), "green": one.verified.green} if one.verified else None,
            }
            for one in found
        ],
    }


def _stack(stack: Stack | None) -> dict[str, Any] | None:
    return None if stack is None else {"updated": stack.updated, "resources": stack.resources}


def locks(removed: Sequence[Lock], left: Sequence[str]) -> None:
    """Show which locks were taken away, and which are there."""
    out = console()
    for lock in removed:
        out.print(f"the lock of {lock.stack} is taken away: process {lock.pid} on {lock.host} does not run any more", markup=False)
    for one in left:
        out.print(one, style="yellow", markup=False)
    if not removed and not left:
        out.print("no stack is locked", markup=False)
