"""``ringfence drift``: what differs from the declarations, layer by layer, and the command that puts it back."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import RingfenceError
from ringfence.analysis.options import Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit
from ringfence.drift.report import UNKNOWN, Layer
from ringfence.progress import progress

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from ringfence.drift.report import Report

INTERRUPTED = 130


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("drift")(drift)


def drift(
    tenants: Annotated[list[str] | None, typer.Argument(help="Tenants to compare; all that are up when none is named.")] = None,
    only: Annotated[list[Layer] | None, typer.Option(help="Only this layer; may be given more than once.")] = None,
    watch: Annotated[str, typer.Option(metavar="TIME", help="Compare again every 30s, 5m or 1h, until it is interrupted.")] = "",
    *,
    today: Today = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON; with --watch a line for each run.")] = False,
) -> None:
    """Compare all layers with the declarations, object by object: exit 0 without a difference, 1 with one, 2 when that cannot be told.

    It repairs nothing: each difference comes with the command that puts it back. Every run is kept in the journal of the state's folder.

    Examples: `ringfence drift`; `ringfence drift acme --only api --json`; `ringfence drift --watch 5m`
    """
    layers = frozenset(only or Layer)
    if watch:
        _watch(watch, tenants or (), layers, today, as_json=as_json)
    report = _once(tenants or (), layers, today)
    if as_json:
        emit(report.plain())
    else:
        from ringfence.drift import show  # noqa: PLC0415 - tables take a tenth of a second to import

        show.show(report)
    raise typer.Exit(report.exit_code)


def _once(tenants: Sequence[str], layers: Collection[Layer], today: date | None) -> Report:
    """Compare once; a run that ends in an error or is interrupted is in the journal as well."""
    from ringfence.drift import journal, look  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.verify.run import now  # noqa: PLC0415 - as above

    started = now()
    try:
        with progress("reading declarations and stacks") as tell:
            return look.once(tenants, layers, today, tell)
    except RingfenceError as error:
        journal.add(journal.failed(started, tenants, f"CANNOT TELL: {error.problems[0]}", UNKNOWN))
        raise
    except KeyboardInterrupt:
        journal.add(journal.failed(started, tenants, "interrupted", INTERRUPTED))
        raise


def _watch(every: str, tenants: Sequence[str], layers: Collection[Layer], today: date | None, *, as_json: bool) -> None:
    """Compare until it is interrupted."""
    from ringfence.drift import show, watch  # noqa: PLC0415 - as above

    before: Report | None = None
    for _ in watch.rounds(watch.seconds(every)):
        try:
            report = _once(tenants, layers, today)
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
