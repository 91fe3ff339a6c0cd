"""Which pairs of tenants are asked in which turn, where there are too many for one: by a seed, all of them once in a cycle. Pure.

The tenants stand in a circle, in an order that the seed shuffles; at a distance each one asks exactly one other, and is asked by exactly
one. A turn takes some of the distances, so every tenant takes part in every turn, and after the last one every ordered pair was asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Self

from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Sequence

WRITTEN = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Turn:
    """Turn ``number`` of a cycle of ``of`` turns; the same ``seed`` belongs to all of a cycle."""

    number: int = 1
    of: int = 1
    seed: int = 0

    @classmethod
    def written(cls, text: str, seed: int) -> Self:
        """Read ``3/13``. Raises :class:`QuestionError` for anything else."""
        found = WRITTEN.fullmatch(text)
        if found is None or int(found[1]) > int(found[2]):
            raise QuestionError.of("no such turn", where="--turn", expected="K/N with K from 1 to N: 3/13", got=text)
        return cls(int(found[1]), int(found[2]), seed)

    def __str__(self) -> str:
        """Render for reports."""
        return f"turn {self.number} of {self.of}, seed {self.seed}"


def pairs(tenants: Sequence[str], turn: Turn) -> list[tuple[str, str]]:
    """Return who asks whom in a turn, as ordered pairs; a cycle that has more turns than there are distances begins again."""
    dice = Random(turn.seed)  # noqa: S311 - a choice that anybody can make again, no secret
    circle, distances = sorted(tenants), list(range(1, len(tenants)))
    dice.shuffle(circle)
    dice.shuffle(distances)
    turns = max(1, min(turn.of, len(distances)))
    chosen = distances[(turn.number - 1) % turns :: turns]
    return [(one, circle[(place + distance) % len(circle)]) for distance in chosen for place, one in enumerate(circle)]
