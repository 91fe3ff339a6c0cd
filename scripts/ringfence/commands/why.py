"""``ringfence why`` and ``ringfence why-not``: from a packet to the line that allows it, or to everything that stops it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.queries import answers, explain
from ringfence.analysis.judged import asked_for
from ringfence.analysis.options import (
    BROKEN,
    HOLDS,
    UNKNOWN,
    StateOptions,
    about,
    console,
    emit,
    not_compared,
    service,
    shown,
    tell_about,
)
from ringfence.commands.can import Source, Target, beside, label, plain_replies, show_replies
from ringfence.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from infra.queries.explain import Denial, Reason
    from infra.reachability.fabric import Origin
    from ringfence.analysis.states import State

What = Annotated[str, typer.Argument(metavar="PROTO/PORT", help="tcp/443, udp/5000-5010, icmp/echo-request, gre ...")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("why")(why)
    app.command("why-not")(why_not)


@verb
def why(
    source: Source,
    target: Target,
    what: Annotated[str | None, typer.Argument(metavar="[PROTO/PORT]", help="tcp/443 ...; everything when it is left out.")] = None,
    *,
    options: StateOptions,
) -> None:
    """Why packets pass: the path, and the rules with flow, owner, reason, file and line.

    Exit 0 when they do, 1 when not, 2 when it cannot be told.

    Examples: `ringfence why acme/web acme/db tcp/5432`; `ringfence why internet acme/web tcp/443 --state cloud`
    """
    opened = options.opened()
    ends, asked = (opened.directory.find(source), opened.directory.find(target)), service(what) if what else None
    reasons = explain.why(opened.reachable, *ends, asked)
    found = [reason.traffic for reason in reasons]
    answered = beside(opened, answers.joined(opened.reachable, *ends), found, asked)
    if options.as_json:
        passes = [_plain(opened, reason) for reason in reasons]
        emit({"passes": passes, "answers": plain_replies(opened, answered), **about(opened)})
    else:
        out = console()
        for reason in shown(reasons, "pairs", out):
            _show(out, opened, reason)
        if reasons:
            not_compared(opened)
        if not reasons:
            nothing = f"nothing of {what}" if what else "nothing"
            rules = " by rules alone" if answered else ""
            hint = f"ringfence why-not {source} {target} {what or 'PROTO/PORT'} says what stops it"
            out.print(f"{nothing} passes{rules}; {hint}", markup=False)
        show_replies(opened, answered)
        tell_about(opened)
    raise typer.Exit(HOLDS if reasons else UNKNOWN if opened.fabric.unknowns else BROKEN)


@verb
def why_not(
    source: Source,
    target: Target,
    what: What,
    *,
    options: StateOptions,
) -> None:
    """Why packets do not pass: every place that stops them, and the smallest change that would let them pass.

    Exit 0 when something stops them, 1 when they pass, 2 when it cannot be told.

    Examples: `ringfence why-not internet acme/db tcp/5432`; `ringfence why-not acme globex tcp/22 --state cloud --json`
    """
    opened = options.opened()
    asked = service(what)
    sources, targets = opened.directory.find(source), opened.directory.find(target)
    passes = answers.passes_whole(answers.can(opened.reachable, sources, targets, asked), asked)
    denials = [] if passes else explain.all_denials(opened.reachable, sources, targets, asked)
    flow = () if passes else explain.suggested_flow(source, target, asked)
    answered = [] if passes else beside(opened, answers.joined(opened.reachable, sources, targets), [], asked)
    unknowns = opened.fabric.unknowns
    if options.as_json:
        plain = [_plain_denial(opened, denial) for denial in denials]
        emit({"passes": passes, "denials": plain, "flow": flow, "answers": plain_replies(opened, answered), **about(opened)})
    elif passes:
        console().print(f"it passes; ringfence why {source} {target} {what} says why")
    else:
        out = console()
        for denial in shown(denials, "pairs", out):
            _show_denial(out, opened, denial)
        if flow:
            out.print("in the declaration:", *flow, sep="\n  ", markup=False)
        show_replies(opened, answered)
        tell_about(opened)
    raise typer.Exit(BROKEN if passes else UNKNOWN if unknowns else HOLDS)


def _plain_denial(opened: State, denial: Denial) -> dict[str, Any]:
    ends = {"source": label(opened, denial.source), "target": label(opened, denial.target)}
    return {**ends, "blocks": [dataclasses.asdict(block) for block in denial.blocks]}


def _plain(opened: State, reason: Reason) -> dict[str, Any]:
    return {
        "source": label(opened, reason.traffic.source),
        "target": label(opened, reason.traffic.target),
        "packets": list(reason.packets),
        "path": list(reason.traffic.links),
        "leaving": [dataclasses.asdict(origin) for origin in reason.leaving],
        "entering": [dataclasses.asdict(origin) for origin in reason.entering],
    }


def _show(out: Console, opened: State, reason: Reason) -> None:
    traffic = reason.traffic
    out.print(
        f"{label(opened, traffic.source)} -> {label(opened, traffic.target)}: {'; '.join(reason.packets)}", style="bold", markup=False
    )
    for link in traffic.links:
        out.print(f"  path      {link}", markup=False)
    for word, origins in (("leaves by", reason.leaving), ("enters by", reason.entering)):
        for origin in origins:
            rule, *said = _origin(origin, opened)
            out.print(f"  {word} {rule}", *said, sep="\n              ", markup=False)


def _origin(origin: Origin, opened: State) -> list[str]:
    """Return a rule; a flow has a line of its own."""
    rule = f"{origin.group}: {origin.text}" if origin.group else origin.text
    said = asked_for(origin, opened)
    return [rule, said] if origin.flow else [f"{rule} ({said})" if said else rule]


def _show_denial(out: Console, opened: State, denial: Denial) -> None:
    out.print(f"{label(opened, denial.source)} -> {label(opened, denial.target)}", style="bold", markup=False)
    for block in denial.blocks:
        out.print(f"  stopped by {block.where}: {block.text}", f"    would pass with {block.change}", sep="\n", markup=False)
