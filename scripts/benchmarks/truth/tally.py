"""A plug-in for pytest that adds up what tests report of their judges, and tells of each as it ends."""

from __future__ import annotations

from collections import Counter
from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest


class Count(msgspec.Struct, kw_only=True):
    """Questions to one judge; the fields are those of ``tests/truth/counts.py``."""

    judge: str
    unit: str
    asked: int
    passed: int
    explained: int
    disagreements: int
    seconds: float

    def add(self, other: Count) -> None:
        """Take another test's count in."""
        for name in ("asked", "passed", "explained", "disagreements", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))

    @property
    def per_second(self) -> float:
        """Questions per second of the judge's time."""
        return self.asked / self.seconds if self.seconds else 0.0

    def __str__(self) -> str:
        """Render as a line of progress."""
        return (
            f"{self.judge}: {self.asked:,} {self.unit}, {self.disagreements} disagreements, {self.explained:,} explained, "
            f"{self.per_second:,.0f} per second"
        )


class Tally:
    """Counts by judge, and outcomes of tests that did not pass. ``tell`` hears a line for every test that ends."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        """Begin with nothing."""
        self.counts: dict[str, Count] = {}
        self.outcomes: Counter[str] = Counter()
        self.troubles: list[str] = []
        self._tell = tell
        self._total = 0
        self._begin = perf_counter()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Learn how many tests there are."""
        self._total = len(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in what a test reports; trouble before or after a test counts as well as in it."""
        if report.when != "call" and report.passed:
            return
        self.outcomes[report.outcome] += 1
        name = report.nodeid.rpartition("/")[2]
        said = f"{name} {report.outcome}"
        if not report.passed:
            self.troubles.append(f"{said}: {_reason(report)}")
            self._tell(report.longreprtext)
        properties = dict(report.user_properties)
        if "judge" in properties:
            count = msgspec.convert(properties, Count)
            said = f"{said}  {count}"
            if count.judge in self.counts:
                self.counts[count.judge].add(count)
            else:
                self.counts[count.judge] = count
        self._tell(f"{perf_counter() - self._begin:5.0f} s  {self.outcomes.total()}/{self._total}  {said}")


def _reason(report: pytest.TestReport) -> str:
    """Return why a test failed or was skipped, in a line."""
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return next((line.strip() for line in report.longreprtext.splitlines() if line.startswith("E ")), report.outcome)
