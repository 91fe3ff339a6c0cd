"""The benchmarks' own code, where next to nothing is measured."""

from __future__ import annotations

import mmap

import pytest

from benchmarks import document


@pytest.fixture(autouse=True)
def _little_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a report say the machine's pace after one process and one page."""
    monkeypatch.setattr(document, "STARTS", 1)
    monkeypatch.setattr(document, "TOUCHED", mmap.PAGESIZE)
