"""Deviations that somebody has accepted, until a day: they are no failure, and are said by name. Pure.

An acceptance names one object by its id and one sentence of it, word for word: whatever else is wrong with that object, and the same
with another one, is still found. One that has run out counts for nothing.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from infra.declaration.values import Day, Word
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import date

    from infra.outcome import Deviation

Text = Annotated[str, Field(min_length=1)]


class AcceptedDeviation(BaseModel):
    """One accepted deviation: ``object`` is the id and ``text`` the sentence, as ``ringfence drift --json`` has them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Word
    tenant: Word
    object: Text
    text: Text
    owner: Word
    ticket: Word
    reason: Word
    expires: Day

    def covers(self, owner: str, deviation: Deviation) -> bool:
        """Tell whether it is about a deviation of a party."""
        return (self.tenant, self.object, self.text) == (owner, deviation.id, deviation.text)

    def __str__(self) -> str:
        """Say who accepted it, why, and until when."""
        return f"accepted by {self.owner} until {self.expires} ({self.id}, {self.ticket}): {self.reason}"


def applied(outcomes: Iterable[Outcome], accepted: Iterable[AcceptedDeviation], today: date) -> Iterator[Outcome]:
    """Yield outcomes without what is accepted on a day, and a skip for each acceptance that was used.

    An outcome that failed for accepted deviations only passes; its skip keeps it from being a clean headline.
    """
    live = [one for one in accepted if one.expires >= today]
    for outcome in outcomes:
        if outcome.verdict is not CheckVerdict.FAIL or not outcome.deviations:
            yield outcome
            continue
        covered = {each: one for each in outcome.deviations for one in live if one.covers(outcome.tenant, each)}
        left = tuple(each for each in outcome.deviations if each not in covered)
        verdict = CheckVerdict.FAIL if left else CheckVerdict.PASS
        reason = "; ".join(dict.fromkeys(map(str, left))) if covered else outcome.reason
        yield replace(outcome, verdict=verdict, reason=reason, deviations=left)
        for each, one in covered.items():
            yield Outcome(f"{outcome.check}: {each}", CheckVerdict.SKIPPED, str(one), outcome.tenant)


def aged(accepted: Iterable[AcceptedDeviation], outcomes: Iterable[Outcome], today: date) -> Iterator[tuple[AcceptedDeviation, str]]:
    """Yield acceptances that have run out, and those of nothing that was found, each with the sentence."""
    found = [(outcome.tenant, each) for outcome in outcomes for each in outcome.deviations]
    for one in accepted:
        if one.expires < today:
            yield one, f"acceptance {one.id} ({one.ticket}, {one.owner}) ran out on {one.expires}"
        elif not any(one.covers(owner, each) for owner, each in found):
            yield one, f"acceptance {one.id} ({one.ticket}, {one.owner}) matches nothing that was found"
