"""What deviates in a cloud from its declarations: which object, in which way, and the sentence for people. Pure.

An attribute that the cloud does not show is neither a deviation nor as it was declared: it raises :class:`infra.errors.CloudError`, and
what it would decide cannot be told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import CloudError
from infra.outcome import Deviation, DeviationKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.drift.found import Json


@dataclass(frozen=True, slots=True)
class ComparedObject:
    """An object that is compared; ``called`` is what sentences call it, where that is more than its kind and name."""

    kind: str
    id: str
    name: str
    called: str = ""

    def __str__(self) -> str:
        """Return what sentences call it."""
        return self.called or f"{self.kind} {self.name}"

    def missing(self, text: str, undo: str = "") -> Deviation:
        """Return that it, or a part of it, is not there; ``undo`` is the command that brings it back."""
        return Deviation(DeviationKind.MISSING, self.kind, self.id, self.name, text, undo=undo)

    def undeclared(self, text: str, undo: str = "") -> Deviation:
        """Return that it is not declared; ``undo`` is what takes it away."""
        return Deviation(DeviationKind.UNDECLARED, self.kind, self.id, self.name, text, undo=undo)

    def further(self, text: str, undo: str = "") -> Deviation:
        """Return that it is declared, and something that is a part of it or on it is not; ``undo`` is the command that takes it away."""
        return Deviation(DeviationKind.UNDECLARED, self.kind, self.id, self.name, text, part=True, undo=undo)

    def different(self, text: str, undo: str = "") -> Deviation:
        """Return that it is not as it was declared."""
        return Deviation(DeviationKind.DIFFERENT, self.kind, self.id, self.name, text, undo=undo)

    def differing(self, row: Json, wanted: Mapping[str, object]) -> Iterator[Deviation]:
        """Compare attributes that every cloud shows. Raises :class:`CloudError` when one is not there: then nothing can be told."""
        for key, value in wanted.items():
            if key not in row:
                hint = "log in as the admin"
                raise CloudError.of("the API does not show what has to be compared", where=str(self), expected=key, hint=hint)
            if row[key] != value:
                yield self.different(f"{self} has {key} {said(row[key])}, declared {said(value)}")

    def unusual(self, row: Json, wanted: Mapping[str, object]) -> Iterator[Deviation]:
        """Compare attributes of extensions: a cloud that has not got one cannot have it otherwise; nothing, null and false are one."""
        for key, value in wanted.items():
            found = row.get(key, value)
            if found != value and (found or value):
                yield self.different(f"{self} has {key} {said(found)}, declared {said(value)}")


def said(value: object) -> str:
    """Render a value of the API."""
    if value is None or isinstance(value, bool):
        return {None: "none", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return ", ".join(map(said, value)) or "none"
    if isinstance(value, dict):
        return " ".join(f"{key} {said(part)}" for key, part in value.items())
    return str(value)
