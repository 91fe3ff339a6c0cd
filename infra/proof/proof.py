"""The proof: every claim judged on one fabric, with a certificate of what holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.proof.certificate import certify
from infra.proof.declared import declared
from infra.proof.exposure import public
from infra.proof.management import management
from infra.proof.packets import packets
from infra.proof.report import Claim, Exposure, Judgement, Proof, Verdict
from infra.proof.structure import structural
from infra.reachability.paths import Paths
from infra.text import counted

if TYPE_CHECKING:
    from collections.abc import Collection

    from infra.proof.structure import Crossing
    from infra.reachability.fabric import Fabric
    from infra.reachability.intent import Intent

BETWEEN_TENANTS = frozenset({Claim.STRUCTURE, Claim.PACKETS, Claim.PUBLIC})
EVERYTHING = frozenset(Claim)


def prove(fabric: Fabric, intent: Intent | None = None, claims: Collection[Claim] | None = None) -> Proof:
    """Judge the claims on a fabric.

    Without ``claims``: what concerns two tenants, and with an intent also ``management`` and ``declared``. A claim that would hold
    becomes "cannot tell" when the fabric has something the model does not understand, or no tenant at all: that nobody is seen says more
    about who looked than about the cloud. A counterexample stands all the same.
    """
    asked = frozenset(claims) if claims is not None else (EVERYTHING if intent else BETWEEN_TENANTS)
    paths = Paths(fabric)
    final, crossings, exposures = judged(paths, asked, intent)
    return Proof(
        digest=fabric.digest,
        profile=fabric.profile,
        judgements=final,
        unknowns=fabric.unknowns,
        assumptions=fabric.assumptions,
        accepted=fabric.accepted,
        exposures=exposures,
        counts=_counts(paths),
        parties=tuple(party for party in fabric.parties if party.id),
        certifier=(lambda: certify(paths, final, crossings)) if _is_certified(final) else None,
    )


def judged(
    paths: Paths, asked: Collection[Claim], intent: Intent | None = None
) -> tuple[tuple[Judgement, ...], list[Crossing], tuple[Exposure, ...]]:
    """Return the final judgements on the claims, the paths between tenants, and what is open to everybody."""
    judgements: list[Judgement] = []
    exposures: tuple[Exposure, ...] = ()
    structure, crossings = structural(paths)
    if Claim.STRUCTURE in asked:
        judgements.append(structure)
    if Claim.PACKETS in asked:
        judgements.append(packets(paths, crossings))
    if Claim.PUBLIC in asked:
        judgement, exposures = public(paths)
        judgements.append(judgement)
    if Claim.MANAGEMENT in asked:
        judgements.append(management(paths, intent))
    if Claim.DECLARED in asked:
        judgements.append(_declared(paths.fabric, intent))
    doubt = _doubt(paths)
    return tuple(_doubted(judgement, doubt) for judgement in judgements), crossings, exposures


def _is_certified(judgements: tuple[Judgement, ...]) -> bool:
    """Tell whether there is something to certify: that no path joins tenants, or no packet passes; and nothing else is amiss."""
    holds = {judgement.claim for judgement in judgements if judgement.verdict is Verdict.HOLDS}
    others = {judgement.claim for judgement in judgements} - holds - {Claim.STRUCTURE}
    return not others and bool(holds & {Claim.STRUCTURE, Claim.PACKETS})


def _declared(fabric: Fabric, intent: Intent | None) -> Judgement:
    if intent is None:
        return Judgement(Claim.DECLARED, Verdict.UNKNOWN, "nothing was declared to compare with")
    return declared(fabric, intent)


def _doubt(paths: Paths) -> str:
    """Return why no claim can be said to hold; empty when nothing speaks against it."""
    unknowns = paths.fabric.unknowns
    if unknowns:
        return f"{counted(len(unknowns), 'thing is', 'things are')} not understood: {unknowns[0]}"
    return "" if paths.tenants() else "no tenant is seen, so there was nothing to judge"


def _doubted(judgement: Judgement, doubt: str) -> Judgement:
    """Take a "holds" back where there is doubt."""
    if judgement.verdict is not Verdict.HOLDS or not doubt:
        return judgement
    return Judgement(judgement.claim, Verdict.UNKNOWN, f"{judgement.text}, but {doubt}")


def _counts(paths: Paths) -> dict[str, int]:
    fabric = paths.fabric
    return {
        "tenants": len(paths.tenants()),
        "networks": len(fabric.segments),
        "routers": len(fabric.routers),
        "ports": len(fabric.endpoints),
        "pairs": len(fabric.endpoints) * (len(fabric.endpoints) - 1),
    }
