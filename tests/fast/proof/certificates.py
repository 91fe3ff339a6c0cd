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
from ringfence.checker import cloud as checker_cloud
from ringfence.checker import conditions

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from infra.neutron.snapshot import Snapshot
    from tests.fast.neutron.clouds import Cloud

_WRITTEN: dict[tuple[str, bytes], str] = {}


def certified(cloud: Cloud) -> tuple[dict[str, Any], bytes]:
    """Return a cloud's certificate as JSON would bring it, and its snapshot's bytes."""
    snapshot = cloud.snapshot()
    return _kept("certified", snapshot, lambda: prove(compile_fabric(snapshot)).certificate)


def claimed(cloud: Cloud, **header: object) -> tuple[dict[str, Any], bytes]:
    """Return what a prover without scruples would write: both claims, and the invariants and pairs as they are, whatever they reach."""
    snapshot = cloud.snapshot(**header)
    claims = tuple(Judgement(claim, Verdict.HOLDS, "so they say") for claim in (Claim.STRUCTURE, Claim.PACKETS))

    def written() -> object:
        paths = Paths(compile_fabric(snapshot))
        return certify(paths, claims, structural(paths)[1])

    return _kept("claimed", snapshot, written)


def _kept(what: str, snapshot: Snapshot, write: Callable[[], object]) -> tuple[dict[str, Any], bytes]:
    """Return what was written about a snapshot with the same bytes, or write it; each caller gets a certificate of its own to damage."""
    text = dumps(snapshot)
    if (what, text) not in _WRITTEN:
        _WRITTEN[what, text] = json.dumps(write())
    return json.loads(_WRITTEN[what, text]), text


def read_once(snapshot: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the checker judge certificates that are all about one snapshot on one reading of it."""
    read = checker_cloud.Cloud(snapshot.splitlines())
    monkeypatch.setattr(conditions, "Cloud", lambda *_: read)


def sealed(certificate: dict[str, Any]) -> dict[str, Any]:
    """Seal a certificate anew, as a forger would."""
    body = {name: value for name, value in certificate.items() if name != "seal"}
    return {**body, "seal": seal(body)}
