"""``ringfence can`` and ``ringfence who-can-reach``: exactly what passes, as minimal ranges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.errors import QuestionError
from infra.queries import answers
from infra.queries.replies import replies
from infra.queries.sides import Side
from ringfence.analysis.options import (
    BROKEN,
    HOLDS,
    UNKNOWN,
    StateOptions,
    about,
    console,
    emit,
    service,
    shown,
    tell_about,
)
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from infra.queries.answers import AskedService
    from infra.queries.replies import Reply
    from infra.queries.sides import Place
    from infra.queries.traffic import Traffic
    from ringfence.analysis.states import State

Source = Annotated[str, typer.Argument(help="internet, TENANT, TENANT/SERVER, TENANT/ZONE, TENANT/SERVER/ZONE, an address or a prefix.")]
Target = Annotated[str, typer.Argument(help="As the source.")]


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("can")(can)
    app.command("who-can-reach")(who_can_reach)


@verb
def can(
    source: Source,
    target: Target,
    what: Annotated[str | None, typer.Argument(metavar="[PROTO/PORT]", help="tcp/443, udp/5000-5010, icmp/echo-request, gre ...")] = None,
    *,
    options: StateOptions,
) -> None:
    """What passes from one place to another: exit 0 when it passes, 1 when it does not, 2 when it cannot be told.

    Examples: `ringfence can acme/web acme/db tcp/5432`; `ringfence can internet acme`; `ringfence can acme globex --state cloud`
    """
    opened = options.opened()
    asked = service(what) if what else None
    ends = opened.directory.find(source), opened.directory.find(target)
    found = answers.can(opened.reachable, *ends, asked)
    whole = bool(found) if asked is None else answers.passes_whole(found, asked)
    pairs = answers.joined(opened.reachable, *ends)
    _answer(opened, found, beside(opened, pairs, found, asked), whole=whole, as_json=options.as_json)


@verb
def who_can_reach(
    target: Target,
    what: Annotated[str, typer.Argument(metavar="PROTO/PORT", help="tcp/5432 ...")],
    *,
    options: StateOptions,
) -> None:
    """Everybody from whom a service can be reached: exit 0 when there is somebody, 1 when nobody, 2 when it cannot be told.

    Whoever comes by a public address is part of `internet` where all of the internet is let in.

    Examples: `ringfence who-can-reach acme/db tcp/5432`; `ringfence who-can-reach acme icmp/8 --state cloud --json`
    """
    opened = options.opened()
    places = [place for place in opened.directory.find(target) if isinstance(place, Side)]
    if not places:
        raise QuestionError.of("nothing in the cloud has this address", where=target, expected="a tenant, a server or an address of one")
    asked = service(what)
    found = answers.who_can_reach(opened.reachable, places, asked)
    pairs = [(one, two) for one in answers.neighbours(opened.reachable, places) for two in places if one != two]
    _answer(opened, found, beside(opened, pairs, found, asked), whole=bool(found), as_json=options.as_json)


def beside(opened: State, pairs: Sequence[tuple[Place, Place]], found: list[Traffic], asked: AskedService | None) -> list[Reply] | None:
    """Return what passes as answers of connection tracking where rules let nothing begin; ``None`` when nobody looked."""
    begun = {(traffic.source, traffic.target) for traffic in found}
    return replies(opened.reachable, [pair for pair in pairs if pair not in begun], asked)


def show_replies(opened: State, answered: list[Reply] | None) -> None:
    """Say what passes as answers, which no verdict of this verb counts."""
    out = console()
    if answered is None:
        out.print("answers of connection tracking are left out; ringfence prove counts them", style="dim")
    elif answered:
        out.print("no rule lets this begin, but it passes as answers, once the other side has sent (ringfence prove counts them):")
        for reply in shown(answered, "pairs", out):
            out.print(f"  {label(opened, reply.source)} -> {label(opened, reply.target)}: {'; '.join(reply.packets)}", markup=False)


def plain_replies(opened: State, answered: list[Reply] | None) -> list[dict[str, Any]] | None:
    """Return answers as plain JSON values; null when nobody looked."""
    if answered is None:
        return None
    return [{"source": label(opened, one.source), "target": label(opened, one.target), "packets": one.packets} for one in answered]


def _answer(opened: State, found: list[Traffic], answered: list[Reply] | None, *, whole: bool, as_json: bool) -> None:
    unknowns = opened.fabric.unknowns
    if as_json:
        emit({"passes": plain(opened, found), "whole": whole, "answers": plain_replies(opened, answered), **about(opened)})
    else:
        out = console()
        for traffic in shown(found, "pairs", out):
            out.print(f"{label(opened, traffic.source)} -> {label(opened, traffic.target)}", style="bold", markup=False)
            for sentence in answers.sentences(traffic):
                out.print(f"  {sentence}", markup=False)
        if not found:
            nothing = "nothing passes" if not unknowns else "nothing is seen to pass"
            out.print(f"{nothing} by rules alone" if answered else nothing)
        show_replies(opened, answered)
        tell_about(opened)
    if unknowns and not whole:
        raise typer.Exit(UNKNOWN)
    raise typer.Exit(HOLDS if whole else BROKEN)


def label(opened: State, place: object) -> str:
    """Return what a place is called: ``acme/acme-web-app``, or an address outside."""
    if isinstance(place, Side):
        return f"{opened.fabric.parties[place.party].name}/{place.name}"
    return str(getattr(place, "name", place))


def plain(opened: State, found: Iterable[Traffic]) -> list[dict[str, Any]]:
    """Return traffic as plain JSON values."""
    return [
        {
            "source": label(opened, traffic.source),
            "target": label(opened, traffic.target),
            "packets": answers.sentences(traffic),
            "path": list(traffic.links),
        }
        for traffic in found
    ]
