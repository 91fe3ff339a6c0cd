"""docs/benchmarks.md: one section per benchmark, replaced as a whole by each run that is asked to write it."""

from __future__ import annotations

import mmap
import os
import platform
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs" / "benchmarks.md"
ALONE = 1.5
"""Load average up to which a benchmark, which is a load of one itself, ran alone."""

STARTS, TOUCHED = 20, 256 << 20
"""How many processes the pace is taken from, and how many bytes."""


def marks(name: str) -> tuple[str, str]:
    """Return the lines that stand before and after the section of a benchmark."""
    return f"<!-- {name}: written by ./scripts/bench {name} --write -->", f"<!-- {name}: end -->"


def replace_section(document: Path, name: str, section: str) -> None:
    """Put a section into a document in place of the earlier one of that name, or at its end."""
    begin, end = marks(name)
    text = document.read_text(encoding="utf-8") if document.exists() else "# Benchmarks\n"
    head, _, rest = text.partition(begin)
    tail = rest.partition(end)[2].lstrip("\n")
    written = f"{begin}\n{section.strip()}\n{end}\n"
    document.write_text(f"{head.rstrip()}\n\n{written}{chr(10) + tail if tail else ''}", encoding="utf-8")


def table(head: tuple[str, ...], *rows: tuple[str, ...]) -> list[str]:
    """Return the lines of a Markdown table."""
    return [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *(f"| {' | '.join(row)} |" for row in rows)]


def machine(command: str) -> str:
    """Say what ran, when, on what, and how busy the machine was: times beside other work are upper bounds."""
    minute, _, quarter = os.getloadavg()
    busy = "other work ran beside it: times are upper bounds" if max(minute, quarter) > ALONE else "nothing else of weight ran"
    load = f"load average at the end {minute:.1f}, over the quarter of an hour before {quarter:.1f}"
    return f"{place(command)}; {load} ({busy})."


def place(command: str) -> str:
    """Say what ran, when and on what: for measurements that load the machine themselves, and say apart what ran beside them."""
    cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.split(":")[1].strip() for line in cpu if line.startswith("model name")), "?")
    parts = (
        f"`{command}` on {datetime.now(tz=UTC):%Y-%m-%d}",
        f"{model}, {os.cpu_count()} processors",
        f"Python {platform.python_version()}",
    )
    return "; ".join((*parts, pace()))


def pace() -> str:
    """Say how fast this machine starts a process and touches fresh memory, just now: virtual machines of one name differ in both."""
    began = time.perf_counter()
    for _ in range(STARTS):
        subprocess.run(["/bin/true"], check=True)
    started = (time.perf_counter() - began) / STARTS
    began = time.perf_counter()
    with mmap.mmap(-1, TOUCHED) as memory:
        for offset in range(0, TOUCHED, mmap.PAGESIZE):
            memory[offset] = 1
    touched = (time.perf_counter() - began) / (TOUCHED / mmap.PAGESIZE)
    return f"a process starts and ends in {started * 1e3:.1f} ms, a fresh page is touched in {touched * 1e6:.1f} µs"
