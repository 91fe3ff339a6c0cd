"""``ringfence operator``: who may log in to servers as a person: add somebody, revoke somebody, list everybody."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from infra.declaration import names
from infra.declaration.folder import stacks as declared
from infra.errors import QuestionError
from infra.operators.changes import DAYS, Ending, Wish, certified, revoked
from infra.operators.public_keys import HARDWARE, read
from infra.operators.registry import FILE, MOMENT
from infra.operators.roles import Role
from infra.text import visible
from ringfence import folder
from ringfence.analysis.options import UNKNOWN, AsJson
from ringfence.analysis.output import console, emit
from ringfence.verb import verb

if TYPE_CHECKING:
    from infra.operators.registry import Certificate, Registry


class Action(StrEnum):
    """What to do."""

    AUTHORITY = "authority"
    ADD = "add"
    REVOKE = "revoke"
    LIST = "list"
    PUSH = "push"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What is said about somebody."""

    key: Annotated[Path | None, typer.Option("--key", help="add: the public half of a key on a FIDO2 authenticator, FILE.pub.")] = None
    tenant: Annotated[str | None, typer.Option("--tenant", help="add: where; revoke: only there. `platform`: its own.")] = None
    role: Annotated[Role, typer.Option("--role", help="add: as what.")] = Role.OBSERVER
    days: Annotated[int, typer.Option("--days", help="add: how long the certificate lives.")] = DAYS
    out: Annotated[Path | None, typer.Option("--out", help="add: where to write the certificate; beside the key when not said.")] = None
    serial: Annotated[int | None, typer.Option("--serial", help="revoke: this certificate only.")] = None
    by: Annotated[str, typer.Option("--by", help="revoke: who says so; the account of this machine when not said.")] = ""
    reason: Annotated[str, typer.Option("--reason", help="revoke: why.")] = ""
    offline: Annotated[bool, typer.Option("--offline", help="revoke: write it down only; `push` tells the servers.")] = False
    as_json: AsJson = False


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("operator")(command)


@verb
def command(
    action: Annotated[Action, typer.Argument(help="authority, add, revoke, list or push.")],
    name: Annotated[str | None, typer.Argument(help="The operator, as logs and recordings will name them.")] = None,
    *,
    said: Said,
) -> None:
    """Certify a person for a tenant's servers, take that back, or say who may log in.

    A certificate is for one key on an authenticator, one tenant and one role, and ends by itself. `revoke NAME` ends all of somebody's and
    their keys for good, and hands the list of what is revoked to every host that is up, as `push` does by itself; exit code 2 when one does
    not have it. The file `ringfence-operators.yaml` says who was certified; it is public and is for git. `authority` makes the keys that
    certify, which `pulumi up` needs before there is any operator; `add` makes them as well.

    Examples: `ringfence operator authority`; `ringfence operator add alice --key alice.pub --tenant acme --role admin --days 7`;
    `ringfence operator revoke alice --reason "key lost"`; `ringfence operator list --json`
    """
    of_somebody = {Action.ADD, Action.REVOKE}
    if action not in of_somebody and name is not None:
        raise QuestionError.of(f"{action} takes no name", got=name, hint=f"ringfence operator {action}")
    if action in of_somebody and name is None:
        raise QuestionError.of("nobody was named", expected=f"ringfence operator {action} NAME")
    match action, name:
        case Action.ADD, str(whose):
            _add(whose, said)
        case Action.REVOKE, str(whose):
            _revoke(whose, said)
        case Action.AUTHORITY, _:
            _authority(as_json=said.as_json)
        case Action.LIST, _:
            _list(as_json=said.as_json)
        case _:
            _push({}, as_json=said.as_json)


def _authority(*, as_json: bool) -> None:
    """Make the authorities of operators and hosts where there are none, and write their public halves down."""
    from ringfence.operators import authority, book  # noqa: PLC0415 - cryptography takes a tenth of a second to import

    with book.held():
        registry = book.read()
        authority.refuse_another(registry)
        known = registry.authority is not None
        registry = registry.model_copy(update={"authority": authority.public()})
        if not known:
            book.write(registry)
    facts = registry.authority.model_dump() if registry.authority else {}
    if as_json:
        emit({"authority": facts})
        return
    for whose, key in facts.items():
        typer.echo(f"{whose}: {key}")
    typer.echo(f"both are in {FILE}" if known else f"next: commit {FILE}; ringfence operator add NAME --key FILE.pub --tenant TENANT")


