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

    ``size`` counts what ``unit`` says. The memory is the whole process's, data and interpreter included. ``smaller`` are the times of
    the same on less, each taken right before the one of the same number.
    """

    case: str
    engine: str
    size: int
    unit: str
    times: Times
    peak_mib: float
    answers: dict[str, str] = {}
    note: str = ""
    smaller: Times | None = None

    @property
    def median(self) -> float:
        """Median time in seconds."""
        return median(self.times.seconds)


def repeated(call: Callable[[], Answer], repeats: int) -> tuple[Times, Answer]:
    """Return the times of ``repeats`` (at least one) calls and the last answer; the garbage collector does not run inside a call."""
    taken = [_timed(call)[0] for _ in range(repeats - 1)]
    last, answer = _timed(call)
    return _times([*taken, last]), answer


def in_turn(smaller: Callable[[], object], call: Callable[[], Answer], repeats: int) -> tuple[Times, Times, Answer]:
    """Return the times of two calls made in turn, and the second's last answer: the pace of a host changes within minutes."""
    taken = [(_timed(smaller)[0], _timed(call)[0]) for _ in range(repeats - 1)]
    less, (last, answer) = _timed(smaller)[0], _timed(call)
    taken.append((less, last))
    return _times([pair[0] for pair in taken]), _times([pair[1] for pair in taken]), answer


def _timed(call: Callable[[], Answer]) -> tuple[tuple[float, float], Answer]:
    """Return wall-clock and processor seconds of a call, and its answer."""
    gc.collect()
    gc.disable()
    try:
        begin, busy = perf_counter(), process_time()
        answer = call()
        return (perf_counter() - begin, process_time() - busy), answer
    finally:
        gc.enable()


def _times(taken: list[tuple[float, float]]) -> Times:
    return Times(tuple(seconds for seconds, _ in taken), tuple(processor for _, processor in taken))


def peak_mib() -> float:
    """Return the largest resident size that this process has had, in MiB (Linux reports KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def fingerprint(values: npt.ArrayLike) -> str:
    """Return a short name of an array's contents, for comparing answers of engines that run apart."""
    return hashlib.sha256(np.ascontiguousarray(values, dtype=np.int64).tobytes()).hexdigest()[:12]
