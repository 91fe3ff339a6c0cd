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
    """Vet finds nothing, the sources are formatted, and every Go test passes; go.mod and go.sum need no change."""
    with Board() as board:
        go = golang.find(Places.of(os.environ), os.environ, board)
    for arguments in (["vet", "-mod=readonly"], ["test", "-mod=readonly"]):
        answer = subprocess.run([go.binary, *arguments, "./..."], env=go.env, cwd=part.source, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stdout + answer.stderr
    formatter = go.binary.with_name("gofmt")
    unformatted = subprocess.run([formatter, "-l", "."], cwd=part.source, capture_output=True, text=True, check=True).stdout
    assert unformatted == ""
