"""What an answer has to say about declarations: who asked for a rule, which flows have ended, and what was not judged and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.proof.report import Claim

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.proof.report import Proof
    from infra.reachability.fabric import Origin
    from ringfence.analysis.states import State


def asked_for(origin: Origin, state: State) -> str:
    """Return which flow asked for a rule, where and why, or that none did; empty for what is no rule of a group."""
    if not origin.group:
        return ""
    if not origin.flow:
        return "no declaration was looked at" if state.unasked else "nobody declared it"
    over = f", expired on {origin.expires}" if origin.expires and origin.expires < state.today.isoformat() else ""
    place = f", {origin.file}:{origin.line}" if origin.file else ""
    return f"flow {origin.flow}{over}{place}: {origin.reason} ({origin.owner})"


def not_judged(state: State, proof: Proof) -> Iterator[dict[str, object]]:
    """Yield each claim that was judged for nobody, or not for some ``parties`` (empty: for nobody), and why."""
    asked = {judgement.claim for judgement in proof.judgements}
    for claim in Claim:
        if claim not in asked:
            yield {"claim": claim, "parties": [], "reason": state.alone}
    if Claim.DECLARED not in asked:
        return
    if state.absent:
        yield {"claim": Claim.DECLARED, "parties": list(state.absent), "reason": "declared, but not in this state, so not compared"}
    if others := _undeclared(state):
        yield {"claim": Claim.DECLARED, "parties": others, "reason": "in this state, but nobody declared them, so not compared"}


def _undeclared(state: State) -> list[str]:
    """Return the names of the parties that have servers and no declaration; the platform is watched in another way."""
    fabric = state.fabric
    known = state.placed.ids.values() if state.placed else [party.id for party in fabric.parties]
    seen = [fabric.parties[number] for number in sorted(set(fabric.endpoints.party.tolist()))]
    return [party.name or party.id for party in seen if not party.platform and party.id not in known]
