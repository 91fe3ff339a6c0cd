"""The head of a section of docs/benchmarks.md says on what machine it was measured."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from benchmarks import document

if TYPE_CHECKING:
    import pytest


def test_a_section_says_how_fast_the_machine_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Model and number of processors do not tell a slow host from a fast one; starting a process and touching a page do."""
    monkeypatch.setattr(document, "STARTS", 2)
    monkeypatch.setattr(document, "TOUCHED", 1 << 20)
    said = document.place("./scripts/bench up")
    assert said.startswith("`./scripts/bench up` on 20")
    assert re.search(r"starts and ends in \d+\.\d ms, a fresh page is touched in \d+\.\d µs$", said)
