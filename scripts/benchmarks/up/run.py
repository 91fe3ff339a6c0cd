"""What every measurement gets: how often, whom to tell, how busy the machine was, and the cloud once it is needed."""

from __future__ import annotations

import functools
import os
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.up.figures import Reading
from ringfence.project import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.up.interrupts import Endings
    from benchmarks.up.load import Load


SECONDS = 30


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a measurement: ``repeats`` (at least one), ``say`` for a line of progress, ``load`` just before it.

    ``endings`` is where what has to be undone is announced.
    """

    repeats: int
    say: Callable[[str], None]
    load: Load
    endings: Endings

    def reading(self, figure: str, values: Sequence[float], *, note: str = "", doubt: str = "") -> Reading:
        """Return what was measured, as of now."""
        return Reading(
            figure=figure,
            values=tuple(round(value, 3) for value in values),
            when=datetime.now(UTC).isoformat(timespec="seconds"),
            load=self.load,
            note=note,
            doubt=doubt,
            revision=revision(),
        )


@functools.cache
def revision() -> str:
    """Return the commit of the work tree in short, empty where there is none to ask for."""
    try:
        done = subprocess.run(["git", "describe", "--always"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def enter_cloud() -> None:
    """Take over the settings of ``eval "$(./scripts/env)"``. Raises :class:`CloudError` when they cannot be had."""
    from ringfence.demo import stacks  # noqa: PLC0415 - only what needs the cloud pays for it

    os.environ.update(stacks.environment())
