"""One measurement in one process: ``python -m benchmarks.proof.worker CASE ENGINE SIZE REPEATS`` prints a row as JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import msgspec

from benchmarks.proof import canonical, cloud, edits, queries

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.measure import Row

CASES: dict[str, Callable[[str, int, int], Row]] = {
    "B1": canonical.run,
    "B1 IPv6": canonical.run6,
    "B1 hostile": canonical.hostile,
    "B2": cloud.all_pairs,
    "B2 flat": queries.flat_pairs,
    "B3": cloud.end_to_end,
    "B4": canonical.growth,
    "B5 edit": edits.edit,
    "B5 difference": edits.compare,
    "B6": queries.who_can_reach,
}


def main() -> None:
    """Measure what the command line says."""
    case, engine, size, repeats = sys.argv[1:]
    row = CASES[case](engine, int(size), int(repeats))
    sys.stdout.write(msgspec.json.encode(row).decode() + "\n")


if __name__ == "__main__":
    main()
