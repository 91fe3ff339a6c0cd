"""The journal of a run over many tenants: lines of JSON, one when it begins and one for each tenant that ended. What was killed goes on."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from infra import structs
from infra.errors import QuestionError
from infra.fleet.course import Ended
from infra.outcome import CheckVerdict

VERSION = 1


class Began(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line: what is to be done, for whom, and when it began (RFC 3339)."""

    version: int
    action: str
    tenants: tuple[str, ...]
    started: str
    options: tuple[str, ...] = ()


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A tenant that ended."""

    tenant: str
    verdict: CheckVerdict
    said: str
    seconds: float


class Run(msgspec.Struct, frozen=True):
    """A run as its journal tells it."""

    began: Began
    ended: Mapping[str, Ended]

    @property
    def left(self) -> tuple[str, ...]:
        """Who has still to be done: whoever did not go well, or never ended."""
        return tuple(name for name in self.began.tenants if name not in self.well)

    @property
    def well(self) -> dict[str, Ended]:
        """Who went well."""
        return {tenant: how for tenant, how in self.ended.items() if how.verdict is CheckVerdict.PASS}


def head(began: Began) -> str:
    """Return the first line."""
    return msgspec.json.encode(began).decode() + "\n"


def line(tenant: str, how: Ended) -> str:
    """Return the line of a tenant."""
    return msgspec.json.encode(Line(tenant, how.verdict, how.said, round(how.seconds, 1))).decode() + "\n"


def read(text: str, where: str) -> Run:
    """Read a journal. A last line without its end was being written when the run was killed: its tenant has not ended.

    Raises:
        QuestionError: it is no journal of this version.
    """
    first, *rest = text[: text.rfind("\n") + 1].splitlines() or [""]
    try:
        began = structs.decode(first, Began)
        lines = [structs.decode(each, Line) for each in rest]
    except msgspec.DecodeError as error:
        hint = "begin anew, without --resume"
        got = str(error)[:200]
        raise QuestionError.of("the journal cannot be read", where=where, expected="lines of a run", got=got, hint=hint) from error
    if began.version != VERSION:
        expected, hint = f"version {VERSION}", "begin anew, without --resume"
        raise QuestionError.of("a journal of another version", where=where, expected=expected, got=str(began.version), hint=hint)
    return Run(began, {each.tenant: Ended(each.verdict, each.said, each.seconds) for each in lines})
