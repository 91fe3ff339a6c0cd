"""Runs inside network-config-analyzer's own environment (Apache-2.0, 2.1.0): its canonical hyper-cubes, two dimensions.

Reads ``{"question", "groups", "others", "repeats"}`` as JSON from standard input, groups as lists of ``[l4_lo, l4_hi, lo, hi]``, and
writes ``{"seconds", "processor", "answer", "peak_mib"}``. Only reading and writing are outside the measured time.
"""

import json
import resource
import sys
import time
from typing import Any

from nca.CoreDS.CanonicalHyperCubeSet import CanonicalHyperCubeSet as CubeSet  # type: ignore[import-not-found] # another environment has it
from nca.CoreDS.CanonicalIntervalSet import CanonicalIntervalSet as Intervals  # type: ignore[import-not-found] # another environment has it
from nca.CoreDS.DimensionsManager import DimensionsManager  # type: ignore[import-not-found] # another environment has it

DIMENSIONS = ["l4", "peer"]

Box = list[int]
Cubes = Any
"""The peer's own objects, which have no types."""


def cube(box: Box) -> Cubes:
    """One rule as a set of cubes."""
    l4_lo, l4_hi, lo, hi = box
    values = [Intervals.get_interval_set(l4_lo, l4_hi - 1), Intervals.get_interval_set(lo, hi - 1)]
    return CubeSet.create_from_cube(DIMENSIONS, values, DIMENSIONS)


def union(cubes: list[Cubes]) -> Cubes:
    """All rules of a group, in canonical form."""
    result = CubeSet(DIMENSIONS)
    for each in cubes:
        result |= each
    return result


def redundant(groups: list[list[Box]], _others: list[list[Box]]) -> list[bool]:
    """For every rule: do the others of its group allow all of it? Prefix and suffix unions keep a group linear."""
    answer = []
    for group in groups:
        cubes = [cube(box) for box in group]
        after = [CubeSet(DIMENSIONS)]
        for each in reversed(cubes):
            after.append(after[-1] | each)
        before = CubeSet(DIMENSIONS)
        for number, each in enumerate(cubes):
            answer.append(each.contained_in(before | after[len(cubes) - number - 1]))
            before = before | each
    return answer


def difference(groups: list[list[Box]], others: list[list[Box]]) -> list[list[bool]]:
    """For every group: does it gain, does it lose packets from one state to the other?"""
    answer = []
    for old, new in zip(groups, others, strict=True):
        one, two = union([cube(box) for box in old]), union([cube(box) for box in new])
        answer.append([bool(two - one), bool(one - two)])
    return answer


def main() -> None:
    """Answer one question, several times."""
    manager = DimensionsManager()
    manager.set_domain("l4", DimensionsManager.DimensionType.IntervalSet, (0, (1 << 24) - 1))
    manager.set_domain("peer", DimensionsManager.DimensionType.IntervalSet, (0, (1 << 32) - 1))
    request = json.load(sys.stdin)
    questions: dict[str, Any] = {"redundant": redundant, "difference": difference}
    question = questions[request["question"]]
    seconds, processor, answer = [], [], None
    for _ in range(request["repeats"]):
        begin, busy = time.perf_counter(), time.process_time()
        answer = question(request["groups"], request["others"])
        seconds.append(time.perf_counter() - begin)
        processor.append(time.process_time() - busy)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump({"seconds": seconds, "processor": processor, "answer": answer, "peak_mib": peak}, sys.stdout)


main()
