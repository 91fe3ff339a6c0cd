"""Values become structs in one place, which several threads may enter at once."""

from __future__ import annotations

import re
import subprocess
import sys

import msgspec
import pytest

from infra import structs
from tests.fast.architecture.sources import ROOT

pytestmark = pytest.mark.fast
SECONDS = 300
PLACE = "infra/structs.py"
BY_ITSELF = re.compile(r"msgspec\.convert\(|msgspec\.(json|msgpack|yaml|toml)\.decode\([^\n]*type=|\.Decoder\(.")
"""Calls that let msgspec look at a type."""

TOGETHER = """
import sys
from threading import Barrier, Thread

import msgspec

from infra import structs

THREADS, ROUNDS, FIELDS, DEPTH = 4, 60, 12, 8
sys.setswitchinterval(1e-6)


def nested():
    kind = int
    for _ in range(DEPTH):
        kind = msgspec.defstruct("Nested", [("inner", dict[str, kind]), *((f"field{number}", int) for number in range(FIELDS))])
    return kind


def values(depth=DEPTH):
    return {"inner": {"one": values(depth - 1)} if depth else 1, **{f"field{number}": number for number in range(FIELDS)}} if depth else 1


def convert(kind, together, made):
    together.wait()
    made.append(CONVERT(values(), kind))


for _ in range(ROUNDS):
    kind, together, made = nested(), Barrier(THREADS), []
    threads = [Thread(target=convert, args=(kind, together, made)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == THREADS and all(one == made[0] for one in made)
"""


class Made(msgspec.Struct):
    """Any struct."""

    number: int


def ended(convert: str) -> int:
    """Return how a program ended whose threads convert values to a type that is new to them."""
    program = [sys.executable, "-c", TOGETHER.replace("CONVERT", convert)]
    return subprocess.run(program, cwd=ROOT, capture_output=True, timeout=SECONDS, check=False).returncode


def test_threads_meet_a_type_for_the_first_time_together() -> None:
    """With msgspec alone the interpreter ends with a segmentation fault, in most runs of this program."""
    assert ended("structs.convert") == 0


def test_values_of_another_shape_are_refused_by_every_way() -> None:
    """The errors are msgspec's own."""
    assert structs.convert({"number": 1}, Made) == structs.decode(b'{"number": 1}', Made) == structs.decoder(Made).decode(b'{"number": 1}')
    with pytest.raises(msgspec.ValidationError):
        structs.convert({"number": "one"}, Made)
    with pytest.raises(msgspec.ValidationError):
        structs.decode(b'{"number": "one"}', Made)


def test_nothing_else_lets_msgspec_look_at_a_type() -> None:
    """Of the product; a benchmark converts in one thread."""
    files = [file for folder in ("infra", "hardening", "scripts/ringfence") for file in sorted((ROOT / folder).rglob("*.py"))]
    found = {str(file.relative_to(ROOT)) for file in files if BY_ITSELF.search(file.read_text(encoding="utf-8"))}
    assert found == {PLACE}
