"""The Go sources: their own tests, with the compiler and the pinned modules that the build uses."""

from __future__ import annotations

import os
import subprocess

import pytest

from toolchain import golang, parts
from toolchain.places import Places
from toolchain.progress import Board


@pytest.mark.parametrize("part", [parts.engine(), parts.provider()], ids=lambda part: str(part.name))
def test_go_module(part: parts.Part) -> None:
    """Every Go test passes (`go test` vets as well), the sources are formatted, and go.mod and go.sum need no change."""
    with Board() as board:
        go = golang.find(Places.of(os.environ), os.environ, board)
    command = [str(go.binary), "test", "-mod=readonly", *parts.COMPILER_FLAGS, "./..."]
    answer = subprocess.run(command, env=go.env, cwd=part.source, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    formatter = go.binary.with_name("gofmt")
    unformatted = subprocess.run([formatter, "-l", "."], cwd=part.source, capture_output=True, text=True, check=True).stdout
    assert unformatted == ""
