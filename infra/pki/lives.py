"""How long something is good for, and when it has to be renewed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

RENEWAL = 3
"""A third of the life must be left."""
BACKDATED = timedelta(hours=1)
"""A server that has just booted may be behind, and it gets its time from a service whose certificate it has to believe."""


class Standing(StrEnum):
    """Where in its life something is."""

    VALID = "valid"
    DUE = "due"
    EXPIRED = "expired"
    NOT_YET = "not yet valid"


@dataclass(frozen=True, slots=True)
class Life:
    """From when to when, both with a time zone."""

    start: datetime
    end: datetime

    @classmethod
    def of(cls, now: datetime, days: int) -> Life:
        """A life that begins now, to the second."""
        start = now.replace(microsecond=0)
        return cls(start - BACKDATED, start + timedelta(days=days))

    def within(self, other: Life) -> Life:
        """The part that lies in another life: nothing outlives what vouches for it."""
        return Life(max(self.start, other.start), min(self.end, other.end))

    def standing(self, now: datetime) -> Standing:
        """Where in the life ``now`` is."""
        if now >= self.end:
            return Standing.EXPIRED
        if now < self.start:
            return Standing.NOT_YET
        return Standing.DUE if self.end - now <= (self.end - self.start) / RENEWAL else Standing.VALID
