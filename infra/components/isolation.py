"""Before anything is changed: the proof on what would be. A plan that opens a path between tenants is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.expiry import endings
from infra.errors import DeclarationError, OpenPathError, Problem
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from infra.proof import Verdict, prove

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.folder import Declarations
    from infra.proof import Proof

HINT = "ringfence prove shows the packet, the links and the rules"


def refuse_open_paths(declarations: Declarations, stack: str = names.PLATFORM) -> Proof:
    """Prove that all declared tenants together are isolated as declared, and return the proof.

    A platform without any tenant is not refused for the one reason that there is nobody yet to be kept apart.

    A tenant whose declaration has mistakes is left out: that stops its own ``stack``, and not the others.

    Raises:
        DeclarationError: the stack itself is left out, or one that is may share names with another, which cannot be judged without it.
        OpenPathError: they are not, or it cannot be told; one problem for every claim that does not hold.
    """
    undecidable = declarations.undecidable()
    if undecidable or stack in declarations.left:
        raise DeclarationError(*undecidable, *declarations.problems)
    fabric = compile_fabric(declared_snapshot(declarations.platform, declarations.tenants))
    proof = prove(fabric, declared_intent(declarations.platform, declarations.tenants))
    nobody = not declarations.tenants and not proof.unknowns and proof.verdict is Verdict.UNKNOWN
    if proof.verdict is not Verdict.HOLDS and not nobody:
        raise OpenPathError(*_problems(proof))
    return proof


def warnings(declarations: Declarations, stack: str) -> Iterator[str]:
    """Yield what somebody who changes a stack should know although it stops nothing: others' mistakes, and flows of its own that ended."""
    if declarations.problems:
        mistakes = "\n".join(map(str, declarations.problems))
        who = ", ".join(declarations.left) or "a file"
        yield f"left out, and not shown to be kept apart from anybody, because of mistakes in its declaration: {who}\n{mistakes}"
    for ended in endings(declarations.tenants):
        if ended.tenant == stack:
            yield f"{ended}; its rules are taken away"


def _problems(proof: Proof) -> Iterator[Problem]:
    for judgement in proof.judgements:
        if judgement.verdict is Verdict.HOLDS:
            continue
        where, got = judgement.claim.value, judgement.verdict.value
        examples = [f"{example.packet}: {example.source_party}/{example.source} -> {example.target_party}/{example.target}"
                    for example in judgement.counterexamples]  # fmt: skip
        yield Problem(judgement.text, where, "every claim holds", "; ".join([got, *examples]), HINT)
