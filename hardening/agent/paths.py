"""Where the agent's things are, and how it says no."""

from __future__ import annotations

import os
from typing import NamedTuple

EXIT_USAGE, EXIT_REFUSED, EXIT_NOTHING_STAGED, EXIT_NOT_LOADED = 2, 3, 4, 5


class PolicyError(Exception):
    """The command was refused; what was confirmed is in force. Carries the exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Paths(NamedTuple):
    """Where things are; the environment moves them for tests."""

    etc: str
    lib: str
    run: str

    @classmethod
    def from_environment(cls) -> Paths:
        """The guest's paths, or those of a test."""
        get = os.environ.get
        return cls(
            etc=get("RINGFENCE_ETC", "/etc/ringfence"),
            lib=get("RINGFENCE_LIB", "/usr/lib/ringfence"),
            run=get("RINGFENCE_RUN", "/run/ringfence"),
        )

    @property
    def confirmed(self) -> str:
        """Link to the generation that was confirmed last; survives a restart."""
        return f"{self.etc}/confirmed"

    @property
    def generations(self) -> str:
        """Folder of the generations on the disk: one, but for the moment in which another takes its place."""
        return f"{self.etc}/generations"

    @property
    def files(self) -> str:
        """Link to the files that are in force: whatever reads them goes through it."""
        return f"{self.run}/files"

    @property
    def staged(self) -> str:
        """Folder of the generations that wait for their confirmation; does not survive a restart."""
        return f"{self.run}/staged"

    @property
    def pending(self) -> str:
        """Which generation waits, until when, and what is being done with it."""
        return f"{self.run}/pending"

    @property
    def read_by_units(self) -> str:
        """Digest of the files that the units have read last."""
        return f"{self.run}/read-by-units"
