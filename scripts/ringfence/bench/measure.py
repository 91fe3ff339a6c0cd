"""Measuring: repeated wall-clock times, peak memory of the process, and the answer: speed is compared between equal answers only."""

from __future__ import annotations

import gc
import hashlib
import resource
from statistics import median
from time import perf_counter, process_time
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import msgspec
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

Answer = TypeVar("Answer")


class Times(NamedTuple):
    """Wall-clock and processor seconds per repetition. They differ when other work runs beside the measurement."""

    seconds: tuple[float, ...]
    processor: tuple[float, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of one engine: its ``times``, what it ``answers`` (by question), and peak memory in MiB.

    ``size`` counts what ``unit`` says. The memory is the whole process's, data and interpreter included.
    """

    case: str
    engine: str
    size: int
    unit: str
    times: Times
    peak_mib: float
    answers: dict[str, str] = {}
    note: str = ""

    @property
    def median(self) -> float:
        """Median time in seconds."""
        return median(self.times.seconds)


def repeated(call: Callable[[], Answer], repeats: int) -> tuple[Times, Answer]:
    """Return the times of ``repeats`` (at least one) calls and the last answer; the garbage collector does not run inside a call."""
    seconds, processor = [], []
    gc.disable()
    try:
        while True:
            begin, busy = perf_counter(), process_time()
            answer = call()
            seconds.append(perf_counter() - begin)
            processor.append(process_time() - busy)
            if len(seconds) >= repeats:
                return Times(tuple(seconds), tuple(processor)), answer
            del answer
            gc.collect()
    finally:
        gc.enable()


def peak_mib() -> float:
    """Return the largest resident size that this process has had, in MiB (Linux reports KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fingerprint(values: npt.ArrayLike) -> str:
    """Return a short name of an array's contents, for comparing answers of engines that run apart."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.int64).tobytes()).hexdigest()[:12]
