"""The command line of the lab."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from infra.errors import RingfenceError
from labcloud import control
from labcloud.exports import exports
from labcloud.layout import Layout
from labcloud.machine import outside
from labcloud.machine import packages as debian
from labcloud.model import State
from labcloud.processes import enter
from labcloud.progress import StepProgress
from labcloud.services import services
from labcloud.settings import LabError, Settings
from labcloud.status import Status, judge, judge_forwarder
from labcloud.up import Bringup, only_one, take_down

if TYPE_CHECKING:
    from collections.abc import Iterator

EXAMPLES = """
Examples:

  ./scripts/lab up                              bring the cloud up, from whatever there is

  eval "$(./scripts/lab env)"                   point this shell at it

  ./scripts/lab status --json                   what is up, for programs

  ./scripts/lab exec openstack server list --all-projects

  ./scripts/lab exec ovs-vsctl show

  ./scripts/lab logs nova-compute -n 200

  ./scripts/lab restart neutron                 stop and start one service
"""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    help="A real OpenStack on this machine, in namespaces of its own.",
    epilog=EXAMPLES,
)
PIPE_WIDTH = 160
# As shells report a program that Ctrl-C ended.
INTERRUPTED = 130
RAW = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command()
def up() -> None:
    """Bring the lab up, or what of it is down; safe to repeat at any point."""
    settings, progress = Settings.of(os.environ), StepProgress()
    with only_one(settings.root), interruptible(progress):
        layout = Bringup(settings, progress).run()
    progress.say(f'the lab is up; point a shell at it: [bold]eval "$({_me()} env)"[/bold]')
    progress.say(f"state and logs: {layout.root}")


@app.command(hidden=True)
def packages(lists: Annotated[list[Path], typer.Argument(metavar="LIST...", help="Files with one package in each line.")]) -> None:
    """Install Debian packages from lists, without starting a single daemon; what scripts/setup does for the whole project."""
    settings, progress = Settings.of(os.environ), StepProgress()
    absent = debian.missing(tuple(dict.fromkeys(name for file in lists for name in debian.listed(file))))
    if absent:
        log = settings.root.parent / "packages.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with progress.step(f"install {len(absent)} Debian packages"):
            debian.install(absent, log)


@app.command()
def down() -> None:
    """Stop the lab and keep its state; its servers are shut down and come back with the next `up`."""
    settings, progress = Settings.of(os.environ), StepProgress()
    with only_one(settings.root):
        layout = _layout(settings)
        if not take_down(layout, progress):
            progress.say("no lab ran")


@app.command()
def wipe() -> None:
    """Stop the lab and delete its state: tenants, volumes, passwords. Caches stay."""
    settings, progress = Settings.of(os.environ), StepProgress()
    with only_one(settings.root):
        with progress.step("stop and delete"):
            layout = _known(settings)
            if layout:
                outside.stop_forwarder(layout)
                control.stop(layout)
            shutil.rmtree(settings.root, ignore_errors=True)
        if settings.root.exists():
            raise LabError.of("the state could not be deleted", where=str(settings.root), hint="is a file in use?")


@app.command()
def restart(names: Annotated[list[str], typer.Argument(metavar="SERVICE...", help="Services, as in `status`.")]) -> None:
    """Stop and start single services."""
    settings, progress = Settings.of(os.environ), StepProgress()
    layout = _layout(settings)
    chosen = tuple(service for service in services(layout) if service.name in names)
    _refuse_unknown(set(names) - {service.name for service in chosen}, layout)
    if not control.is_current(layout):
        raise LabError.of("the running lab was started from other files than these", hint="./scripts/lab up starts it again")
    with only_one(settings.root), progress.step(f"restart {', '.join(names)}"):
        control.order(layout, "stop", names=[service.name for service in reversed(chosen)])
        for service in chosen:
            if not control.start_services(layout, (service,), lambda *_: None):
                where, hint = str(layout.log(service.name)), f"read it with `./scripts/lab logs {service.name}`"
                raise LabError.of(f"{service.name} did not come up", where=where, hint=hint)


@app.command()
def status(*, as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False) -> None:
    """Say per service what is up, what is not and which log to read; exit code 1 unless all is up."""
    settings = Settings.of(os.environ)
    found = _status(settings)
    if as_json:
        print(json.dumps(found.to_json(), indent=1))
    else:
        _print(found, settings)
    raise typer.Exit(0 if found.is_up else 1)


@app.command(context_settings=RAW, name="exec")
def execute(context: typer.Context) -> None:
    """Run a command inside the lab's namespaces, as the operator of the cloud."""
    layout = _layout(Settings.of(os.environ))
    pid = enter.supervisor(layout.root)
    if pid is None:
        raise LabError.of("the lab does not run", where=str(layout.root), hint="./scripts/lab up")
    command = enter.inside(pid, *(context.args or ["bash", "--norc"]))
    sys.stdout.flush()
    os.execvpe(command[0], command, control.inside_environment(layout))  # noqa: S606 - becomes the command


