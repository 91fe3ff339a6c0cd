"""``ringfence fleet``: how many tenants stand, and one command for all or some of them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra import paths
from infra.errors import QuestionError
from infra.fleet.units import WEEKLY
from ringfence import folder
from ringfence.analysis.declarations import now
from ringfence.analysis.options import AsJson, Today
from ringfence.analysis.output import emit
from ringfence.verb import verb

if TYPE_CHECKING:
    from datetime import date

    from infra.fleet.course import Limits
    from infra.fleet.journal import Run
    from ringfence.fleet.work import Action as Work

INTERRUPTED = 130
MEMORY = "MemAvailable:"


class Action(StrEnum):
    """What to do."""

    STATUS = "status"
    LOCKS = "locks"
    PREVIEW = "preview"
    UP = "up"
    VERIFY = "verify"
    DRIFT = "drift"
    BACKUP = "backup"
    INSTALL_TIMER = "install-timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Which tenants, and how a run over them goes."""

    label: Annotated[
        list[str] | None,
        typer.Option("--label", metavar="LABEL=VALUE", help="Only tenants with this label: service=shop. May be repeated."),
    ] = None
    at_once: Annotated[
        int | None, typer.Option("--at-once", min=1, help="So many at a time; as many as memory and processors hold when not said.")
    ] = None
    canary: Annotated[int, typer.Option("--canary", min=0, help="So many first; the others only when all of these are well.")] = 0
    stop_after: Annotated[
        int, typer.Option("--stop-after", min=0, help="Start nobody else after so many that did not go well; with 0 everybody has a turn.")
    ] = 1
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the last run of this action: only who is not done.")] = False
    expect_no_changes: Annotated[bool, typer.Option("--expect-no-changes", help="preview: a change is a finding.")] = False
    verified_within: Annotated[int, typer.Option("--verified-within", min=1, help="status: days after which a verification is old.")] = 30
    remove: Annotated[bool, typer.Option("--remove", help="locks: take away those whose process is gone.")] = False
    at: Annotated[
        str, typer.Option("--at", help="install-timer: a day of the week and a time in UTC, or the time alone for every day.")
    ] = WEEKLY
    out: Annotated[Path | None, typer.Option("--out", help="install-timer: write the units to this folder instead of printing them.")] = (
        None
    )
    as_json: AsJson = False


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("fleet")(command)


@verb
def command(
    action: Annotated[Action, typer.Argument(help="status, preview, up, verify, drift, backup, locks or install-timer.")],
    tenants: Annotated[list[str] | None, typer.Argument(help="Only these tenants; all that are declared when none is named.")] = None,
    *,
    chosen: Chosen,
    today: Today = None,
) -> None:
    """Do something for all tenants, or for some, each in a process of its own, and show one table of what came of it.

    Tenants come in the order of their names. Every run has a folder below the state, with a log for each tenant and a journal: what was
    killed or stopped goes on with --resume. Ctrl-C starts nobody else and lets everybody who runs end well. `status` asks no server.
    `install-timer` prints the units with which systemd brings the platform and then every tenant up, which renews certificates, and asks
    for the status after it, or writes them to a folder.

    Exit 0: everybody is well. 1: somebody has a finding. 2: something broke off, was skipped, or cannot be told.

    Examples: `ringfence fleet status`; `ringfence fleet up --canary 1 --stop-after 2`; `ringfence fleet verify --label service=shop`;
    `ringfence fleet up --resume`; `ringfence fleet locks --remove`;
    `ringfence fleet install-timer --at "Sun 04:00" --out ~/.config/systemd/user`
    """
    day = today or now()
    if action is Action.STATUS:
        _status(tenants or [], chosen, day)
    elif action is Action.LOCKS:
        _locks(chosen)
    elif action is Action.INSTALL_TIMER:
        _install_timer(tenants or [], chosen)
    else:
        _run(action, tenants or [], chosen, day)


def _status(tenants: list[str], chosen: Chosen, day: date) -> None:
    from infra.fleet import standing  # noqa: PLC0415 - a verb imports what it needs
    from ringfence.fleet import show, status  # noqa: PLC0415 - as above

    if tenants or chosen.label:
        raise QuestionError.of("the status is everybody's", where=" ".join(tenants), expected="no tenant", hint="ringfence status TENANT")
    known, platform = status.known(folder.root(), day)
    found = standing.standings(known, datetime.now(UTC), timedelta(days=chosen.verified_within))
    code = standing.exit_code(found)
    if chosen.as_json:
        emit(show.plain_status(found, platform, code))
    else:
        show.status(found, platform)
    raise typer.Exit(code)