def _add(name: str, said: Said) -> None:
    from ringfence.operators import authority, book  # noqa: PLC0415 - cryptography takes a tenth of a second to import
    from ringfence.operators.configuration import certificate_file  # noqa: PLC0415 - as above

    if said.key is None or said.tenant is None:
        raise QuestionError.of("not enough is said", expected="--key FILE.pub and --tenant TENANT", hint="ringfence operator --help")
    known = [*declared(folder.root()), names.PLATFORM]
    if said.tenant not in known:
        raise QuestionError.of("no such tenant", where=said.tenant, expected=" or ".join(known))
    key = read(said.key.read_text(encoding="utf-8", errors="replace"), HARDWARE, str(said.key))
    with book.held():
        registry = book.read()
        authority.refuse_another(registry)
        registry = registry.model_copy(update={"authority": authority.public()})
        registry, certificate = certified(registry, Wish(name, said.tenant, said.role, key, said.days), datetime.now(UTC))
        line = authority.signed(certificate)
        # Written down first: a certificate that nobody knows of could be revoked by its key only.
        book.write(registry)
    target = said.out or certificate_file(said.key, said.tenant)
    target.write_text(line, encoding="utf-8")
    if said.as_json:
        emit({**_facts(certificate, registry, datetime.now(UTC)), "certificate": str(target)})
        return
    typer.echo(f"{visible(name)}: {said.role} at {said.tenant} until {certificate.until:{MOMENT}}, serial {certificate.serial}")
    typer.echo(f"certificate: {target}\nnext: commit {FILE}; ringfence ssh-config {said.tenant} --operator {visible(name)} --key KEY`")


def _revoke(name: str, said: Said) -> None:
    from ringfence.operators import authority, book  # noqa: PLC0415 - as above

    if not said.reason:
        raise QuestionError.of("no reason is given", expected='--reason "key lost"', hint="it is kept beside the revocation")
    by = said.by or os.environ.get("USER") or "unknown"
    with book.held():
        registry = book.read()
        authority.refuse_another(registry)
        registry, new = revoked(registry, Ending(name, by, said.reason, said.tenant, said.serial), datetime.now(UTC))
        authority.listed(registry)  # it can be made, before anybody relies on it
        book.write(registry)
    facts = [one.model_dump(mode="json", exclude_none=True) for one in new]
    answer: dict[str, Any] = {"operator": name, "revoked": facts}
    if not said.as_json:
        for one in new:
            typer.echo(f"revoked: {f'serial {one.serial}' if one.serial else f'key {one.key}'}")
        if not new:
            typer.echo("all of it was revoked before")
    if not said.offline:
        _push(answer, as_json=said.as_json)
    elif said.as_json:
        emit({**answer, "hosts": []})
    else:
        typer.echo("no server knows it yet; next: ringfence operator push")


def _push(answer: dict[str, Any], *, as_json: bool) -> None:
    from ringfence.operators import authority, book, push  # noqa: PLC0415 - paramiko takes a tenth of a second to import

    registry = book.read()
    authority.refuse_another(registry)
    hosts = push.push(authority.listed(registry))
    if as_json:
        emit({**answer, "hosts": [{"host": one.host, "problem": one.problem} for one in hosts]})
    else:
        for one in hosts:
            typer.echo(visible(f"{one.host}: {one.problem or 'has the list'}"))
    if any(one.problem for one in hosts):
        raise typer.Exit(UNKNOWN)


def _list(*, as_json: bool) -> None:
    from ringfence.operators import book  # noqa: PLC0415 - as above

    now, registry = datetime.now(UTC), book.read()
    shown = [_facts(one, registry, now) for one in registry.certificates]
    if as_json:
        emit({"operators": shown, "revoked": [one.model_dump(mode="json", exclude_none=True) for one in registry.revoked]})
        return
    table = Table("operator", "tenant", "role", "serial", "until", "state", "key")
    for one in shown:
        table.add_row(*(visible(str(one[key])) for key in ("operator", "tenant", "role", "serial", "until", "state", "key")))
    console().print(table)


def _facts(certificate: Certificate, registry: Registry, now: datetime) -> dict[str, Any]:
    fingerprint = read(certificate.key, HARDWARE).fingerprint
    return {**certificate.model_dump(mode="json"), "key": fingerprint, "state": _state(certificate, registry, now)}


def _state(certificate: Certificate, registry: Registry, now: datetime) -> str:
    """Return whether a server with the list of what is revoked would let somebody in."""
    if registry.is_revoked(certificate):
        return "revoked"
    if now >= certificate.until:
        return "ended"
    return "valid" if now >= certificate.since else "not yet"