@app.command()
def logs(
    service: Annotated[str, typer.Argument(help="A service, as in `status`; or setup, supervisor, forwarder.")],
    lines: Annotated[int, typer.Option("--lines", "-n", help="How many lines from the end.")] = 50,
    *,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as it grows.")] = False,
) -> None:
    """Show the end of a service's log."""
    layout = _layout(Settings.of(os.environ))
    file = layout.log(service)
    if not file.exists():
        _refuse_unknown({service}, layout)
    arguments = ["tail", f"--lines={lines}", *(["--follow=name"] if follow else []), str(file)]
    os.execvp("tail", arguments)  # noqa: S606 - becomes the command


@app.command()
def env() -> None:
    """Print one line of exports that points a shell at the lab."""
    print(exports(_layout(Settings.of(os.environ))))


@contextmanager
def interruptible(progress: StepProgress) -> Iterator[None]:
    """Say after Ctrl-C what that means: the supervisor finishes the step it is at, and nothing is lost."""
    try:
        yield
    except KeyboardInterrupt:
        progress.say("interrupted; services that were starting go on doing so, and ./scripts/lab up goes on from there")
        raise typer.Exit(INTERRUPTED) from None


def main() -> None:
    """Run, and print errors of our own without a trace-back."""
    try:
        app()
    except RingfenceError as error:
        Console(stderr=True, highlight=False, markup=False, soft_wrap=True).print(f"error: {error}")
        sys.exit(1)


def _me() -> str:
    """How this program is called."""
    return "./scripts/lab"


def _layout(settings: Settings) -> Layout:
    """The layout of the lab that exists; :class:`LabError` when there is none."""
    layout = _known(settings)
    if layout is None:
        raise LabError.of("there is no lab", where=str(settings.root), hint="./scripts/lab up")
    return layout


def _known(settings: Settings) -> Layout | None:
    """The layout of the lab, or nothing when none was ever made."""
    try:
        return Layout.load(settings.root)
    except FileNotFoundError:
        return None


def _status(settings: Settings) -> Status:
    """Ask everyone and judge."""
    layout = _known(settings)
    if layout is None:
        return Status(running=False, lines=())
    table = services(layout)
    if enter.supervisor(layout.root) is None:
        return Status(running=False, lines=judge(table, (), layout.logs))
    lines = judge(table, control.order(layout, "states")["states"], layout.logs)
    if settings.forward:
        lines = (*lines, judge_forwarder(outside.forwarder_pid(layout), layout.log("forwarder")))
    return Status(running=True, lines=lines)


def _print(found: Status, settings: Settings) -> None:
    """The table for people."""
    # Into a pipe, lines are as long as they are: nobody wants a table wrapped for a screen that is not there.
    console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPE_WIDTH)
    if not found.running:
        console.print(f"no lab runs in {settings.root}; start it: ./scripts/lab up")
        return
    table = Table(box=None, pad_edge=False)
    for column in ("service", "state", "since", "what"):
        table.add_column(column, no_wrap=True)
    marks = {State.UP: "green", State.STARTING: "yellow"}
    for line in found.lines:
        table.add_row(line.name, f"[{marks.get(line.state, 'red')}]{line.state}[/]", f"{line.seconds:.0f} s", line.purpose)
    console.print(table)
    wrong = [line for line in found.lines if not line.is_up]
    for line in wrong:
        console.print(f"{line.name} is {line.state}: {line.detail or 'see its log'}\n  log: {line.log}", soft_wrap=True)
    console.print(f"{len(found.lines) - len(wrong)} of {len(found.lines)} up")


def _refuse_unknown(names: set[str], layout: Layout) -> None:
    """Refuse names that are no services."""
    if names:
        raise LabError.of(
            "no such service or log",
            got=", ".join(sorted(names)),
            expected=", ".join(service.name for service in services(layout)),
        )