def _locks(chosen: Chosen) -> None:
    from ringfence import locks  # noqa: PLC0415 - as above
    from ringfence.fleet import show, status  # noqa: PLC0415 - as above

    found = locks.kept(os.environ.get(status.BACKEND, ""))
    removed = status.unlocked(found) if chosen.remove else []
    left = [lock for lock in found if lock not in removed]
    if chosen.as_json:
        emit({"removed": [lock.stack for lock in removed], "locks": [locks.told(lock) for lock in left]})
    else:
        show.locks(removed, [locks.told(lock) for lock in left])
    raise typer.Exit(1 if left else 0)


def _install_timer(tenants: list[str], chosen: Chosen) -> None:
    """Write or print the units of one run over the platform and all tenants."""
    from ringfence.fleet import timing  # noqa: PLC0415 - as above
    from ringfence.timers.installing import install  # noqa: PLC0415 - as above

    if tenants or chosen.label:
        hint = "ringfence fleet install-timer"
        raise QuestionError.of("one timer brings all tenants up", where=" ".join(tenants), expected="no tenant and no label", hint=hint)
    install(timing.units_of(folder.root(), os.environ, chosen.at), chosen.out, as_json=chosen.as_json)


def _run(action: Action, tenants: list[str], chosen: Chosen, day: date) -> None:
    from infra.fleet import course, journal  # noqa: PLC0415 - as above
    from ringfence.fleet import run, show, work  # noqa: PLC0415 - as above

    place, limits = paths.state() / "fleet", _limits(chosen)
    with run.alone(place):
        files, before = _begun(action, tenants, chosen, day)
        state = course.Course(before.began.tenants, ended=before.well)
        if not (files / run.JOURNAL).exists():
            files.mkdir(parents=True)
            (files / run.JOURNAL).write_text(journal.head(before.began), encoding="utf-8")
        what = work.Action(action.value)
        with show.Progress(len(state.order), quiet=chosen.as_json) as bar:
            fleet = run.Fleet(files, partial(_command, what), work.Judge(what, chosen.expect_no_changes), bar.tell)
            state = run.run(fleet, state, limits)
    ended = course.everybody(state, limits)
    code = INTERRUPTED if state.interrupted else course.exit_code(ended)
    if chosen.as_json:
        emit(show.plain_run(before.began, ended, files, code))
    else:
        show.run(before.began, ended, files, course.stop(state, limits))
    raise typer.Exit(code)


def _command(action: Work, tenant: str) -> Any:  # noqa: ANN401 - the words of a command line
    from ringfence.fleet import work  # noqa: PLC0415 - as above

    return work.command(action, tenant)


def _begun(action: Action, tenants: list[str], chosen: Chosen, day: date) -> tuple[Any, Run]:
    """Return the folder and the journal of the run: the last one of the action, or a new one."""
    from infra.declaration.folder import load_folder  # noqa: PLC0415 - as above
    from infra.fleet import choice, journal  # noqa: PLC0415 - as above
    from ringfence.fleet import run  # noqa: PLC0415 - as above

    place = paths.state() / "fleet"
    if chosen.resume:
        if tenants or chosen.label:
            raise QuestionError.of("a run that goes on has its tenants", where="--resume", expected="no tenant and no label")
        return run.last(place, action.value)
    declared = load_folder(folder.root(), today=day)
    names = choice.chosen([one.tenant for one in declared.tenants], declared.left, tenants, choice.labels(chosen.label or ()))
    started = datetime.now(UTC).isoformat(timespec="milliseconds")
    began = journal.Began(journal.VERSION, action.value, names, started)
    return place / started.replace(":", "").replace("+0000", "Z"), journal.Run(began, {})


def _limits(chosen: Chosen) -> Limits:
    from infra.fleet import room  # noqa: PLC0415 - as above
    from infra.fleet.course import Limits  # noqa: PLC0415 - as above

    return Limits(chosen.at_once or room.at_once(os.cpu_count() or 1, _available()), chosen.canary, chosen.stop_after)


def _available() -> int:
    """Return the bytes of memory that are available (proc_meminfo(5)); all there could be where the kernel does not tell."""
    try:
        with open("/proc/meminfo", encoding="ascii") as lines:  # noqa: PTH123 - a file of the kernel
            return next(int(line.split()[1]) << 10 for line in lines if line.startswith(MEMORY))
    except (OSError, StopIteration):
        return sys.maxsize
