"""Exceptions: traffic that somebody has accepted, until a day. They are subtracted exactly, and they age.

An exception names a set of packets (``tcp/8080-8090 from 10.0.0.0/8``) in a project, and optionally in one group. A finding goes away
only when all that its rule allows is inside its exceptions; a rule that is wider in one address or one port is still found. An
exception that has run out counts for nothing and is a finding itself, as is one that matches no finding any more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from infra.acceptances import AcceptedDeviation
from infra.declaration.values import Day, Word, refuse
from infra.errors import RingfenceError
from infra.neutron.lint.findings import Finding, FindingKind
from infra.packets.packetset import PacketSet
from infra.reachability.acceptance import Acceptance

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import date

Text = Annotated[str, Field(min_length=1)]
A_SET = "a service, and where it comes from or goes to, such as tcp/8080-8090 from 10.0.0.0/8"


def _packets(text: str) -> str:
    try:
        PacketSet.parse(text)
    except RingfenceError as error:
        raise refuse("not a set of packets", expected=A_SET, hint=" ".join(str(error).split())) from error
    return text


class Accepted(BaseModel):
    """One accepted deviation."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Word
    project: Text
    packets: Annotated[Text, AfterValidator(_packets)]
    owner: Word
    ticket: Word
    reason: Word
    expires: Day
    group: str = ""
    kinds: tuple[FindingKind, ...] = ()


class AcceptedUnknown(BaseModel):
    """Something that the model does not understand and somebody answers for, by the name that it is printed with."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text
    owner: Word
    reason: Word
    expires: Day
    ticket: str = ""

    @property
    def acceptance(self) -> Acceptance:
        """Return it as it stands in a proof."""
        return Acceptance(self.name, self.owner, self.reason, self.expires.isoformat())


class ExceptionFile(BaseModel):
    """The file: traffic under ``exceptions``, what is not understood under ``accepted``, and what `verify` finds under ``deviations``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    exceptions: tuple[Accepted, ...] = ()
    accepted: tuple[AcceptedUnknown, ...] = ()
    deviations: tuple[AcceptedDeviation, ...] = ()

    def live(self, today: date) -> tuple[Acceptance, ...]:
        """Return what is accepted on a day; what has run out counts for nothing."""
        return tuple(one.acceptance for one in self.accepted if one.expires >= today)


def aged_acceptances(file: ExceptionFile, used: Iterable[Acceptance], today: date, name: str) -> Iterable[Finding]:
    """Yield findings about acceptances that have run out, and about those of nothing in the state."""
    names = {one.name for one in used}
    for one in file.accepted:
        if one.expires < today:
            yield Finding(FindingKind.EXCEPTION_EXPIRED, f"acceptance of {one.name} ran out on {one.expires}", owner=one.owner, file=name)
        elif one.name not in names:
            yield Finding(
                FindingKind.EXCEPTION_UNUSED, f"acceptance of {one.name} matches nothing in this state", owner=one.owner, file=name
            )


def subtract(
    findings: Iterable[Finding], accepted: Iterable[Accepted], allowed: Callable[[Finding], PacketSet | None], today: date, file: str = ""
) -> list[Finding]:
    """Return the findings that no exception covers, and findings about the exceptions themselves.

    ``allowed`` tells what the rule of a finding allows; ``None`` for a finding about no rule, which an exception never covers.
    """
    listed = tuple(accepted)
    live = [exception for exception in listed if exception.expires >= today]
    used: set[str] = set()
    rest = []
    for finding in findings:
        matching = [exception for exception in live if _concerns(exception, finding)]
        packets = allowed(finding) if matching else None
        if packets is None or not matching:
            rest.append(finding)
            continue
        covered = PacketSet.nothing()
        for exception in matching:
            covered |= PacketSet.parse(exception.packets)
        used.update(exception.id for exception in matching if PacketSet.parse(exception.packets) & packets)
        if not packets <= covered:
            rest.append(finding)
    return [*rest, *_aged(listed, used, today, file)]


def _concerns(exception: Accepted, finding: Finding) -> bool:
    same_group = not exception.group or exception.group == finding.group
    return exception.project == finding.project and same_group and (not exception.kinds or finding.kind in exception.kinds)


def _aged(listed: tuple[Accepted, ...], used: set[str], today: date, file: str) -> Iterable[Finding]:
    for exception in listed:
        if exception.expires < today:
            text = f"exception {exception.id} ({exception.ticket}, {exception.owner}) ran out on {exception.expires}"
            yield Finding(FindingKind.EXCEPTION_EXPIRED, text, exception.project, exception.group, owner=exception.owner, file=file)
        elif exception.id not in used:
            text = f"exception {exception.id} ({exception.ticket}, {exception.owner}) matches no finding"
            yield Finding(FindingKind.EXCEPTION_UNUSED, text, exception.project, exception.group, owner=exception.owner, file=file)
