"""One question asked several times, each time by a process that starts from nothing."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from benchmarks.measure import Times
from benchmarks.proof.gates import seconds
from benchmarks.verbs.plan import SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from benchmarks.verbs.plan import Question

PROGRAM = Path(sys.executable).with_name("ringfence")
SAID = 400
"""Characters of an error that are kept."""


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one question: exit ``codes``, times and sizes in bytes for people and programs, and the ``error`` of a wrong end."""

    what: str
    command: str
    expected: int
    codes: tuple[int, ...]
    times: Times
    peak_mib: float
    people: int
    programs: int
    error: str = ""

    @property
    def median(self) -> float:
        """Median time in seconds."""
        return median(self.times.seconds)

    def __str__(self) -> str:
        """Render as a line of progress."""
        return f"{self.command}: {seconds(self.median)}, {self.peak_mib:,.0f} MiB, exit {self.codes}, {self.people:,} bytes"


class _Once(msgspec.Struct):
    code: int
    wall: float
    processor: float
    peak_mib: float
    out: int
    error: str


def asked(question: Question, files: Mapping[str, Path], repeats: int) -> Ran:
    """Ask for people ``repeats`` times, or until a minute is spent, and for programs once; not again what takes longer than it may."""
    arguments = question.arguments(files)
    people = [_once(arguments)]
    while len(people) < repeats and sum(one.wall for one in people) < SECONDS:
        people.append(_once(arguments))
    programs = [] if question.writes or people[0].processor > SECONDS else [_once([*arguments, "--json"])]
    runs = [*people, *programs]
    return Ran(
        what=question.what,
        command=shlex.join(["ringfence", *question.words.format(**{name: f"{name.upper()}" for name in files}).split()]),
        expected=question.code,
        codes=tuple(dict.fromkeys(one.code for one in runs)),
        times=Times(tuple(one.wall for one in people), tuple(one.processor for one in people)),
        peak_mib=max(one.peak_mib for one in runs),
        people=people[0].out,
        programs=sum(one.out for one in programs),
        error=next((one.error for one in runs if one.code != question.code), ""),
    )


def _once(arguments: list[str]) -> _Once:
    """Run the program; its answer is counted and thrown away."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaint:
        begin = perf_counter()
        process = subprocess.Popen([PROGRAM, *arguments], stdout=out, stderr=complaint)
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        complaint.seek(0)
        said = complaint.read().decode(errors="replace").strip()[-SAID:]
        return _Once(process.returncode, wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, out.seek(0, os.SEEK_END), said)
