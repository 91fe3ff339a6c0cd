"""The last reading of every figure, kept below the state: figures are measured one at a time, and reported together."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

import msgspec

from benchmarks.up.figures import Reading
from infra import paths
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

UP = "up"


def folder() -> Path:
    """Return the folder of what this benchmark keeps."""
    return paths.state() / "bench"


def read(bench: str = UP) -> dict[str, Reading]:
    """Return the readings by figure. What cannot be read, an earlier version may have written: it counts as none."""
    try:
        found = msgspec.json.decode((folder() / f"{bench}.json").read_bytes(), type=list[Reading])
    except (OSError, msgspec.MsgspecError):
        return {}
    return {reading.figure: reading for reading in found}


def keep(readings: Iterable[Reading], bench: str = UP) -> None:
    """Put readings in the place of the earlier ones of their figures."""
    kept = read(bench) | {reading.figure: reading for reading in readings}
    fresh = folder() / f".{bench}.{os.getpid()}"
    fresh.parent.mkdir(parents=True, exist_ok=True)
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(list(kept.values()))) + b"\n")
    fresh.replace(folder() / f"{bench}.json")


@contextlib.contextmanager
def only_one(bench: str = UP) -> Iterator[None]:
    """Refuse a second run at the same time: both would make, and remove, the same things. Raises :class:`RingfenceError`."""
    folder().mkdir(parents=True, exist_ok=True)
    with (folder() / f"{bench}.lock").open("w", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RingfenceError.of(f"another `bench {bench}` is at work", where=file.name, hint="wait for its end") from error
        yield
