"""What the exact analysis says of the live cloud: `prove` and `lint` on a snapshot, as an auditor would run them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, cast

from infra.neutron.lint import lint
from infra.neutron.semantics.services import Driver
from infra.proof import prove
from infra.proof.report import Verdict
from ringfence.analysis.states import open_state

if TYPE_CHECKING:
    from infra.neutron.semantics.filters import Filters


class Finder(StrEnum):
    """Who of the two finds it."""

    PROVE = "prove"
    LINT = "lint"


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that is said against the cloud, by who says it."""

    said: dict[Finder, frozenset[str]]

    def since(self, before: Analysis) -> dict[Finder, frozenset[str]]:
        """Return what is new, by those who say something new."""
        news = {finder: self.said[finder] - before.said[finder] for finder in Finder}
        return {finder: words for finder, words in news.items() if words}


def analyse() -> Analysis:
    """Take a snapshot of the chosen cloud and let both look at it."""
    state = open_state("cloud")
    assert state.declared is not None
    proof = prove(state.fabric, state.intent)
    broken = {f"{judgement.claim}: {judgement.text}" for judgement in proof.judgements if judgement.verdict is not Verdict.HOLDS}
    filters, driver = cast("Filters", state.fabric.builder), Driver(state.fabric.profile)
    found = lint(state.snapshot, filters, driver, datetime.now(UTC).date(), state.declared.snapshot())
    return Analysis(
        {
            Finder.PROVE: frozenset(broken | {f"not understood: {unknown}" for unknown in proof.unknowns}),
            Finder.LINT: frozenset(f"{finding.kind}: {finding.project}/{finding.group}: {finding.text}" for finding in found),
        }
    )
