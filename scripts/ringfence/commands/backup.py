"""``ringfence backup``: make the backups that are due, list them, say what is wrong with them, restore one."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from infra.errors import QuestionError, RingfenceError
from infra.text import visible
from ringfence import folder
from ringfence.analysis.options import AsJson  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit
from ringfence.backups import timing
from ringfence.backups.showing import show_drill, show_steps
from ringfence.progress import progress
from ringfence.timers.installing import install
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ringfence.backups.making import BackupStep


class BackupAction(StrEnum):
    """What to do."""

    RUN = "run"
    LIST = "list"
    STATUS = "status"
    RESTORE = "restore"
    DRILL = "drill"
    INSTALL_TIMER = "install-timer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said besides."""

    disk: Annotated[str, typer.Option("--disk", help="restore: this disk only, `root` or a data disk's name.")] = ""
    generation: Annotated[
        str,
        typer.Option(
            "--generation", help="restore, drill: of this day, such as 2026-11-30; else the newest whole one, or the one whose turn it is."
        ),
    ] = ""
    due: Annotated[bool, typer.Option("--due", help="drill: every server whose declared drill is due, and no other.")] = False
    queue: Annotated[
        bool, typer.Option("--queue", help="run, drill: wait for another run of the same tenant, up to --patience, instead of refusing.")
    ] = False
    at_once: Annotated[int, typer.Option("--at-once", min=1, max=64, help="How many servers or disks are worked on at the same time.")] = 2
    patience: Annotated[float, typer.Option("--patience", min=0.0, help="For how many hours one backup is waited for.")] = 6.0
    out: Annotated[Path | None, typer.Option("--out", help="install-timer: write the units to this folder instead of printing them.")] = (
        None
    )
    as_json: AsJson = False

    @property
    def seconds(self) -> float:
        """How long one backup is waited for."""
        return self.patience * 3600

    @property
    def day(self) -> date | None:
        """The day of the generation that is meant, if one is. Raises :class:`QuestionError` when it is no day."""
        try:
            return date.fromisoformat(self.generation) if self.generation else None
        except ValueError as error:
            raise QuestionError.of("not a day", where="--generation", expected="such as 2026-11-30", got=self.generation) from error


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("backup")(command)


@verb
def command(
    action: Annotated[BackupAction, typer.Argument(help="run, list, status, restore, drill or install-timer.")],
    names: Annotated[list[str] | None, typer.Argument(help="Tenants, all when none is named; restore: TENANT/SERVER.")] = None,
    *,
    said: Said,
) -> None:
    """Make the backups that are due, list them, say what is wrong with them, or restore one into a new volume.

    `run` makes what the declarations say for the day, waits for it, and prunes what nobody keeps; a second run of the day makes nothing.
    Whatever a run that was killed began is found again, and the same command goes on. `status` says what is missed, older than 26 hours,
    stuck, or without its key. `restore` makes a volume of the same type and tells its id; it changes no volume that is there.
    `drill` restores a generation of one server of each tenant, the oldest and the newest in turn, lets its root disk boot without network,
    compares its data disks, and takes all of that away again; what cannot be drilled is an error. With `--due` it drills the servers whose
    declared drill is due. `install-timer` prints the units with which systemd does `run` at the declared times, and after it the drills
    that are due, or writes them to a folder.

    Exit 0 when all is well, 1 when something is wrong, 2 when something cannot be told or is still at work.

    Examples: `ringfence backup run`; `ringfence backup run acme --at-once 4`; `ringfence backup status --json`;
    `ringfence backup drill --due`; `ringfence backup restore acme/db --disk data --generation 2026-11-30`;
    `ringfence backup install-timer --out ~/.config/systemd/user`
    """
    match action:
        case BackupAction.RUN:
            _run(names or [], said)
        case BackupAction.LIST:
            _list(names or [], said)
        case BackupAction.STATUS:
            _status(names or [], said)
        case BackupAction.RESTORE:
            _restore(names or [], said)
        case BackupAction.DRILL:
            _drill(names or [], said)
        case BackupAction.INSTALL_TIMER:
            _install_timer(names or [], said)


def _run(tenants: Sequence[str], said: Said) -> None:
    from ringfence.backups import looking, making, stillness  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.backups import tenants as opening  # noqa: PLC0415 - as above
    from ringfence.backups.copied import is_copied  # noqa: PLC0415 - as above
    from ringfence.backups.waiting import Waiting  # noqa: PLC0415 - as above

    told: list[dict[str, Any]] = []
    codes = []
    holding = stillness.ByLogin()
    for name in opening.asked(tenants):
        steps: list[BackupStep] | None = None
        try:
            tenant = opening.opened(name)
            with tenant.journal.held(said.seconds if said.queue else 0.0), _progress(name) as tell:
                copied = partial(is_copied, environment=os.environ)
                steps = making.BackupRun(tenant, holding, Waiting(said.seconds), tell, said.at_once, copied).run()
            found = looking.of_tenant(tenant)
        except RingfenceError as error:
            found = looking.untold(name, error)
        codes += [making.exit_code(steps or []), looking.exit_code([found])]
        told.append({"tenant": name, "steps": [asdict(step) for step in steps or []], "checks": looking.plain([found])[0]["checks"]})
        if not said.as_json:
            if steps is not None:
                show_steps(name, steps)
            looking.show([found], console())
    code = 1 if 1 in codes else max(codes, default=0)
    if said.as_json:
        emit({"tenants": told, "exit_code": code})
    raise typer.Exit(code)


