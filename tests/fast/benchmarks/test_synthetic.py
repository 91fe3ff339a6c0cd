"""Synthetic clouds: consistent snapshots, the same bytes for the same seed, isolated, and of the size that was asked for."""

from __future__ import annotations

from benchmarks.synthetic import Shape, header, records
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.snapshot.store import from_records, written
from infra.proof import prove
from infra.proof.report import Claim, Verdict

SHAPE = Shape(tenants=6, servers=6, rules=30, joined=3)


def test_equal_seeds_give_equal_bytes_and_others_do_not() -> None:
    """A benchmark or a failing mutant can be repeated from its seed."""

    def content(shape: Shape) -> bytes:
        return b"".join(written(header(), records(shape)))

    assert content(SHAPE) == content(SHAPE)
    assert content(SHAPE) != content(Shape(tenants=6, servers=6, rules=30, joined=3, seed=1))


def test_a_cloud_has_the_size_that_was_asked_for() -> None:
    """Tenants, ports and rules are counted; tenants have overlapping addresses and some have IPv6."""
    snapshot = from_records(header(), records(SHAPE))
    groups = [group for group in snapshot.security_groups if group.name in {"base", "web", "app", "db"}]

    assert len(snapshot.projects) == 7
    assert sum(len(group.rules) for group in groups) == 6 * 30
    assert sum(1 for subnet in snapshot.subnets if subnet.cidr == "10.0.0.0/24") == 6
    assert any(":" in subnet.cidr for subnet in snapshot.subnets)


def test_nothing_passes_between_tenants() -> None:
    """On the shared network groups alone keep tenants apart; without it, structure does."""
    shared = prove(compile_fabric(from_records(header(), records(SHAPE))))
    apart = prove(compile_fabric(from_records(header(), records(Shape(tenants=6, servers=6, rules=30, joined=0)))))

    assert {judgement.claim: judgement.verdict for judgement in shared.judgements} == {
        Claim.STRUCTURE: Verdict.BROKEN,
        Claim.PACKETS: Verdict.HOLDS,
        Claim.PUBLIC: Verdict.HOLDS,
    }
    assert {judgement.verdict for judgement in apart.judgements} == {Verdict.HOLDS}
