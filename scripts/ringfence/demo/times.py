"""How long demonstrations took, and what each found done already: kept beside their logs, for ``./scripts/bench up``."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from infra import paths, structs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ringfence.demo.steps import Step

BEGAN, FOUND = "RINGFENCE_DEMO_BEGAN", "RINGFENCE_DEMO_FOUND"
"""What ``scripts/demo`` hands over: the second (since 1970) at which it was started, and words for what it found then."""
UNKNOWN = "unknown"
"""The word when nobody has looked."""
KEPT = 50
"""Runs that are kept, the latest ones."""


class StepTime(msgspec.Struct, frozen=True):
    """One step: its name, how far it came (``done``, ``failed``, ...) and its seconds."""

    name: str
    state: str
    seconds: float


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run of ``scripts/demo``, set-up included: when it began (UTC), which part, how it ended, its seconds.

    ``found`` are words for what was there before it: ``python``, ``packages``, ``cache/NAME``, ``lab``, ``cloud`` (one of the user's own).
    """

    began: str
    part: str
    good: bool
    found: tuple[str, ...]
    seconds: float
    steps: tuple[StepTime, ...]

    @property
    def is_bare(self) -> bool:
        """Whether the machine had nothing at all."""
        return not self.found

    @property
    def is_empty(self) -> bool:
        """Whether there was nothing of its own: packages of Debian, and nothing else."""
        return self.found == ("packages",)

    @property
    def is_warm(self) -> bool:
        """Whether everything that is kept between labs was there, and no lab."""
        return {"cache/toolchain", "cache/image", "cache/lab-venv"} <= set(self.found) and not {"lab", "cloud"} & set(self.found)


def of(part: str, steps: Sequence[Step], environment: Mapping[str, str], *, good: bool) -> Run:
    """Return the run that ends now. Without the settings of ``scripts/demo`` it began with its first step, on an unknown machine."""
    now = time.time()
    first = now - (time.monotonic() - min((step.started for step in steps if step.started), default=time.monotonic()))
    began = float(environment.get(BEGAN) or first)
    return Run(
        began=datetime.fromtimestamp(began, UTC).isoformat(timespec="seconds"),
        part=part,
        good=good,
        found=tuple(environment.get(FOUND, UNKNOWN).split()),
        seconds=round(now - began, 1),
        steps=tuple(StepTime(step.name, str(step.state), round(step.seconds(), 1)) for step in steps),
    )


def file() -> Path:
    """Return the file: a JSON array, the latest run last."""
    return paths.state() / "demo" / "times.json"


def read() -> list[Run]:
    """Return the runs that are kept. What cannot be read, an earlier version may have written: it counts as none."""
    try:
        return structs.decode(file().read_bytes(), list[Run])
    except (OSError, msgspec.MsgspecError):
        return []


def keep(run: Run) -> None:
    """Add a run, in one step: whoever reads at the same time sees the file before or after."""
    fresh = file().with_name(f".times.{os.getpid()}")
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode([*read(), run][-KEPT:])) + b"\n")
    fresh.replace(file())
