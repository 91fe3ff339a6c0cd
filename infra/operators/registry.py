"""The operators' file: whom the platform's authority certified until when, and what is revoked. Public: no secret is in it.

It lies beside the declarations and is meant for git. A line that is lost takes no right away from anybody and gives none; what counts on a
server is the certificate and the list of what is revoked. That is why a revocation names the key itself as well: it also covers
certificates of which a line was lost.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from infra.declaration.values import Name, Word, refuse
from infra.errors import RingfenceError
from infra.operators.public_keys import HARDWARE, PLAIN, read
from infra.operators.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterable

FILE = "ringfence-operators.yaml"
"""Its name, beside the declarations."""
WIPED: Final = f"if they are lost and no server is up any more, remove {FILE} and begin anew: ringfence operator authority"
"""The next step beside a file that a wiped state has left. Without it nobody knows what was revoked, so no server may believe it."""
HEAD = "# Operators of the servers, with public keys only. `ringfence operator add|revoke|list` writes and reads it; keep it in git.\n"
MOMENT = "%Y-%m-%dT%H:%M:%SZ"
SERIAL = "%Y%m%d%H%M%S"


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        if isinstance(value, str):
            return datetime.strptime(value, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        pass  # the same answer as for everything else
    raise refuse("not a moment", expected="a moment in UTC, such as 2027-12-31T12:00:00Z")


def _key(kind: str, text: str) -> str:
    try:
        return str(read(text, kind))
    except RingfenceError as error:
        problem = error.problems[0]
        raise refuse(problem.what, expected=problem.expected, hint=problem.got) from error


Moment = Annotated[datetime, PlainValidator(_moment), PlainSerializer(lambda moment: moment.strftime(MOMENT))]
HardwareKey = Annotated[str, AfterValidator(lambda text: _key(HARDWARE, text))]
AuthorityKey = Annotated[str, AfterValidator(lambda text: _key(PLAIN, text))]
Serial = Annotated[int, Field(strict=True, ge=1, lt=2**63)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Authority(_Line):
    """The public halves of the two authorities: a host's certificate opens nothing, and an operator's is no host's."""

    operators: AuthorityKey
    hosts: AuthorityKey


class Certificate(_Line):
    """A certificate that was given out."""

    serial: Serial
    operator: Name
    tenant: Name
    role: Role
    key: HardwareKey
    since: Moment
    until: Moment

    @model_validator(mode="after")
    def _has_a_life(self) -> Certificate:
        if self.until <= self.since:
            raise refuse("the certificate ends before it begins", expected="an end after its beginning")
        return self


class Revocation(_Line):
    """A certificate (by serial) or a key with every certificate of it that was given out or ever will be."""

    serial: Serial | None = None
    key: HardwareKey | None = None
    at: Moment
    by: Word
    reason: Word

    @model_validator(mode="after")
    def _names_one_thing(self) -> Revocation:
        if (self.serial is None) == (self.key is None):
            raise refuse("a revocation names one thing", expected="either serial or key")
        return self


class Registry(_Line):
    """The file."""

    authority: Authority | None = None
    certificates: tuple[Certificate, ...] = ()
    revoked: tuple[Revocation, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> Registry:
        count = Counter(one.serial for one in self.certificates)
        if twice := [str(serial) for serial, times in count.items() if times > 1]:
            raise refuse(f"two certificates have one serial: {', '.join(twice)}", expected="every serial once", hint=TWICE)
        if self.authority is None and self.certificates:
            raise refuse("certificates of an unknown authority", expected="the key authority, with operators and hosts")
        return self

    def is_revoked(self, certificate: Certificate) -> bool:
        """Tell whether a certificate is refused by a server that has the list."""
        return any(one.serial == certificate.serial or one.key == certificate.key for one in self.revoked)

    def is_key_revoked(self, key: str) -> bool:
        """Tell whether a key may never come back."""
        return any(one.key == key for one in self.revoked)

    def in_force(self, now: datetime) -> tuple[Certificate, ...]:
        """Return the certificates that a server would accept at a moment."""
        return tuple(one for one in self.certificates if one.since <= now < one.until and not self.is_revoked(one))

    def next_serial(self, now: datetime) -> int:
        """Return a serial that nobody has: the moment, as a number that people can read, or the next free one."""
        taken = {one.serial for one in self.certificates} | {one.serial for one in self.revoked if one.serial}
        serial = int(now.strftime(SERIAL))
        while serial in taken:
            serial += 1
        return serial


TWICE = "revoke both operators and give each a new certificate: a revocation by serial would hit the wrong one"


def rendered(registry: Registry) -> str:
    """Return the file's text: one line for each certificate and revocation, so that git merges and people read it."""
    parts = [HEAD]
    if registry.authority:
        parts += ["authority:\n", *(f"  {key}: {json.dumps(value)}\n" for key, value in registry.authority.model_dump().items())]
    parts += _section("certificates", registry.certificates)
    parts += _section("revoked", registry.revoked)
    return "".join(parts)


def _section(name: str, lines: Iterable[_Line]) -> list[str]:
    rows = [f"  - {{{_pairs(line)}}}\n" for line in lines]
    return [f"{name}:\n", *rows] if rows else []


def _pairs(line: _Line) -> str:
    return ", ".join(f"{key}: {json.dumps(value)}" for key, value in line.model_dump(mode="json", exclude_none=True).items())
