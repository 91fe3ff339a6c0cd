"""Two hundred random leaks in large clouds, all of them found; two hundred harmless changes, no false alarm. Seeded."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest

from infra.neutron.compile import compile_fabric
from infra.policy.isolation import Claim, Verdict, prove
from tests.truth.leaks.changes import GROUPS, HARMLESS, JOINED, SHAPE, TOPOLOGY, Change, base

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.policy.isolation import Proof
    from ringfence.bench.synthetic import Shape

pytestmark = pytest.mark.truth

BETWEEN = {Claim.STRUCTURE, Claim.PACKETS, Claim.PUBLIC}
SEEDS = range(16)
"""13 kinds of leaks, 16 of each: 208."""
MANY = range(26)
"""8 kinds of harmless changes, 26 of each: 208."""


def judged(shape: Shape, seed: int, change: Callable[[Change], None], claims: set[Claim]) -> tuple[Proof, Change]:
    """Return the proof on a cloud after one change."""
    changed = Change(base(shape), Random(seed))  # noqa: S311 - reproducible, not secret
    change(changed)
    return prove(compile_fabric(changed.snapshot()), claims=claims), changed


def parties(proof: Proof) -> set[str]:
    """Return the tenants that counterexamples name."""
    found = [example for judgement in proof.judgements for example in judgement.counterexamples]
    return {name for example in found for name in (example.source_party, example.target_party)}


@pytest.mark.parametrize("leak", TOPOLOGY)
def test_every_leak_of_topology_is_found(leak: Callable[[Change], None]) -> None:
    """The claim does not hold, and the counterexamples name the tenant whose network was opened."""
    for seed in SEEDS:
        proof, changed = judged(SHAPE, seed, leak, BETWEEN)
        assert proof.verdict is Verdict.BROKEN, (leak.__name__, seed)
        names = {project.id: project.name for project in changed.cloud.projects}
        assert names[changed.other] in parties(proof), (leak.__name__, seed)


@pytest.mark.parametrize("leak", GROUPS)
def test_every_leak_of_groups_is_found(leak: Callable[[Change], None]) -> None:
    """Where only groups keep tenants apart, a group too open is a packet that passes, with the rules that let it."""
    for seed in SEEDS:
        proof, _ = judged(JOINED, seed, leak, {Claim.PACKETS})
        assert proof.verdict is Verdict.BROKEN, (leak.__name__, seed)
        assert all(example.open for example in proof.judgements[0].counterexamples)


@pytest.mark.parametrize("change", HARMLESS)
def test_no_harmless_change_is_an_alarm(change: Callable[[Change], None]) -> None:
    """The claims hold, with a certificate, before and after."""
    for seed in MANY:
        proof, _ = judged(SHAPE, seed, change, BETWEEN)
        assert proof.verdict is Verdict.HOLDS, (change.__name__, seed, [j.text for j in proof.judgements])
        assert proof.certificate is not None


def test_the_clouds_are_isolated_before() -> None:
    """Without a change nothing is found: it is the changes that the tests above find."""
    assert prove(compile_fabric(base(SHAPE))).verdict is Verdict.HOLDS
    assert prove(compile_fabric(base(JOINED)), claims={Claim.PACKETS}).verdict is Verdict.HOLDS


def test_there_are_two_hundred_of_each() -> None:
    """The counts that the documentation names."""
    assert len(SEEDS) * (len(TOPOLOGY) + len(GROUPS)) >= 200
    assert len(MANY) * len(HARMLESS) >= 200
