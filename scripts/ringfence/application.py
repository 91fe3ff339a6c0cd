"""The verbs as one application, and every way in which one of them fails as an error that a person can act on.

Every verb is a module of ``ringfence.commands`` with a function ``add(app)``. An error means that nothing was judged: it ends with exit
code 2, never looks like an answer, and is printed without a trace-back; ``--debug`` shows where it came from.
"""

from __future__ import annotations

import copy
import dataclasses
import errno
import importlib
import logging
import os
import pkgutil
import traceback
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.exceptions import TyperException

from infra.errors import Problem, RingfenceError
from ringfence import commands, extras, folder
from ringfence.failing import complain, flushed, no_colour

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

DEBUG = "RINGFENCE_DEBUG"
NAME = "ringfence"
CANNOT_TELL = 2
"""Exit code of everything that keeps a verb from answering (:mod:`ringfence.cli`)."""
COMPLETE = "_RINGFENCE_COMPLETE"
"""What a shell sets that asks for completions."""
OUTPUT_GONE = {errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO, errno.EDQUOT, errno.EFBIG}
"""What writing to a standard stream can end with; an error about a file names the file."""
GROUPS = {
    "Declare": ("init", "validate", "schema"),
    "Prove": ("prove", "can", "who-can-reach", "why", "why-not", "matrix", "diff", "lint"),
    "Make": ("doctor", "keys"),
    "Verify": ("verify", "drift", "status", "vulns"),
    "Many tenants": ("fleet",),
    "Reach servers": ("ssh", "ssh-config", "inventory"),
    "Operators": ("operator", "sessions", "logs"),
    "Keep data": ("backup", "offboard"),
    "Keep evidence": ("snapshot", "check"),
    "This machine": ("lab",),
}
"""The verbs in the order of a person's work."""
MODULES = {
    "who-can-reach": "can",
    "why-not": "why",
    "check": "snapshot",
    **dict.fromkeys(GROUPS["Operators"], "operators"),
    **dict.fromkeys(GROUPS["Reach servers"], "servers"),
}
"""Verbs that share a module of ``ringfence.commands`` with another one; every other verb's is called as it is."""
HANDS_OVER = "ignore_unknown_options"
"""The setting of a verb whose arguments are another program's."""


def _folder(value: str | None) -> None:
    if value is not None:
        folder.change(value)


def _version(*, wished: bool) -> None:
    if wished:
        typer.echo(f"{NAME} {version(NAME)}")
        raise typer.Exit


def application(*only: str) -> typer.Typer:
    """Build the application with the verbs of some modules of ``ringfence.commands``; without any, with every verb there is."""
    help_ = "Ring-fenced tenants on OpenStack: declared, proven, probed."
    app = typer.Typer(name=NAME, help=help_, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]})

    @app.callback()
    def common(
        context: typer.Context,
        *,
        folder: Annotated[
            str | None,
            typer.Option("-C", metavar="FOLDER", callback=_folder, is_eager=True, help="Work as if started in this folder."),
        ] = None,
        debug: Annotated[bool, typer.Option("--debug", help="Show where an error came from.", envvar=DEBUG)] = False,
        version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")] = False,
    ) -> None:
        del folder, version  # their callbacks have done what they ask for
        context.find_root().obj = debug
        if not debug:
            # Both print what they try again; what comes of it is raised and told.
            for name in ("paramiko", "keystoneauth"):
                logging.getLogger(name).setLevel(logging.CRITICAL)

    for module in only or sorted(found.name for found in pkgutil.iter_modules(commands.__path__)):
        importlib.import_module(f"{commands.__name__}.{module}").add(app)
    panels = {verb: panel for panel, verbs in GROUPS.items() for verb in verbs}
    order = {verb: place for place, verb in enumerate(panels)}
    app.registered_commands.sort(key=lambda verb: order.get(str(verb.name), len(order)))
    for verb in app.registered_commands:
        verb.rich_help_panel = panels.get(str(verb.name), "Others")
    return app


