"""What a test of this folder asked its judge, told to pytest: the JUnit report has it, and ``./scripts/bench truth`` adds it up."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pytest

SCALE = int(os.environ.get("RINGFENCE_TRUTH_SCALE", "1"))
"""How many times as many questions as in the test run; ``./scripts/bench truth`` sets it."""


@dataclass
class Count:
    """Questions to one judge.

    ``disagreements`` are those that nothing explains. ``explained`` are packets that the driver treats otherwise than the API's words
    say, and that its profile knows about. ``seconds`` is the time that the judge took.
    """

    judge: str
    unit: str = "packets"
    asked: int = 0
    passed: int = 0
    explained: int = 0
    disagreements: int = 0
    seconds: float = 0.0

    def tell(self, request: pytest.FixtureRequest) -> None:
        """Note everything as properties of a test; call it before asserting, so that a failure is counted too.

        ``record_property`` does the same, but refuses the schema of JUnit reports that ``scripts/test`` writes.
        """
        request.node.user_properties.extend(asdict(self).items())
