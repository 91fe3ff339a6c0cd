"""Results of verifications for tests of their other view."""

from __future__ import annotations

from infra.outcome import CheckVerdict, Deviation, DeviationKind, Outcome
from ringfence.drift.report import Layer, Report, of_result
from ringfence.verify.result import Check, Kind, Result

EXTRA = Deviation(DeviationKind.UNDECLARED, "port", "p-1", "intruder", "undeclared port intruder", since="2026-01-01T00:00:00Z", by="u-1")


def failed(*deviations: Deviation, kind: Kind = Kind.CLOUD, reason: str = "it differs", control: str = "acme ports") -> Check:
    """Return a check that failed."""
    return Check(kind, Outcome(control, CheckVerdict.FAIL, reason, "acme", deviations=deviations))


def passed(kind: Kind = Kind.CLOUD) -> Check:
    """Return a check that passed."""
    return Check(kind, Outcome("acme networks", CheckVerdict.PASS, tenant="acme"))


def open_(verdict: CheckVerdict, kind: Kind = Kind.GUEST, reason: str = "the server is dead") -> Check:
    """Return a check that came to nothing."""
    return Check(kind, Outcome("acme/web files", verdict, reason, "acme"))


EVERYTHING = (passed(Kind.STACK), passed(), passed(Kind.DATA_PLANE), passed(Kind.GUEST), passed(Kind.STORAGE))


def report(*checks: Check, layers: tuple[Layer, ...] = tuple(Layer), started: str = "2026-01-02T00:00:00+00:00") -> Report:
    """Return the report of a run."""
    return of_result(Result(("acme",), started, list(checks), {"all": 1.0}), layers)