def modules(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return the only module of ``ringfence.commands`` that a command line needs; none where it may need each of them.

    That of a verb takes a fraction of the time that all of them take to import. Help, completions and whatever is not understood
    need all; so does every option before the verb that is not known here.
    """
    rest = iter(() if COMPLETE in os.environ else arguments)
    for argument in rest:
        if argument == "-C":
            next(rest, None)
        elif argument != "--debug":
            verbs = {verb for listed in GROUPS.values() for verb in listed}
            return (MODULES.get(argument, argument.replace("-", "_")),) if argument in verbs else ()
    return ()


@cache
def command_line(*only: str) -> typer.core.TyperGroup:
    """Return the application as it is run: ``-C FOLDER`` may stand before the verb, as git has it, or behind, as pulumi has it.

    It is built once in a process: that takes longer than most questions.
    """
    command = typer.main.get_command(application(*only))
    assert isinstance(command, typer.core.TyperGroup)  # noqa: S101 - it has more than one verb
    anywhere = copy.copy(next(option for option in command.params if "-C" in option.opts))
    anywhere.expose_value, anywhere.hidden = False, True  # type: ignore[attr-defined] # an option is what may be hidden
    for verb in command.commands.values():
        if not verb.context_settings.get(HANDS_OVER):
            verb.params.append(anywhere)
    for each in (command, *command.commands.values()):
        each.format_help = _coloured(each.format_help)  # type: ignore[method-assign, assignment] # in the colours that are wanted
    return command


def _coloured(show: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    """Return what shows help in the colours that are wanted; what it is shown with takes long to import, and an answer needs none of it."""

    def shown(context: object, formatter: object) -> None:
        from typer import rich_utils  # noqa: PLC0415 - as said

        if no_colour():
            rich_utils.COLOR_SYSTEM = None
        rich_utils.FORCE_TERMINAL = True if os.environ.get("FORCE_COLOR") else None  # a CI's log is no terminal
        show(context, formatter)

    return shown


def run(arguments: Sequence[str]) -> int:
    """Run the command line and return its exit code: 0 and 1 are a verb's answers, and come from nowhere else."""
    code, context = CANNOT_TELL, None
    try:
        command = command_line(*modules(arguments))
        if COMPLETE in os.environ:
            command(prog_name=NAME)
        with command.make_context(NAME, list(arguments) or ["--help"]) as context:
            command.invoke(context)
            code = 0
    except typer.Exit as ended:
        code = ended.exit_code if arguments else CANNOT_TELL
    except SystemExit as ended:
        if _is_about_completion(arguments):  # the library has written what there is to say
            code = CANNOT_TELL if ended.code else 0
        else:  # rich's answer to a pipe that nobody reads any more
            _fail(_output(OSError(errno.EPIPE, "nobody reads it any more")))
    except (Exception, typer.Abort) as error:  # noqa: BLE001 - whatever it is, it is no answer
        if context is not None and context.obj:
            traceback.print_exc()
        _fail(_problems(error))
    if (unwritten := flushed()) is not None:
        code = CANNOT_TELL
        _fail(_output(unwritten))
    return code


def _is_about_completion(arguments: Sequence[str]) -> bool:
    """Tell whether a shell asks for completions, or a person for the script that lets a shell ask."""
    return COMPLETE in os.environ or list(arguments[:1]) in (["--show-completion"], ["--install-completion"])


def _problems(error: BaseException) -> tuple[Problem, ...]:
    """Say of an error what is wrong and what to do next."""
    if isinstance(error, RingfenceError):
        return error.problems
    if isinstance(error, TyperException):
        command = getattr(getattr(error, "ctx", None), "command_path", NAME)
        return (Problem(error.format_message(), command, hint=f"{command} --help"),)
    if isinstance(error, ModuleNotFoundError) and (problem := extras.missing(error.name or "")) is not None:
        return (problem,)
    if isinstance(error, MemoryError):
        return (Problem("there is not enough memory", hint="ask about less, or where there is more"),)
    if isinstance(error, OSError) and (error.filename is not None or error.errno in OUTPUT_GONE):
        return _output(error) if error.filename is None else (_unusable(error),)
    hint = "this is a defect of ringfence: run it again as `ringfence --debug ...` and report what it says"
    return (Problem("something that ringfence did not expect", got=f"{type(error).__name__}: {error}", hint=hint),)


def _output(error: OSError) -> tuple[Problem, ...]:
    got = error.strerror or str(error)
    return (Problem("the answer could not be written, so there is none", "the output", got=got, hint="let it go where all of it is taken"),)


def _unusable(error: OSError) -> Problem:
    name = error.filename if isinstance(error.filename, str) else repr(error.filename)
    return Problem(
        "this file or folder cannot be used", name, got=error.strerror or str(error), hint="name one that is there and may be read"
    )


def _fail(problems: Sequence[Problem]) -> None:
    complain([dataclasses.asdict(problem) for problem in problems], "\n".join(map(str, problems)))
