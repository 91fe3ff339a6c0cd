"""z3 (MIT), as AWS and Azure use solvers on firewalls: bit vectors, one question per rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import z3

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.peers.boxes import Box

L4_BITS = 24


class SolverEngine:
    """Sets as formulas over one address and one layer 4 point."""

    name = "z3"

    def __init__(self, address_bits: int = 32) -> None:
        # One bit more than the axes need, so that an interval's end is always a value.
        self.peer, self.l4 = z3.BitVec("peer", address_bits + 1), z3.BitVec("l4", L4_BITS + 1)
        self.space = z3.And(z3.ULT(self.peer, 1 << address_bits), z3.ULT(self.l4, 1 << L4_BITS))

    def box(self, box: Box) -> z3.BoolRef:
        """Return the formula of one rule."""
        inside = z3.ULE(box.lo, self.peer), z3.ULT(self.peer, box.hi), z3.ULE(box.l4_lo, self.l4), z3.ULT(self.l4, box.l4_hi)
        return z3.And(*inside)

    def union(self, group: Sequence[Box]) -> z3.BoolRef:
        """Return the formula of all rules together."""
        return z3.Or(*map(self.box, group))

    def witness(self, formula: z3.BoolRef) -> tuple[int, int] | None:
        """Return an (address, layer 4 point) that satisfies the formula, or ``None`` when there is none."""
        solver = z3.SolverFor("QF_BV")
        solver.add(self.space, formula)
        if solver.check() == z3.unsat:
            return None
        model = solver.model()
        return tuple(model.eval(term, model_completion=True).as_long() for term in (self.peer, self.l4))

    def redundant(self, group: Sequence[Box]) -> list[bool]:
        """See :class:`~benchmarks.peers.boxes.Engine`."""
        formulas = [self.box(box) for box in group]
        answer = []
        for number, formula in enumerate(formulas):
            others = z3.Or(*formulas[:number], *formulas[number + 1 :])
            answer.append(self.witness(z3.And(formula, z3.Not(others))) is None)
        return answer
