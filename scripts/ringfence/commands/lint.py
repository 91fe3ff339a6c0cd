"""``ringfence lint``: rules that are written twice, reach nobody, are too wide, have run out or have no owner."""

from __future__ import annotations

import dataclasses
import json
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from infra.errors import QuestionError
from infra.neutron.lint import Level, lint
from infra.neutron.lint.exceptions import aged_acceptances, subtract
from infra.neutron.lint.expired import expired
from infra.neutron.lint.gathered import gathered
from infra.neutron.lint.sarif import sarif
from infra.neutron.semantics.filters import Filters, words_of
from infra.neutron.semantics.services import Driver
from infra.packets.packetset import PacketSet
from infra.queries.traffic import points
from ringfence.analysis import exceptions as exception_files
from ringfence.analysis.options import (
    BROKEN,
    HOLDS,
    UNKNOWN,
    ExceptionsOption,
    StateOptions,
    about,
    console,
    emit,
    not_compared,
    shown,
    tell_about,
)
from ringfence.analysis.output import write
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.lint import Finding
    from infra.neutron.snapshot import Snapshot
    from ringfence.analysis.exceptions import Listed
    from ringfence.analysis.states import State

STYLES = {Level.ERROR: "red", Level.WARNING: "yellow", Level.NOTE: "cyan"}


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("lint")(command)


@verb
def command(
    exceptions: ExceptionsOption = None,
    sarif_file: Annotated[Path | None, typer.Option("--sarif", help="Also write SARIF 2.1.0 with file and line.")] = None,
    *,
    each: Annotated[bool, typer.Option("--each", help="One finding per rule, also for the rules of a group that nobody declared.")] = False,
    options: StateOptions,
) -> None:
    """Findings about firewall rules: exit 0 without errors and warnings, 1 with, 2 when something in the state is not understood.

    Examples: `ringfence lint`; `ringfence lint --state cloud --sarif findings.sarif`; `ringfence lint --state cloud.jsonl --each --json`
    """
    opened = options.opened(exceptions)
    filters = opened.fabric.builder
    if not isinstance(filters, Filters):
        raise QuestionError.of(
            "the state has no security groups", where=options.state, expected="a state whose filters are security groups"
        )
    declared = opened.declared.snapshot() if opened.declared else None
    found = [*lint(opened.snapshot, filters, Driver(opened.fabric.profile), opened.today, declared), *expired(opened.ended)]
    found = _but_accepted(found, opened, filters, exception_files.listed(exceptions, options.state))
    if not each:
        found = gathered(found)
    if sarif_file is not None:
        write(sarif_file, [json.dumps(sarif(found, version("ringfence")), indent=1).encode()])
    if options.as_json:
        listed = [{**dataclasses.asdict(finding), "level": finding.level} for finding in found]
        emit({"findings": listed, **about(opened)})
    else:
        _show(found)
        not_compared(opened)
        tell_about(opened)
    wrong = any(finding.level is not Level.NOTE for finding in found)
    raise typer.Exit(BROKEN if wrong else UNKNOWN if opened.fabric.unknowns else HOLDS)


def _show(found: list[Finding]) -> None:
    """Print the worst first; and how many of each level there are."""
    out = console()
    order = list(Level)
    for finding in shown(sorted(found, key=lambda finding: order.index(finding.level)), "findings", out):
        place = f"{finding.file}:{finding.line}: " if finding.file else ""
        head = f"{finding.level.value:<7} {finding.kind.value:<17} {place}{'/'.join(filter(None, (finding.project, finding.group)))}"
        out.print(head, style=STYLES[finding.level], markup=False)
        out.print(f"  {finding.text}", markup=False)
    counts = {level: sum(finding.level is level for finding in found) for level in Level}
    out.print(", ".join(f"{count:,} {level.value}{'' if count == 1 else 's'}" for level, count in counts.items()))


def _but_accepted(found: list[Finding], opened: State, filters: Filters, listed: Listed | None) -> list[Finding]:
    """Return what nobody has accepted, and findings about the acceptances themselves."""
    if listed is None:
        return found
    content, name = listed.content, listed.file
    rest = subtract(found, content.exceptions, _allowed(opened.snapshot, filters), opened.today, name)
    return [*rest, *aged_acceptances(content, opened.fabric.accepted, opened.today, name)]


def _allowed(snapshot: Snapshot, filters: Filters) -> Callable[[Finding], PacketSet | None]:
    """Return what tells the packets of a finding's rule: the rule of that id, or else of that text, in its group."""
    projects = {project.id: project.name or project.id for project in snapshot.projects}
    groups = {(projects.get(group.project_id, ""), group.name): group for group in snapshot.security_groups}

    def packets(finding: Finding) -> PacketSet | None:
        group = groups.get((finding.project, finding.group))
        for number, rule in enumerate(group.rules if group else ()):
            if (finding.rule and rule.id == finding.rule) or finding.text.startswith(f"{words_of(rule)}: "):
                allows = filters.rectangles(rule, number)
                return PacketSet.of(((a.l4_lo, a.l4_hi), points((a.family, a.first, a.last))) for a in allows)
        return None

    return packets
