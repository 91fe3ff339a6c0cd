"""The certificate: what a sceptic needs to check the proof without repeating the search (docs/proof.md says how).

For every tenant it lists an invariant: routers with the destinations they may be handed, and networks with the destinations that may be
delivered there. That the tenant's own networks are in it, that it is closed under every routing table, and that no other tenant takes
packets at those destinations are three local conditions. ``scripts/ringfence/checker.py`` checks them from the definitions.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from infra.policy.isolation.ranges import ANY, Ranges, show

if TYPE_CHECKING:
    from infra.policy.isolation.paths import Paths
    from infra.policy.isolation.reach import Reach
    from infra.policy.isolation.report import Judgement

CERTIFICATE_VERSION = 1
ANYTHING = "any"


def certify(paths: Paths, judgements: tuple[Judgement, ...]) -> dict[str, object]:
    """Return the certificate as plain JSON values."""
    fabric = paths.fabric
    tenants = {fabric.parties[party].id: _invariant(paths, paths.reach(paths.segments_of_party[party])) for party in paths.tenants()}
    body: dict[str, object] = {
        "format": "ringfence-certificate",
        "version": CERTIFICATE_VERSION,
        "snapshot": fabric.digest,
        "profile": fabric.profile,
        "claims": {judgement.claim.value: judgement.text for judgement in judgements},
        "assumptions": list(fabric.assumptions),
        "platform": sorted(party.id for party in fabric.parties if party.platform),
        "tenants": tenants,
        "outside": _invariant(paths, paths.routing.from_outside()),
    }
    return {**body, "seal": seal(body)}


def seal(body: dict[str, object]) -> str:
    """Return the SHA-256 of the certificate's other fields as sorted, compact JSON: it guards against accidents, not against forgery."""
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _invariant(paths: Paths, reach: Reach) -> dict[str, object]:
    fabric = paths.fabric
    return {
        "routers": {fabric.routers[router].id: _text(ranges) for router, ranges in sorted(reach.routers.items())},
        "networks": {fabric.segments[segment].id: _text(ranges) for segment, ranges in sorted(reach.delivered.items())},
        "outside": bool(reach.outside),
    }


def _text(ranges: Ranges) -> str | list[str]:
    return ANYTHING if ranges is ANY or ranges == ANY else show(ranges)
