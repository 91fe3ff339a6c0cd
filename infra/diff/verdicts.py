"""What ``diff`` compares besides the NICs: everything else on which the proof rests, and what the proof says.

Roles, paths between tenants, translation, wires that lead outside, the driver, and what is not understood, each as a set of sentences about
something with a name. Last come the verdicts themselves, so that nothing changes one without a word.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.proof.proof import BETWEEN_TENANTS, judged
from infra.proof.report import Verdict
from infra.ranges import show

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.proof.report import Judgement
    from infra.proof.structure import Crossing
    from infra.reachability.paths import Paths

CLOUD = "the cloud"
"""Stands for the party of what belongs to nobody in particular."""

NOT_UNDERSTOOD = "not understood"
"""Subject of what leaves open whether two states mean the same."""

Thing = tuple[str, str, str]
"""(party, name of the thing, subject)."""


def compared(paths: Paths) -> dict[Thing, frozenset[str]]:
    """Return the sentences about everything that is compared, by the thing that they are about."""
    found: dict[Thing, set[str]] = defaultdict(set)
    judgements, crossings, _ = judged(paths, BETWEEN_TENANTS)
    for texts in (_roles(paths), _routers(paths), _wires(paths), _model(paths), _crossings(paths, crossings), _verdicts(judgements)):
        for thing, text in texts:
            found[thing].add(text)
    return {thing: frozenset(texts) for thing, texts in found.items()}


def _roles(paths: Paths) -> Iterator[tuple[Thing, str]]:
    """Yield which of the parties with ports are the platform's."""
    for party in paths.platform & paths.of_party.keys():
        name = paths.fabric.parties[party].name
        yield (name, name, "role"), "is the platform's: what it reaches is not compared with other tenants"


def _routers(paths: Paths) -> Iterator[tuple[Thing, str]]:
    """Yield what a router does not translate, and which servers are taken for routers."""
    for number, router in enumerate(paths.fabric.routers):
        thing = (CLOUD, f"router {router.name}", "translation")
        yield from ((thing, f"{prefix} is reached from outside without translation") for prefix in show(router.routable))
        if router.server:
            yield (CLOUD, f"server {router.name}", "routing"), "is a next hop, and may send with addresses of others"
        elif paths.exits(number) and not router.translated:
            yield thing, "sources leave as they are"


def _wires(paths: Paths) -> Iterator[tuple[Thing, str]]:
    """Yield the networks of the cloud that lead outside without a router of its own."""
    for segment in paths.fabric.segments:
        if segment.external and not segment.public:
            thing = (CLOUD, f"network {segment.name}", "outside")
            yield from ((thing, f"{prefix} is reached over a physical router") for prefix in show(segment.routed))


def _model(paths: Paths) -> Iterator[tuple[Thing, str]]:
    fabric = paths.fabric
    yield (CLOUD, CLOUD, "driver"), fabric.profile
    yield from (((CLOUD, CLOUD, NOT_UNDERSTOOD), sentence) for sentence in fabric.unknowns)
    yield from (((CLOUD, CLOUD, "taken for granted"), sentence) for sentence in fabric.assumptions)


def _crossings(paths: Paths, crossings: list[Crossing]) -> Iterator[tuple[Thing, str]]:
    """Yield the paths by which a tenant's packets come to others', whatever groups let pass."""
    fabric = paths.fabric
    for crossing in crossings:
        place = fabric.segments[crossing.delivery.segment].name
        way = f" on network {place}" + (", over the networks outside" if crossing.leaves_cloud else "")
        thing = (fabric.parties[crossing.party].name, f"network {fabric.segments[crossing.origin].name}", "paths to other tenants")
        for other in paths.parties_on[crossing.delivery.segment] - paths.platform - {crossing.party}:
            yield thing, f"to {fabric.parties[other].name}{way}"


def _verdicts(judgements: tuple[Judgement, ...]) -> Iterator[tuple[Thing, str]]:
    """Yield which claims do not hold; that one cannot be told comes with what is not understood."""
    for judgement in judgements:
        if judgement.verdict is Verdict.BROKEN:
            yield (CLOUD, CLOUD, "verdict"), f"{judgement.claim}: {judgement.verdict}"
