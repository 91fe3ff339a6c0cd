"""What is measured, at which size, and what must come out: sizes at which each peer ends in reasonable time, gates, and further aims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Job:
    """One measurement; ``quick`` is the size in the quick run, 0 leaves it out."""

    case: str
    engine: str
    size: int
    quick: int
    repeats: int = 5


@dataclass(frozen=True, slots=True)
class Ratio:
    """A gate on speed: ``engine`` takes at least ``gate`` times as long as ringfence, at the same size and with the same answer."""

    case: str
    engine: str
    size: int
    gate: float
    aim: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A gate on ringfence itself: seconds at a size."""

    case: str
    size: int
    gate: float
    aim: float
    engine: str = "ringfence"


@dataclass(frozen=True, slots=True)
class Growth:
    """A gate on the factor by which ringfence's time grows from a smaller size, both timed in turn: the median of the pairs' factors."""

    case: str
    size: int
    smaller: int
    gate: float
    aim: float
    engine: str = "ringfence"


GROWTH: Final = 4
"""How many times as many rules B4 takes."""

JOBS: Final = (
    *(Job("B1", "ringfence", size, quick) for size, quick in ((2000, 300), (10_000, 2000), (20_000, 5000), (100_000, 20_000))),
    Job("B1", "ringfence", 1_000_000, 200_000),
    Job("B1", "ringfence", 4_000_000, 800_000),
    Job("B1", "ringfence, classified", 1_000_000, 200_000),
    Job("B4", "ringfence", 4_000_000, 800_000),
    Job("B1 hostile", "ringfence", 2000, 500, 3),
    Job("B1", "oxidd", 100_000, 20_000),
    Job("B1", "dd.cudd", 100_000, 20_000),
    Job("B1", "NCA", 10_000, 2000),
    Job("B1", "z3", 2000, 300),
    Job("B1", "netaddr", 20_000, 5000),
    Job("B1 IPv6", "ringfence", 20_000, 2000),
    Job("B1 IPv6", "ringfence", 1_000_000, 200_000),
    Job("B1 IPv6", "oxidd", 20_000, 2000),
    Job("B2", "ringfence", 12_960, 2000),
    Job("B2", "ringfence, compiled", 12_960, 2000),
    Job("B2 flat", "ringfence", 12_960, 2000),
    Job("B2 flat", "ringfence, compiled", 12_960, 2000),
    Job("B2 flat", "bit matrix", 12_960, 2000),
    Job("B2 flat", "ringfence, leak", 12_960, 2000),
    Job("B2 flat", "bit matrix, leak", 12_960, 2000),
    Job("B2 flat", "ringfence", 100_000, 0),
    Job("B3", "ringfence", 1_000_000, 20_000),
    Job("B3", "json + netaddr", 1_000_000, 20_000, 3),
    Job("B5 edit", "ringfence", 1_000_000, 200_000),
    Job("B5 edit", "ringfence, applied", 1_000_000, 200_000),
    Job("B5 edit", "full recomputation", 1_000_000, 200_000),
    Job("B5 difference", "ringfence", 10_000, 2000),
    Job("B5 difference", "ringfence", 1_000_000, 200_000),
    Job("B5 difference", "ringfence, all different", 1_000_000, 200_000),
    Job("B5 difference", "NCA", 10_000, 2000),
    Job("B6", "ringfence", 1_000_000, 200_000),
    Job("B6", "loop over a dump", 1_000_000, 200_000),
)

GATES: Final = (
    Ratio("B1", "oxidd", 100_000, 20, 50),
    Ratio("B1", "dd.cudd", 100_000, 20, 50),
    Ratio("B1", "NCA", 10_000, 300, 1000),
    Ratio("B1", "z3", 2000, 3000, 10_000),
    Ratio("B1 IPv6", "oxidd", 20_000, 20, 50),
    Growth("B4", 4_000_000, 4_000_000 // GROWTH, 4.6, 4.2),
    Limit("B2", 12_960, 0.13, 0.013, engine="ringfence, compiled"),
    Limit("B2 flat", 12_960, 0.13, 0.013),
    Limit("B2 flat", 12_960, 0.13, 0.013, engine="ringfence, compiled"),
    Limit("B2 flat", 100_000, 1.0, 1.0),
    Limit("B3", 1_000_000, 4.0, 2.0),
    Limit("B5 edit", 1_000_000, 0.05, 0.005),
    Limit("B5 edit", 1_000_000, 0.05, 0.005, engine="ringfence, applied"),
    Limit("B5 difference", 1_000_000, 2.0, 1.0),
    Limit("B5 difference", 1_000_000, 2.0, 1.0, engine="ringfence, all different"),
    Limit("B6", 1_000_000, 0.01, 0.001),
)

MEMORY_GATE_MIB: Final = 1536
"""Peak memory of B3 at its full size."""

QUICK_REPEATS: Final = 3
