"""What an operator takes upon himself: something that the model does not understand, accepted by name, for a reason, until a day."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Acceptance:
    """One thing that is not understood and is accepted all the same: it stands in the proof and in its certificate."""

    name: str
    owner: str
    reason: str
    expires: str

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"{self.name}, by {self.owner} until {self.expires}: {self.reason}"
