"""``ringfence validate``: every mistake of the declarations, without a cloud and without the engine."""

from __future__ import annotations

import dataclasses
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import files as declarations_of
from infra.declaration.validation import ONLY_TOGETHER, Validated, validate_alone, validate_folder
from infra.declaration.yaml.text import MOST_BYTES
from infra.errors import QuestionError
from ringfence import folder as project
from ringfence.analysis import declarations
from ringfence.analysis.options import HOLDS, UNKNOWN, AsJson, Today, console, emit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from infra.errors import Problem

STDIN = "-"


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("validate")(command)


def command(
    named: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE]...", help="Declarations; all of the folder without any; - for one on standard input (--stack)."),
    ] = None,
    stack: Annotated[str, typer.Option("--stack", metavar="NAME", help="Name of the stack that standard input declares.")] = "",
    *,
    syntax: Annotated[
        bool, typer.Option("--syntax", help="Judge each file by itself: what only the platform's or other tenants' files show is left out.")
    ] = False,
    today: Today = None,
    as_json: AsJson = False,
) -> None:
    """Every mistake of the declarations: exit 0 when there is none, 2 when there is one or something could not be judged.

    Asks no cloud and no engine. A flow whose last day is over is named, and is no mistake;
    so is a package service without security updates.

    Examples: `ringfence validate`; `ringfence validate Pulumi.acme.yaml --json`; `ringfence validate --syntax tenants/Pulumi.*.yaml`;
    `git show main:Pulumi.acme.yaml | ringfence validate - --stack acme`
    """
    day = today or declarations.now()
    found = Validated()
    for one in _judged(named or [], stack, day, syntax=syntax):
        found = found.joined(one)
    if as_json:
        _emit(found, day, syntax=syntax)
    else:
        _show(found, syntax=syntax)
    raise typer.Exit(HOLDS if found.right else UNKNOWN)


def _judged(named: list[str], stack: str, day: date, *, syntax: bool) -> Iterator[Validated]:
    """Yield what comes of each folder that has files among those that are named."""
    if stack and STDIN not in named:
        raise QuestionError.of("nothing is read from standard input", where="--stack", expected="the file - beside it", got=stack)
    if not named:
        folder = project.found() or Path.cwd()
        if not declarations.are_there(folder):
            hint = "`ringfence init` writes the first ones; or name files"
            raise QuestionError.of("there is no declaration", where=str(folder), expected=f"{PREFIX}<stack>{SUFFIX}", hint=hint)
        yield validate_alone(declarations_of(folder), today=day) if syntax else validate_folder(folder, today=day)
    folders: dict[Path, list[Path]] = defaultdict(list)
    for path in (Path(name) for name in named if name != STDIN):
        folders[path.parent].append(path)
    for folder, paths in folders.items():
        if not folder.is_dir():
            raise QuestionError.of("there is no such folder", where=str(folder), expected="a folder with declarations")
        unique = list(dict.fromkeys(paths))
        found = validate_alone(unique, today=day) if syntax else validate_folder(folder, today=day, only=frozenset(p.name for p in unique))
        yield _placed(found, folder)
    if STDIN in named:
        yield _standard_input(stack, day, syntax=syntax)


def _standard_input(stack: str, day: date, *, syntax: bool) -> Validated:
    """Judge what is read from standard input as if it lay beside the declarations."""
    if not stack:
        hint = "--stack acme, for what is to be Pulumi.acme.yaml"
        raise QuestionError.of("standard input has no name", where=STDIN, expected="the stack that it declares", hint=hint)
    name = f"{PREFIX}{stack}{SUFFIX}"
    if Path(name).name != name:
        raise QuestionError.of("this is no name of a stack", where="--stack", expected="one word", got=stack)
    with tempfile.TemporaryDirectory(prefix="ringfence-") as made:
        folder = Path(made)
        here = project.found()
        beside = declarations_of(here) if here else ()
        for path in (one for one in beside if one.name != name):
            (folder / path.name).symlink_to(path.resolve())
        (folder / name).write_bytes(sys.stdin.buffer.read(MOST_BYTES + 1))
        return validate_alone([folder / name], today=day) if syntax else validate_folder(folder, today=day, only=frozenset({name}))


def _placed(found: Validated, folder: Path) -> Validated:
    """Return the same with the folder before the names of files, where it is another than the working directory."""
    if folder == Path():
        return found

    def at(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
        return tuple(dataclasses.replace(one, where=str(folder / one.where)) for one in problems)

    ended = tuple(dataclasses.replace(one, file=str(folder / one.file)) for one in found.ended)
    return Validated(tuple(str(folder / name) for name in found.files), at(found.problems), at(found.unjudged), ended, at(found.remarks))


def _emit(found: Validated, day: date, *, syntax: bool) -> None:
    emit(
        {
            "valid": found.right,
            "files": list(found.files),
            "errors": [dataclasses.asdict(one) for one in found.problems],
            "not_judged": [*(dataclasses.asdict(one) for one in found.unjudged), *({"what": one} for one in ONLY_TOGETHER if syntax)],
            "ended": [dataclasses.asdict(one) for one in found.ended],
            "remarks": [dataclasses.asdict(one) for one in found.remarks],
            "today": day.isoformat(),
        }
    )


def _show(found: Validated, *, syntax: bool) -> None:
    out = console()
    for problem in found.problems:
        out.print(*str(problem).splitlines(), sep="\n", markup=False)
    for problem in found.unjudged:
        out.print(*str(problem).splitlines(), sep="\n", style="yellow", markup=False)
    for remark in found.remarks:
        out.print(*str(remark).splitlines(), sep="\n", style="yellow", markup=False)
    for ended in found.ended:
        out.print(str(ended), style="yellow", markup=False)
    if syntax:
        out.print(f"not judged, as {'each file was' if len(found.files) > 1 else 'the file was'} judged by itself:", style="yellow")
        out.print(*(f"  {one}" for one in ONLY_TOGETHER), sep="\n", style="yellow", markup=False)
    mistakes = f"{len(found.problems)} mistake{'' if len(found.problems) == 1 else 's'}"
    open_ = "" if not found.unjudged else "; not all could be judged"
    declared = f"{len(found.files)} declaration{'' if len(found.files) == 1 else 's'}"
    out.print(f"{declared}: {mistakes}{open_}", style="green" if found.right else "red", markup=False)
