"""``ringfence sessions``: what operators did on a tenant's servers: list, see again, say that somebody looked."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from infra.declaration import names
from infra.declaration.folder import stacks as declared
from infra.errors import QuestionError
from infra.operators.registry import MOMENT
from infra.sessions.reviews import FILE, Review, Reviews
from infra.text import block, visible
from ringfence import folder
from ringfence.analysis.options import BROKEN, AsJson
from ringfence.analysis.output import console, emit
from ringfence.verb import verb

if TYPE_CHECKING:
    from infra.sessions.recorded import Session

REPLAY, REVIEW = "replay", "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said of a review, which sessions are listed, and how the answer is written."""

    by: Annotated[str, typer.Option("--by", help="review: who looked; never the operator whose session it is.")] = ""
    note: Annotated[str, typer.Option("--note", help="review: what they found.")] = ""
    unreviewed: Annotated[bool, typer.Option("--unreviewed", help="Only those that nobody has looked at; exit code 1 if any.")] = False
    as_json: AsJson = False


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("sessions")(command)


@verb
def command(
    what: Annotated[str, typer.Argument(help="A tenant; or `replay` or `review`, followed by the id of a session.")],
    identity: Annotated[str | None, typer.Argument(metavar="[ID]", help="The id of a session.")] = None,
    *,
    said: Said,
) -> None:
    """Show the recorded sessions of operators on a tenant's servers, what one of them showed, or write down that somebody looked.

    The platform's store keeps the recordings; each names operator and certificate. Control characters in a replay are made visible.
    Exit code 0; 1 when `--unreviewed` finds any; 2 when the store cannot be asked or what it says cannot be understood.

    Examples: `ringfence sessions acme`; `ringfence sessions acme --unreviewed --json`; `ringfence sessions replay 00001A`;
    `ringfence sessions review 00001A --by carol --note "a restart, as in ticket 7"`
    """
    if identity is None:
        _list(what, only=said.unreviewed, as_json=said.as_json)
    elif what == REPLAY:
        _replay(identity, as_json=said.as_json)
    elif what == REVIEW:
        _review(identity, said)
    else:
        raise QuestionError.of("not understood", where=what, expected="a tenant alone, or replay ID, or review ID")


def _list(tenant: str, *, only: bool, as_json: bool) -> None:
    from ringfence.operators import reviews, sessions  # noqa: PLC0415 - paramiko takes a tenth of a second to import

    looked = reviews.read()
    if tenant not in (known := [*declared(folder.root()), names.PLATFORM]):
        raise QuestionError.of("no such tenant", where=tenant, expected=" or ".join(known))
    shown = [_facts(server, session, looked) for server, session in sessions.store().of(tenant)]
    if only:
        shown = [one for one in shown if not one["reviewed_by"]]
    if as_json:
        emit({"tenant": tenant, "sessions": shown})
    else:
        _show(shown)
    if only and shown:
        raise typer.Exit(BROKEN)


def _show(shown: list[dict[str, Any]]) -> None:
    table = Table("id", "began", "operator", "server", "as", "ended", "command", "reviewed by")
    for one in shown:
        ended = "running, or cut off" if one["exit_value"] is None else f"exit code {one['exit_value']}"
        words = (one["id"], one["began"], one["operator"], one["server"] or one["address"], one["became"], ended, one["command"])
        table.add_row(*map(visible, words), visible(", ".join(one["reviewed_by"]) or "nobody"))
    console().print(table)


def _replay(identity: str, *, as_json: bool) -> None:
    from ringfence.operators import sessions  # noqa: PLC0415 - as above

    shown = sessions.store().shown(identity)
    if as_json:
        emit({"session": identity, "shown": shown})
        return
    for text in shown.values():
        typer.echo(block(text.replace("\r\n", "\n")))


def _review(identity: str, said: Said) -> None:
    from ringfence.operators import reviews, sessions  # noqa: PLC0415 - as above

    if not said.by or not said.note:
        raise QuestionError.of("a review says who looked and what they found", expected="--by NAME and --note TEXT")
    session = sessions.the_session(sessions.store().sessions(), identity)
    if said.by == session.operator:
        raise QuestionError.of("nobody reviews their own session", where=identity, expected="somebody else", got=said.by)
    now = datetime.now(UTC).replace(microsecond=0)
    review = Review(session=session.id, uuid=session.uuid, operator=session.operator, at=now, by=said.by, note=said.note)
    reviews.write(Reviews(reviews=(*reviews.read().reviews, review)))
    if said.as_json:
        emit(review.model_dump(mode="json"))
        return
    typer.echo(f"reviewed: {identity} of {visible(session.operator)} by {visible(said.by)}; commit {FILE}")


def _facts(server: str, session: Session, looked: Reviews) -> dict[str, Any]:
    facts = dataclasses.asdict(session)
    began = session.began.strftime(MOMENT)
    return {**facts, "began": began, "server": server, "reviewed_by": [review.by for review in looked.of(session)]}
