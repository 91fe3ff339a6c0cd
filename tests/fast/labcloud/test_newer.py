"""The switch of the next Debian."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labcloud.machine import backport

if TYPE_CHECKING:
    from pathlib import Path


def test_it_runs_on_its_own_loader_and_libraries(tmp_path: Path) -> None:
    """Nothing of the machine's own libraries is used: they are older than what the program was built for."""
    command = backport.program(tmp_path)
    assert all(part.startswith(str(tmp_path)) for part in (command[0], command[4], command[5]))


def test_a_half_unpacked_tree_is_not_ready(tmp_path: Path) -> None:
    """Only the finished tree has the name that is looked for."""
    backport.location(tmp_path).with_suffix(".draft").mkdir(parents=True)
    assert not backport.is_ready(tmp_path)
    backport.location(tmp_path).mkdir()
    assert backport.is_ready(tmp_path)
