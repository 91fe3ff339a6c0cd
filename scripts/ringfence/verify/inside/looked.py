"""What a look into a server came to, as an outcome. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict, Deviation, DeviationKind, Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ringfence.verify.model import Node


def outcome(check: str, node: Node, problems: Sequence[str], owner: str) -> Outcome:
    """Return the outcome; each problem is a deviation of that server."""
    deviations = tuple(Deviation(DeviationKind.DIFFERENT, "server", node.id, node.name, problem) for problem in problems)
    return Outcome(check, CheckVerdict.FAIL if problems else CheckVerdict.PASS, "; ".join(problems), owner, deviations=deviations)
