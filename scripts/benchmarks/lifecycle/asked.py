"""What the command line says of how it is measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.lifecycle.figures import GIB, SMALL_GIB, SMALL_MIB, WRITTEN_MIB

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Asked:
    """Beside which server, whether with the ``small`` volume, and the journal of which offboarding."""

    server: str = ""
    small: bool = False
    offboarding: Path | None = None

    @property
    def gib(self) -> int:
        """Size of the volume."""
        return SMALL_GIB if self.small else GIB

    @property
    def written(self) -> int:
        """MiB that are written to it."""
        return SMALL_MIB if self.small else WRITTEN_MIB

    @property
    def doubt(self) -> str:
        """Why a bar that is missed says nothing; empty at the size that the bars are set for. A smaller copy weighs less in a ratio."""
        return (
            f"measured with {self.gib} GiB, {self.written} MiB written: the bar is for {GIB} GiB, {WRITTEN_MIB} MiB" if self.small else ""
        )
