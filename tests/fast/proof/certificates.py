"""Certificates for tests: honest ones, what a prover without scruples would write, and forged seals."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot.store import dumps
from infra.proof import Claim, Judgement, Verdict, prove
from infra.proof.certificate import certify, seal
from infra.proof.structure import structural
from infra.reachability.paths import Paths

if TYPE_CHECKING:
    from tests.fast.neutron.clouds import Cloud


def certified(cloud: Cloud) -> tuple[dict[str, Any], bytes]:
    """Return a cloud's certificate as JSON would bring it, and its snapshot's bytes."""
    snapshot = cloud.snapshot()
    return json.loads(json.dumps(prove(compile_fabric(snapshot)).certificate)), dumps(snapshot)


def claimed(cloud: Cloud, **header: object) -> tuple[dict[str, Any], bytes]:
    """Return what a prover without scruples would write: both claims, and the invariants and pairs as they are, whatever they reach."""
    snapshot = cloud.snapshot(**header)
    paths = Paths(compile_fabric(snapshot))
    claims = tuple(Judgement(claim, Verdict.HOLDS, "so they say") for claim in (Claim.STRUCTURE, Claim.PACKETS))
    return json.loads(json.dumps(certify(paths, claims, structural(paths)[1]))), dumps(snapshot)


def sealed(certificate: dict[str, Any]) -> dict[str, Any]:
    """Seal a certificate anew, as a forger would."""
    body = {name: value for name, value in certificate.items() if name != "seal"}
    return {**body, "seal": seal(body)}
