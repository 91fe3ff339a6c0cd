"""How busy the machine was just before a measurement: what else took processors then, it also took during the measurement."""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec

LOOK_SECONDS = 3.0
IDLE_FIELDS = (3, 4)
"""Of the numbers in the first line of /proc/stat: idle, and waiting for a disk (proc_stat(5))."""
ALONE = 0.5
"""Processors that may be busy with something else where a time is to say something."""
TIMES = 8
"""Numbers that are times; those after them are parts of others (guests)."""


class Load(msgspec.Struct, frozen=True):
    """The load average over the last minute, which earlier measurements raised too, and the processors that were busy just now."""

    average: float
    busy: float

    def __str__(self) -> str:
        """Render for a table."""
        return f"{self.average:.1f}; {self.busy:.1f} busy"

    @property
    def doubt(self) -> str:
        """Why a time that is too long says nothing; empty where nothing else of weight ran before."""
        return f"not alone: {self.busy:.1f} processors were busy with something else" if self.busy > ALONE else ""


def times(stat: str) -> tuple[int, int]:
    """Return busy and all time of all processors so far, from the text of /proc/stat."""
    numbers = [int(word) for word in stat.splitlines()[0].split()[1 : 1 + TIMES]]
    return sum(numbers) - sum(numbers[field] for field in IDLE_FIELDS), sum(numbers)


def busy(before: str, after: str, processors: int) -> float:
    """Return how many processors were busy on average between two texts of /proc/stat."""
    (busy_then, all_then), (busy_now, all_now) = times(before), times(after)
    return processors * (busy_now - busy_then) / max(all_now - all_then, 1)


def look() -> Load:
    """Look for :data:`LOOK_SECONDS`, doing nothing."""
    stat = Path("/proc/stat")
    before = stat.read_text(encoding="ascii")
    time.sleep(LOOK_SECONDS)
    return Load(round(os.getloadavg()[0], 1), round(busy(before, stat.read_text(encoding="ascii"), os.cpu_count() or 1), 2))
