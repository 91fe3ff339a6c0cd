"""``ringfence drift``: what differs from the declarations, layer by layer, and the command that puts it back."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import QuestionError, RingfenceError
from ringfence.analysis.options import Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit
from ringfence.drift.report import UNKNOWN, Layer
from ringfence.progress import progress

if TYPE_CHECKING:
    from datetime import date

    from ringfence.drift.report import Report

INTERRUPTED = 130


@dataclasses.dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be compared: whose, which layers, as on which day; and the file to write or to compare with, where there is one."""

    tenants: tuple[str, ...]
    layers: frozenset[Layer]
    today: date | None
    keep: Path | None
    source: Path | None

    def check(self, *, is_watch: bool) -> None:
        """Raise :class:`QuestionError` for options that do not go together."""
        if self.source and is_watch:
            hint = "leave one of them out: a file does not change while one looks"
            raise QuestionError.of("a kept file cannot be watched", where="--from, --watch", hint=hint)
        if self.source and self.keep:
            raise QuestionError.of("what is in a file is kept already", where="--from, --keep", hint="leave one of them out")
        if self.keep and Layer.API not in self.layers:
            got = ", ".join(sorted(self.layers))
            raise QuestionError.of(
                "only what layer api compares can be kept", where="--keep", expected="layer api", got=got, hint="--only api"
            )


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("drift")(drift)


def drift(
    tenants: Annotated[list[str] | None, typer.Argument(help="Tenants to compare; all that are up when none is named.")] = None,
    only: Annotated[list[Layer] | None, typer.Option(help="Only this layer; may be given more than once.")] = None,
    watch: Annotated[str, typer.Option(metavar="TIME", help="Compare again every 30s, 5m or 1h, until it is interrupted.")] = "",
    *,
    keep: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what layer api compared to this file, without secrets.")] = None,
    source: Annotated[
        Path | None, typer.Option("--from", metavar="FILE", help="Compare with what --keep wrote, as on its day, and ask no cloud.")
    ] = None,
    today: Today = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; with --watch a line for each run.")] = False,
) -> None:
    """Compare all layers with the declarations, object by object: exit 0 without a difference, 1 with one, 2 when that cannot be told.

    It repairs nothing: each difference comes with the command that puts it back. Every run is kept in the journal of the state's folder.

    Examples: `ringfence drift`; `ringfence drift acme --only api --json`; `ringfence drift --watch 5m`;
    `ringfence drift --keep records.jsonl`; `ringfence drift --from records.jsonl`
    """
    asked = _Asked(tuple(tenants or ()), frozenset(only or Layer), today, keep, source)
    asked.check(is_watch=bool(watch))
    if watch:
        _watch(watch, asked, as_json=as_json)
    report = _once(asked)
    if as_json:
        emit(report.plain())
    else:
        from ringfence.drift import show  # noqa: PLC0415 - tables take a tenth of a second to import

        show.show(report)
    raise typer.Exit(report.exit_code)


def _once(asked: _Asked) -> Report:
    """Compare once; a run that ends in an error or is interrupted is in the journal as well."""
    from ringfence.drift import journal, look  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.verify.run import now  # noqa: PLC0415 - as above

    started = now()
    try:
        with progress("reading declarations and stacks") as tell:
            if asked.source:
                return look.with_file(asked.source, asked.tenants, asked.layers, asked.today)
            return look.once(asked.tenants, asked.layers, asked.today, tell, asked.keep)
    except RingfenceError as error:
        journal.add(journal.failed(started, asked.tenants, f"CANNOT TELL: {error.problems[0]}", UNKNOWN))
        raise
    except KeyboardInterrupt:
        journal.add(journal.failed(started, asked.tenants, "interrupted", INTERRUPTED))
        raise


def _watch(every: str, asked: _Asked, *, as_json: bool) -> None:
    """Compare until it is interrupted."""
    from ringfence.drift import show, watch  # noqa: PLC0415 - as above

    before: Report | None = None
    for _ in watch.rounds(watch.seconds(every)):
        try:
            report = _once(asked)
        except RingfenceError as error:
            if as_json:
                print(json.dumps({"errors": [dataclasses.asdict(problem) for problem in error.problems]}), flush=True)
            console(aside=True).print(str(error), style="magenta", markup=False)
            continue
        if as_json:
            print(json.dumps(report.plain()), flush=True)
        else:
            show.show(report, before)
        before = report
