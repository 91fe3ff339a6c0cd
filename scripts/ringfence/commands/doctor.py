"""``ringfence doctor``: what a cloud lacks for ringfence, why that matters and what mends it, before anything is made."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.declaration.folder import load_folder
from infra.errors import DeclarationError, Problem
from infra.outcome import CheckVerdict
from ringfence import fingerprint, folder
from ringfence.analysis import declarations
from ringfence.analysis.options import AsJson, Today  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import console, emit
from ringfence.progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from ringfence.doctor.model import Declared, Examined, Facts, Finding
    from ringfence.fingerprint import Fingerprint

STYLES = {
    CheckVerdict.PASS: "green",
    CheckVerdict.FAIL: "red",
    CheckVerdict.ERROR: "magenta",
    CheckVerdict.SKIPPED: "dim",
    CheckVerdict.NOT_APPLICABLE: "dim",
}
WORDS = 14
"""The longest verdict."""


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("doctor")(command)


def command(
    tenants: Annotated[
        int, typer.Option("--tenants", min=0, help="For how many tenants there is to be room, the declared ones included.")
    ] = 0,
    *,
    today: Today = None,
    as_json: AsJson = False,
) -> None:
    """Examine a cloud (OS_CLOUD) and change nothing: exit 0 when nothing is lacking, 1 when something is, 2 when that cannot be told.

    Examples: `ringfence doctor`; `ringfence doctor --tenants 40`; `ringfence doctor --json`
    """
    from ringfence.doctor import collect  # noqa: PLC0415 - the cloud's client takes a second to import
    from ringfence.doctor.examination import doubtful, examine, exit_code, standing  # noqa: PLC0415 - as above
    from ringfence.doctor.model import Facts  # noqa: PLC0415 - as above

    declared = _declared(today or declarations.now())
    with progress("logging in") as tell:
        seen = collect.seen(declared, tell)
        tell("asking the engine what the stacks made", 0, 0)
        facts = Facts(seen, declared, *collect.made(), tenants)
        examined = examine(facts)
        if doubtful(examined):
            examined = standing(examined, examine(Facts(seen, declared, *collect.made(), tenants)))
    if as_json:
        emit(plain(facts, examined, exit_code(examined)))
    else:
        _show(facts, examined)
    raise typer.Exit(exit_code(examined))


def _declared(today: date) -> Declared:
    """Read what is declared, mistakes included: they are findings here."""
    from ringfence.doctor.model import Declared  # noqa: PLC0415 - as above

    place = folder.found()
    if place is None:
        return Declared(problems=(Problem("there is no project here", hint="ringfence init, or: ringfence -C FOLDER doctor"),))
    try:
        found = load_folder(place, today=today)
    except DeclarationError as error:
        return Declared(problems=error.problems)
    return Declared(found.platform, found.tenants, found.problems)


def plain(facts: Facts, examined: Sequence[Examined], code: int) -> dict[str, Any]:
    """Return the examination for programs."""
    token = facts.seen.token
    return {
        "cloud": facts.seen.cloud,
        "declarations": asdict(mark) if (mark := _fingerprint()) else None,
        "credential": {"user": token.user, "project": token.project, "project_id": token.project_id, "roles": list(token.roles)},
        "tenants": max(facts.tenants, len(facts.declared.tenants)),
        "counts": {str(verdict): sum(each.verdict is verdict for each in examined) for verdict in CheckVerdict},
        "exit_code": code,
        "checks": [
            {
                "check": each.check.name,
                "title": each.check.title,
                "why": each.check.why,
                "verdict": str(each.verdict),
                "findings": [{"verdict": str(one.verdict), "what": one.what, "mend": one.mend} for one in each.findings],
            }
            for each in examined
        ],
    }


def _fingerprint() -> Fingerprint | None:
    """Return which declarations the answer is about."""
    place = folder.found()
    return fingerprint.of_folder(place) if place else None


def _show(facts: Facts, examined: Sequence[Examined]) -> None:
    """Print every check in the order in which a person would mend; what is wrong with why it matters and what mends it."""
    out, token = console(), facts.seen.token
    roles = ", ".join(token.roles) or "no role"
    out.print(
        f"cloud {facts.seen.cloud or 'of the environment'}, as {token.user} in project {token.project} ({token.project_id}), {roles}",
        markup=False,
    )
    for each in examined:
        out.print(f"{each.verdict:<{WORDS}}  {each.check.name}: {each.check.title}", style=STYLES[each.verdict], markup=False)
        if each.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}:
            out.print(f"  why: {each.check.why}", markup=False)
        for finding in each.findings:
            _tell(finding, each.verdict)
    counts = ", ".join(f"{number} {verdict}" for verdict in CheckVerdict if (number := sum(each.verdict is verdict for each in examined)))
    out.print(counts, style="bold")
    if mark := _fingerprint():
        out.print(str(mark), style="dim", markup=False)


def _tell(finding: Finding, verdict: CheckVerdict) -> None:
    out = console()
    word = "" if finding.verdict is verdict else f"{finding.verdict}: "
    bad = finding.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}
    out.print(f"  {word}{finding.what}", style="" if bad else "dim", markup=False)
    if bad:
        out.print(f"    mend: {finding.mend}", style="cyan", markup=False)
