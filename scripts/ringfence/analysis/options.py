"""What the analysis verbs share: their options as one value, how a state is read with progress, and what every answer says of it."""

from __future__ import annotations

import gc
import re
import sys
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.neutron.semantics.services import Driver
from ringfence.analysis.exceptions import EXCEPTIONS, accepted
from ringfence.analysis.output import console, emit, shown
from ringfence.analysis.services import service
from ringfence.analysis.states import ALONE, DECLARATIONS, Reading, State, ignore, open_state

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOLDS, BROKEN, UNKNOWN = 0, 1, 2
"""Exit codes of every analysis verb: it holds, it does not, it cannot be told."""

StateName = Annotated[
    str,
    typer.Option("--state", "-s", help="declarations, git:REV, plan:FILE+STATE, cloud[:NAME], a snapshot file or a folder of JSON files."),
]
DriverName = Annotated[Driver | None, typer.Option("--driver", help="Firewall driver to assume instead of the state's own.")]
PlatformIds = Annotated[
    list[str] | None,
    typer.Option("--platform", metavar="ID", help="Id of a project that is the platform's, besides those declared; once per project."),
]
ExceptionsOption = Annotated[
    Path | None,
    typer.Option(
        "--exceptions",
        help=f"Accepted deviations and unknown things; else {EXCEPTIONS} beside the declarations, for git:REV that revision's.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def day(text: str) -> date:
    """Read a day as ISO 8601 writes it, and in no other way."""
    try:
        if _DAY.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # a day that no calendar has
    message = f"{text!r} is no day, such as 2027-12-31"
    raise typer.BadParameter(message)


Today = Annotated[
    date | None,
    typer.Option(parser=day, metavar="DAY", help="Judge expiry as on this day; today, and for git:REV the day of its commit."),
]
Alone = Annotated[bool, typer.Option(ALONE, help="Judge the state by itself: nothing is compared with the declarations.")]

__all__ = [
    "BROKEN",
    "DECLARATIONS",
    "HOLDS",
    "UNKNOWN",
    "Alone",
    "AsJson",
    "DriverName",
    "ExceptionsOption",
    "Options",
    "PlatformIds",
    "StateName",
    "StateOptions",
    "Today",
    "about",
    "console",
    "declarations_of",
    "emit",
    "not_compared",
    "read",
    "service",
    "shown",
    "tell_about",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What may be said with every question: how a state is read, and how the answer is written."""

    driver: DriverName = None
    platform: PlatformIds = None
    today: Today = None
    alone: Alone = False
    as_json: AsJson = False

    def read(self, name: str, exceptions: Path | None = None) -> State:
        """Read a state by its name."""
        return read(name, self.driver, today=self.today, alone=self.alone, platform=self.platform, exceptions=exceptions)


@dataclass(frozen=True, slots=True, kw_only=True)
class StateOptions(Options):
    """The same, and which state the question is about."""

    state: StateName = DECLARATIONS

    def opened(self, exceptions: Path | None = None) -> State:
        """Read the state."""
        return self.read(self.state, exceptions)


def about(state: State) -> dict[str, Any]:
    """Return what every answer for programs says of the state that it is about."""
    return {"unknowns": list(state.fabric.unknowns), "not_compared": state.alone, "declarations": declarations_of(state)}


def declarations_of(state: State) -> dict[str, Any] | None:
    """Return which declarations were read for an answer; null when none were."""
    return asdict(state.fingerprint) if state.fingerprint else None


def tell_about(*states: State, aside: bool = False) -> None:
    """End an answer for people: what the model does not understand, for then it may be too small; which declarations it is about.

    ``aside``: on standard error, where the answer is for a program that reads something else than JSON.
    """
    out = console(aside=aside)
    for state in states:
        for unknown in shown(state.fabric.unknowns, "things that are not understood", out):
            out.print(f"not understood: {unknown}", style="yellow", markup=False)
    for mark in dict.fromkeys(state.fingerprint for state in states if state.fingerprint):
        out.print(str(mark), style="dim", markup=False)


def not_compared(state: State, *, aside: bool = False) -> None:
    """Say that a state was judged by itself, and why. ``aside``: on standard error."""
    if state.alone:
        out = console(aside=aside)
        out.print(f"not compared with the declarations: {state.alone}", style="yellow", markup=False)


def read(
    name: str,
    driver: Driver | None = None,
    *,
    today: date | None = None,
    alone: bool = False,
    platform: Iterable[str] | None = None,
    exceptions: Path | None = None,
) -> State:
    """Read a state, with progress on a terminal; ``platform`` are ids of the platform's projects.

    From here on nothing is collected: an answer is one process, and looking again and again through a million records that all stay
    takes a quarter of its time.
    """
    gc.disable()
    opened = open_state(name, Reading(driver, today, alone, _teller(), frozenset(platform or ())))
    return replace(opened, accepted=accepted(exceptions, name, opened.today))


def _teller() -> Callable[[str, int], None]:
    if not sys.stderr.isatty():
        return ignore
    errors = console(aside=True)
    return lambda part, count: errors.print(f"{part}: {count} read", end="\r")
