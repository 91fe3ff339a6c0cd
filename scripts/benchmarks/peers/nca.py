"""network-config-analyzer (Apache-2.0) in an environment of its own: one process per question, times taken inside it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks.measure import Times
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.boxes import Box

PYTHON = "RINGFENCE_NCA_PYTHON"
"""Environment variable with the interpreter that has network-config-analyzer; ``./scripts/bench proof`` sets it."""


class Reply(NamedTuple):
    """What the worker says: times per repetition, the answer, and its peak memory."""

    times: Times
    answer: list[Any]
    peak_mib: float


def ask(question: str, groups: Sequence[Sequence[Box]], repeats: int, others: Sequence[Sequence[Box]] = ()) -> Reply:
    """Ask "redundant" (a bool per rule) or "difference" (gained and lost, per group). Raises :class:`RingfenceError` without the peer."""
    interpreter = os.environ.get(PYTHON, "")
    if not interpreter:
        raise RingfenceError.of("network-config-analyzer is not installed", where=PYTHON, hint="start with ./scripts/bench proof")
    request = {"question": question, "groups": groups, "others": others, "repeats": repeats}
    worker = Path(__file__).with_name("nca_worker.py")
    done = subprocess.run([interpreter, "-P", str(worker)], input=json.dumps(request), capture_output=True, text=True, check=True)
    reply = json.loads(done.stdout)
    return Reply(Times(tuple(reply["seconds"]), tuple(reply["processor"])), reply["answer"], reply["peak_mib"])