def _list(tenants: Sequence[str], said: Said) -> None:
    from ringfence.backups import looking  # noqa: PLC0415 - as above
    from ringfence.backups import tenants as opening  # noqa: PLC0415 - as above

    rows: list[dict[str, Any]] = [
        {
            "tenant": name,
            "server": one.server,
            "generation": str(one.day),
            "whole": one.whole,
            "taken": one.taken.isoformat(timespec="seconds"),
            "disks": [
                {
                    "disk": record.mark.disk if record.mark else "",
                    "id": record.id,
                    "status": record.status,
                    "size": record.size,
                    "increment": record.increment,
                }
                for record in one.records
            ],
        }
        for name in opening.asked(tenants)
        for one in looking.kept(opening.opened(name))
    ]
    if said.as_json:
        emit({"generations": rows})
        return
    table = Table("server", "generation", "taken", "whole", "disks")
    for row in rows:
        disks = "; ".join(
            f"{disk['disk']} {disk['size']} GiB {'increment' if disk['increment'] else 'full'} {disk['id']}" for disk in row["disks"]
        )
        table.add_row(f"{row['tenant']}/{row['server']}", row["generation"], row["taken"], "yes" if row["whole"] else "NO", disks)
    console().print(table)


def _status(tenants: Sequence[str], said: Said) -> None:
    from ringfence.backups import looking  # noqa: PLC0415 - as above
    from ringfence.backups import tenants as opening  # noqa: PLC0415 - as above

    found = looking.look(opening.asked(tenants))
    code = looking.exit_code(found)
    if said.as_json:
        emit({"tenants": looking.plain(found), "exit_code": code})
    else:
        looking.show(found, console())
    raise typer.Exit(code)


def _restore(wanted: Sequence[str], said: Said) -> None:
    from ringfence.backups import restoring  # noqa: PLC0415 - as above
    from ringfence.backups import tenants as opening  # noqa: PLC0415 - as above
    from ringfence.backups.waiting import Waiting  # noqa: PLC0415 - as above

    if len(wanted) != 1 or "/" not in wanted[0]:
        raise QuestionError.of(
            "one server is restored at a time", expected="TENANT/SERVER", got=" ".join(wanted), hint="ringfence backup list"
        )
    name, _, server = wanted[0].partition("/")
    day = said.day
    tenant = opening.opened(*opening.asked([name]))
    with tenant.journal.held(), _progress(name) as tell:
        records = restoring.chosen(tenant, server, day, said.disk)
        found = restoring.Restoring(tenant, Waiting(said.seconds), tell, said.at_once).run(records)
    code = 2 if any(one.said for one in found) else 0
    if said.as_json:
        emit({"tenant": name, "restored": [asdict(one) for one in found], "exit_code": code})
    else:
        out = console()
        for one in found:
            where = visible(f"{name}/{one.server} {one.disk}, {one.day}")
            if one.said:
                out.print(Text(visible(f"{where}: NOT RESTORED: {one.said}"), "red"))
            else:
                before = " (it was restored before: delete it to restore it anew)" if one.again else f" in {one.seconds} s"
                out.print(visible(f"{where}: volume {one.volume}{before}"))
    raise typer.Exit(code)


def _drill(wanted: Sequence[str], said: Said) -> None:
    from ringfence.backups import drills  # noqa: PLC0415 - as above

    if said.due and (said.generation or any("/" in one for one in wanted)):
        hint = "ringfence backup drill TENANT/SERVER drills a server whether its drill is due or not"
        raise QuestionError.of("the declarations and the journal say what is due", where="--due", expected="tenants only", hint=hint)
    told: list[dict[str, Any]] = []
    codes = []
    order = drills.DrillOrder(wanted, said.due, said.day, said.seconds, said.seconds if said.queue else 0.0)
    for drill, code in drills.run(order, _progress):
        told.append(drill)
        codes.append(code)
        if not said.as_json:
            show_drill(drill)
    code = 1 if 1 in codes else max(codes, default=0 if said.due else 2)
    if said.as_json:
        emit({"drills": told, "exit_code": code})
    elif not told:
        console().print("no drill is due")
    raise typer.Exit(code)


def _install_timer(tenants: Sequence[str], said: Said) -> None:
    """Write or print the units of one run over all tenants, at the times that they are declared for."""
    if tenants:
        hint = "ringfence backup install-timer"
        raise QuestionError.of("one timer runs the backups of all tenants", expected="no tenant", got=" ".join(tenants), hint=hint)
    install(timing.units_of(folder.root(), os.environ), said.out, as_json=said.as_json)


@contextmanager
def _progress(tenant: str) -> Iterator[Callable[[str, int, int], None]]:
    with progress(tenant) as tell:
        yield lambda what, done, total: tell(f"{tenant}: {what}", done, total)
