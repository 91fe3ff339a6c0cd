"""What layer ``api`` compared, kept in a file; and the same comparison with such a file, when no cloud is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift import comparison
from infra.drift.kept import Kept, reading
from infra.drift.kept.covering import covered
from infra.drift.kept.writing import written
from infra.errors import CloudError, QuestionError, RingfenceError
from infra.outcome import CheckVerdict, Outcome
from ringfence.analysis.output import OWNER_ONLY, write
from ringfence.drift.report import COMPARED, LAYERS, Layer, Records
from ringfence.verify.result import Check, Kind, Result
from ringfence.verify.run import attempted, compare_stacks, now

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from pathlib import Path

    from infra.drift.environment import Environment
    from infra.drift.found import Found
    from ringfence.verify.about import About

NO_PART = "a kept file has what the services' APIs said, and nothing of this layer"


def keep(file: Path, found: Found, about: About) -> Records:
    """Write a listing to a file for its owner only. Raises :class:`RingfenceError` when it cannot be written."""
    listing = Kept(found, about.auth_url, about.region)
    return Records(str(file), write(file, written(listing), OWNER_ONLY), about.auth_url, about.region, listing.at.isoformat())


def load(file: Path) -> Kept:
    """Read a file. Raises :class:`RingfenceError` when it cannot be read, or is not whole and as it was written."""
    try:
        with file.open("rb") as lines:
            return reading.read(lines, str(file))
    except OSError as error:
        hint = "name a file that may be read"
        raise QuestionError.of("the records cannot be read", where=str(file), got=error.strerror or str(error), hint=hint) from error


def compared(environment: Environment, kept: Kept, layers: Collection[Layer]) -> Result:
    """Compare declarations and stacks with a file; layers that are not in it are skipped by name.

    Raises :class:`SnapshotError` for a file of another platform.
    """
    found = covered(kept.found, environment)
    parts: dict[Kind, Callable[[Result], None]] = {
        Kind.STACK: lambda result: compare_stacks(result, environment),
        Kind.CLOUD: lambda result: _compare_cloud(result, environment, found),
    }
    result = Result(tuple(tenant.name for tenant in environment.tenants), now(), asked=frozenset(LAYERS))
    for kind, layer in LAYERS.items():
        if layer not in layers:
            continue
        if kind in parts:
            attempted(result, kind, parts[kind])
        else:
            result.checks.append(Check(kind, Outcome(COMPARED[layer], CheckVerdict.SKIPPED, NO_PART)))
    result.finished = now()
    return result


def _compare_cloud(result: Result, environment: Environment, found: Found) -> None:
    """Compare what is in a file. That a record is whole says nothing of its form: anybody can write one."""
    try:
        outcomes = list(comparison.compare(environment, found, environment.tenants))
    except RingfenceError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError) as shape:
        got = f"{type(shape).__name__}: {shape}"
        raise CloudError.of("a kept record has not the form that its API gives it", expected="what a service answered", got=got) from shape
    result.checks += [Check(Kind.CLOUD, outcome) for outcome in outcomes]
