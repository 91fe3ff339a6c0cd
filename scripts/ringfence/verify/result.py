"""What a verification came to: every check with its kind and details, and the figures of the run. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from infra.outcome import CheckVerdict, is_green
from ringfence.verify.about import About
from ringfence.verify.examined import Examined

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.outcome import Outcome
    from ringfence.verify.probes.evidence import Line


class Kind(StrEnum):
    """The parts of a verification; ``--only`` takes these words."""

    CLOUD = "cloud"
    GUEST = "guest"
    HARDENING = "hardening"
    MATRIX = "matrix"
    SPOOF = "spoof"
    DENIAL = "denial"
    STORAGE = "storage"
    DATA_PLANE = "dataplane"
    STACK = "stack"


ON_REQUEST = frozenset({Kind.HARDENING})
"""Parts that run only where ``--only`` names them."""
USUAL = frozenset(Kind) - ON_REQUEST
DESCRIPTIONS = {
    Kind.CLOUD: "the cloud is what is declared, and nothing else",
    Kind.GUEST: "every server is inside as declared",
    Kind.HARDENING: "the controls of the image are in force on every server",
    Kind.MATRIX: "packets pass where a flow allows them and nowhere else",
    Kind.SPOOF: "spoofed frames reach nobody",
    Kind.DENIAL: "the API refuses other tenants and readers",
    Kind.STORAGE: "what is stored cannot be read without the key",
    Kind.STACK: "the stacks were brought up with what is declared today",
    Kind.DATA_PLANE: "OVN holds what Neutron says, and nothing else",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One outcome with where it belongs. ``details`` are plain values for the reports."""

    kind: Kind
    outcome: Outcome
    details: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of_line(cls, line: Line) -> Check:
        """Make a check of a line of the matrix."""
        case = line.case
        details = {
            "source": case.source,
            "target": case.target.name,
            "target_node": case.target.node,
            "place": case.target.place.value,
            "address": str(case.target.address),
            "protocol": case.protocol,
            "port": case.port,
            "layer": case.layer.value,
            "expected": case.expected.value,
            "reach": line.observation.reach.value,
            "why": case.why,
            "twin": line.proof.sender,
        }
        return cls(Kind.MATRIX, line.outcome, details)


@dataclass(frozen=True, slots=True)
class State:
    """How servers and services are, as ``ringfence status --json`` has it under ``health``, or why that is not told.

    It is no part of the verdict: a clock that is off is a fault, and opens no path.
    """

    told: Mapping[str, Any] | None = None
    untold: str = "nobody was asked"

    @property
    def summary(self) -> str:
        """Return it in a line."""
        if self.told is None:
            return self.untold
        checks = [check for server in self.told["servers"] for check in server["checks"]] + list(self.told["platform"])
        counts = Counter(check["verdict"] for check in checks)
        return f"{counts[CheckVerdict.FAIL]} at fault, {counts[CheckVerdict.ERROR]} cannot be told, {counts[CheckVerdict.PASS]} well"


@dataclass(slots=True)
class Result:
    """A whole run."""

    tenants: tuple[str, ...]
    started: str
    checks: list[Check] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    probes: int = 0
    probe_seconds: float = 0.0
    asked: frozenset[Kind] = USUAL
    about: About = field(default_factory=About)
    finished: str = ""
    zones: dict[str, str] = field(default_factory=dict)
    """The zone that every node is shown in, where there are many."""
    state: State = field(default_factory=State)
    examined: Examined = field(default_factory=Examined)

    def counts(self, kind: Kind | None = None) -> Counter[CheckVerdict]:
        """Count the verdicts, of one kind or of all."""
        return Counter(check.outcome.verdict for check in self.checks if kind in {None, check.kind})

    def bad(self) -> list[Check]:
        """Return failures and errors, failures first."""
        wanted = (CheckVerdict.FAIL, CheckVerdict.ERROR)
        return sorted((c for c in self.checks if c.outcome.verdict in wanted), key=lambda check: wanted.index(check.outcome.verdict))

    @property
    def is_green(self) -> bool:
        """Whether something passed and nothing failed or ended in an error."""
        return is_green(check.outcome for check in self.checks)

    @property
    def exit_code(self) -> int:
        """0 when it is as declared, 1 when something is not, 2 when that cannot be told."""
        return 0 if self.is_green else 1 if self.counts()[CheckVerdict.FAIL] else 2

    @property
    def probes_per_second(self) -> float:
        """Probes of the matrix per second, proofs and judging included."""
        return self.probes / self.probe_seconds if self.probe_seconds else 0.0
