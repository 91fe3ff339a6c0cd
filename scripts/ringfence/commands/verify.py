"""``ringfence verify``: send packets, ask the API, read the storage, and say whether it is all as declared."""

from __future__ import annotations

import json
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich import box
from rich.table import Table

from infra.errors import RingfenceError
from infra.outcome import CheckVerdict, Outcome
from ringfence import fingerprint
from ringfence import folder as project
from ringfence.analysis.options import Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import Plain
from ringfence.analysis.output import console as aside
from ringfence.progress import progress
from ringfence.verify.report.headline import Tone, grouped, headline
from ringfence.verify.result import DESCRIPTIONS, USUAL, Check, Kind, State

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from infra.declaration.model import Platform
    from ringfence.verify.result import Result

SHOWN = 20
"""How many of the failures are printed; the report has all."""
PIPED_WIDTH = 140
COLOURS = {Tone.GOOD: "green", Tone.PARTLY: "yellow", Tone.BAD: "red", Tone.UNKNOWN: "magenta"}


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("verify")(verify)


def verify(
    tenants: Annotated[list[str] | None, typer.Argument(help="Tenants to verify; all that are up when none is named.")] = None,
    only: Annotated[list[Kind] | None, typer.Option(help="Only this part; may be given again. Without: all but hardening.")] = None,
    turn: Annotated[str, typer.Option(help="Denial: turn K of a cycle of N, each with a part of the pairs of tenants.")] = "1/1",
    seed: Annotated[int, typer.Option(help="Denial: shuffles the pairs; the same for all turns of a cycle.")] = 0,
    *,
    today: Today = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Verify tenants on the live cloud: exit 0 when everything is as declared, 1 when something is not, 2 when that cannot be told.

    Examples: `ringfence verify`; `ringfence verify acme --only matrix --only storage`; `ringfence verify --json`;
    `ringfence verify --only denial --turn 3/13 --seed 7`
    """
    from ringfence.verify import about, acceptances, examined  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.verify import open as opening  # noqa: PLC0415 - as above
    from ringfence.verify.inside.knowing import image_digest  # noqa: PLC0415 - as above
    from ringfence.verify.report import files  # noqa: PLC0415 - as above
    from ringfence.verify.run import Request, Verification  # noqa: PLC0415 - as above
    from ringfence.verify.turns import Turn  # noqa: PLC0415 - as above

    request = Request(kinds=frozenset(only or USUAL), turn=Turn.written(turn, seed))
    started = time.monotonic()
    declarations = fingerprint.of_folder(project.root())
    accepted = acceptances.read()
    doing = "reading declarations and stacks"
    verification = None
    try:
        with progress(doing) as show:
            opened = opening.read(tuple(tenants or ()), today=today)

            def tell(what: str, done: int, total: int) -> None:
                nonlocal doing
                doing = what
                show(what, done, total)

            verification = Verification(opened.inventory, opened.cloud, opened.identities, tell)
            result = verification.run(request)
            tell("asking servers how they are", 0, 0)
            result.state = state(opened.inventory.platform, result.tenants, request.kinds)
            if Kind.HARDENING in request.kinds:
                result.examined = examined.read(image_digest(opened.inventory))
            result.about = about.of_run(opened.cloud, declarations)
    except KeyboardInterrupt:
        cleaned = "; ".join(verification.cleaned if verification else ()) or "nothing was open on any server"
        aside(aside=True).print(f"interrupted while at work on: {doing}; {cleaned}; no report was written", markup=False)
        raise
    for name, why in opened.left.items():
        result.checks.append(Check(Kind.CLOUD, Outcome(f"{name} could be verified", CheckVerdict.SKIPPED, why, name)))
    for text in acceptances.apply(result, accepted, today):
        aside(aside=True).print(text, style="yellow", markup=False)
    result.seconds["all"] = round(time.monotonic() - started, 1)
    folder = files.write(result)
    if as_json:
        print(json.dumps({**files.plain(result), "report": str(folder)}, indent=1))
    else:
        _show(result, str(folder))
    raise typer.Exit(result.exit_code)


def state(platform: Platform, tenants: Sequence[str], kinds: Collection[Kind]) -> State:
    """Ask servers and services how they are, by the judges of ``ringfence status``; what keeps it from being told is told."""
    from ringfence.health import look  # noqa: PLC0415 - as above
    from ringfence.health.model import of_error  # noqa: PLC0415 - as above
    from ringfence.verify import failures  # noqa: PLC0415 - as above

    if Kind.GUEST not in kinds:
        return State(untold="not asked: it belongs to the part guest, which was left out")
    if platform.services is None:
        return State(untold="not asked: the platform declares no services")
    try:
        with failures.translated("how servers and services are"):
            return State(look.plain(look.look(platform, tenants)))
    except (RingfenceError, OSError) as error:
        return State(untold=f"cannot tell: {of_error(error) if isinstance(error, RingfenceError) else error}")


def _show(result: Result, folder: str) -> None:
    console = Plain(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
    table = Table("part", "what it shows", *map(str, CheckVerdict), "seconds", box=box.SIMPLE_HEAD)
    for kind in Kind:
        counts = result.counts(kind)
        if counts:
            table.add_row(
                str(kind), DESCRIPTIONS[kind], *(str(counts[v] or "") for v in CheckVerdict), str(result.seconds.get(str(kind), ""))
            )
    console.print(table)
    bad = grouped(result.bad())
    for group in bad[:SHOWN]:
        check = group.checks[0]
        style = "red" if check.outcome.verdict is CheckVerdict.FAIL else "magenta"
        console.print(f"{check.outcome.verdict}: {check.kind}: {group.words}: {check.outcome.reason}", style=style, markup=False)
    if len(bad) > SHOWN:
        console.print(f"... and {len(bad) - SHOWN} more reasons in the report")
    if result.probes:
        console.print(f"{result.probes} probes in {result.probe_seconds:.0f} s: {result.probes_per_second:.0f} per second, proofs included")
    console.print(f"servers and services: {result.state.summary}; no part of the verdict", soft_wrap=True)
    for word, value in result.about.lines():
        console.print(f"{word}: {value}", style="dim", soft_wrap=True)
    came_to = headline(result)
    line = f"{', '.join(result.tenants)}: {came_to.text} ({result.seconds.get('all', 0):.0f} s)"
    console.print(line, style=f"bold {COLOURS[came_to.tone]}", soft_wrap=True)
    console.print(f"report: {folder}/index.html", soft_wrap=True)
