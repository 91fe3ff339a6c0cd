"""The words of an examination: what was seen of a cloud, what a check is, and what it found. Pure.

``Seen`` is what the collector brings and what tests keep as a file: every answer of the cloud as it came, also those that are none. A check
names the answers that it needs; where one of them is missing, it cannot tell, whatever its judge would say (:mod:`.examination`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from infra.outcome import CheckVerdict
from ringfence.doctor.reads import NAMED, OK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.drift.made import Made
    from infra.errors import Problem

Json = dict[str, Any]


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the cloud said to one question: the status of HTTP and the body, or why there is none."""

    status: int = OK
    body: Any = None
    why: str = ""


class Service(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A service of the catalog, in the region that was asked for: where it is, and its versions. ``why``: they could not be had."""

    url: str = ""
    version: str = ""
    microversion: str = ""
    why: str = ""


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the credential is: whose, in which project, with which roles, by which methods, from when to when (seconds since 1970)."""

    user: str = ""
    project_id: str = ""
    project: str = ""
    domain_id: str = ""
    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    restricted: bool = False
    regions: tuple[str, ...] = ()
    issued: float = 0.0
    expires: float = 0.0


class Clock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The clock of a service, as its answer's ``Date`` says, beside this machine's before and after (seconds since 1970)."""

    service: str
    theirs: float
    before: float
    after: float


class Way(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The way from this machine to the bastion's network: by which address of its own, and what was heard.

    ``address`` is the bastion's where there is one (``bastion``), else the gateway of a subnet outside. ``source`` is empty where there is
    no route. ``answer`` is ``ssh``, ``open``, ``refused``, or why nothing was heard; ``control`` is the same of the subnet's first address,
    which is nobody's: whoever answers there answers for others.
    """

    cidr: str
    address: str = ""
    source: str = ""
    answer: str = ""
    control: str = ""
    bastion: bool = False


class Here(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this machine has: settings, key, image and engine. Texts that are not empty say what is wrong with it."""

    environment: str = ""
    key: str = ""
    image: str = ""
    engine: str = ""
    proxy: bool = False


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything that the collector brings of the cloud and of this machine."""

    cloud: str
    token: Token
    services: dict[str, Service]
    answers: dict[str, Answer]
    clocks: tuple[Clock, ...] = ()
    ways: tuple[Way, ...] = ()
    here: Here = Here()
    now: float = 0.0


@dataclass(frozen=True, slots=True)
class Declared:
    """What the folder declares; ``platform`` is ``None`` where there is none or it has mistakes, which are ``problems``."""

    platform: Platform | None = None
    tenants: tuple[TenantDeclaration, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that judges look at. ``made`` is what the stacks made, by stack; ``None`` when the engine did not tell, and ``why``."""

    seen: Seen
    declared: Declared
    made: Mapping[str, Made] | None = field(default_factory=dict)
    why: str = ""
    tenants: int = 0

    @property
    def platform(self) -> Platform:
        """The declared platform. A check that asks for it names ``DECLARATION`` among its needs."""
        if self.declared.platform is None:
            raise LookupError
        return self.declared.platform

    def rows(self, read: str) -> list[Json]:
        """Return the objects of a list that was read."""
        rows: list[Json] = self.seen.answers[read].body[NAMED[read].key]
        return rows

    def about(self, read: str, id_: str) -> Json | None:
        """Return the answer to a question about one object; nothing when there is none."""
        answer = self.seen.answers.get(f"{read}:{id_}")
        return answer.body if answer is not None and answer.status == OK else None

    def body(self, read: str) -> Json:
        """Return an answer's one object."""
        body: Json = self.seen.answers[read].body[NAMED[read].key]
        return body


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check found; ``mend`` is the whole command, or the edit, that mends it."""

    verdict: CheckVerdict
    what: str
    mend: str = ""

    def __post_init__(self) -> None:
        """Refuse a finding that leaves its reader alone."""
        if not self.what or (self.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR} and not self.mend):
            message = f"a finding says what it is and what mends it: {self}"
            raise ValueError(message)


def found(what: str) -> Finding:
    """Return something that is as it should be."""
    return Finding(CheckVerdict.PASS, what)


def lacking(what: str, mend: str) -> Finding:
    """Return something that is lacking."""
    return Finding(CheckVerdict.FAIL, what, mend)


def untold(what: str, mend: str) -> Finding:
    """Return something that cannot be told."""
    return Finding(CheckVerdict.ERROR, what, mend)


def skipped(why: str) -> Finding:
    """Return that nobody looked, and why."""
    return Finding(CheckVerdict.SKIPPED, why)


def needless(why: str) -> Finding:
    """Return that there is nothing to look at, and why."""
    return Finding(CheckVerdict.NOT_APPLICABLE, why)


DECLARATION = "declaration"
"""Among a check's needs: the platform's declaration."""
STACKS = "stacks"
"""Among a check's needs: what the stacks made."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check, which describes itself: what holds when it passes, why that matters, which answers it needs, and its judge."""

    name: str
    title: str
    why: str
    needs: tuple[str, ...]
    judge: Callable[[Facts], Iterator[Finding]]


ORDER = (CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.PASS, CheckVerdict.SKIPPED, CheckVerdict.NOT_APPLICABLE)
"""What a check's findings come to: the first of these that is among them."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A check with what it found, which is never nothing."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def verdict(self) -> CheckVerdict:
        """What the findings come to."""
        verdicts = {finding.verdict for finding in self.findings}
        return next(verdict for verdict in ORDER if verdict in verdicts)
