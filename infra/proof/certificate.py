"""The certificate: what a sceptic needs to check the proof without repeating the search (docs/proof.md says how).

For every tenant it lists invariants: routers with the destinations they may be handed, and networks with the destinations that may be
delivered there. That the tenant's own networks are in one, that each is closed under every routing table, and who takes packets at those
destinations, are local conditions. Where another tenant does, the two are listed as a pair that groups alone keep apart.
``scripts/ringfence/checker`` checks all that from the definitions.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from infra.proof.packets import closed_pairs
from infra.proof.report import Verdict
from infra.ranges import ANY, Ranges, show

if TYPE_CHECKING:
    from infra.proof.report import Judgement
    from infra.proof.structure import Crossing
    from infra.reachability.fabric import Party
    from infra.reachability.paths import Paths
    from infra.reachability.reach import Reach

CERTIFICATE_VERSION = 2
ANYTHING = "any"


def certify(paths: Paths, judgements: tuple[Judgement, ...], crossings: list[Crossing]) -> dict[str, object]:
    """Return the certificate as plain JSON values; ``crossings`` are the paths between tenants that filters close, if any."""
    fabric = paths.fabric
    apart = {crossing.party for crossing in crossings}
    body: dict[str, object] = {
        "format": "ringfence-certificate",
        "version": CERTIFICATE_VERSION,
        "snapshot": fabric.digest,
        "profile": fabric.profile,
        "claims": {judgement.claim.value: judgement.text for judgement in judgements if judgement.verdict is Verdict.HOLDS},
        "assumptions": list(fabric.assumptions),
        "accepted": [asdict(one) for one in fabric.accepted],
        "platform": sorted(party.id for party in fabric.parties if party.platform),
        "parties": [_party(party) for party in fabric.parties if party.id],
        "tenants": {fabric.parties[party].id: _invariants(paths, party, split=party in apart) for party in paths.tenants()},
        "outside": _invariant(paths, paths.routing.from_outside()),
        "closed": closed_pairs(paths, crossings),
    }
    return {**body, "seal": seal(body)}


def _party(party: Party) -> dict[str, object]:
    """Return who somebody is: names are for people, ids decide."""
    known = {"id": party.id, "name": party.name, "domain": party.domain}
    return {**known, "platform": party.trusted or "the snapshot says so"} if party.platform else dict(known)


def seal(body: dict[str, object]) -> str:
    """Return the SHA-256 of the certificate's other fields as sorted, compact JSON: it guards against accidents, not against forgery."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _invariants(paths: Paths, party: int, *, split: bool) -> list[dict[str, object]]:
    """Return a tenant's invariant; one per network of its own where it matters from which of them packets come."""
    segments = paths.segments_of_party[party]
    starts = [(segment,) for segment in segments] if split else [segments]
    names = paths.fabric.segments
    return [{"from": [names[segment].id for segment in start], **_invariant(paths, paths.reach(start))} for start in starts]


def _invariant(paths: Paths, reach: Reach) -> dict[str, object]:
    fabric = paths.fabric
    return {
        "routers": {fabric.routers[router].id: _text(ranges) for router, ranges in sorted(reach.routers.items())},
        "networks": {fabric.segments[segment].id: _text(ranges) for segment, ranges in sorted(reach.delivered.items())},
        "outside": _text(reach.outside),
    }


def _text(ranges: Ranges) -> str | list[str]:
    return ANYTHING if ranges is ANY or ranges == ANY else show(ranges)
