"""The claim ``packets``: what filters let through on the paths that join tenants, as first packets and as answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.packets.axes import L4_POINTS
from infra.proof.examples import LISTED, TO_ALL_BARE, flooded, passing_example
from infra.proof.report import Claim, Judgement, Verdict
from infra.ranges import ANY, Range, Ranges, normal
from infra.reachability.fabric import UNFILTERED
from infra.reachability.filtering import Adjacency, Filtering, Member
from infra.reachability.paths import TO_ALL, askers_of
from infra.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.proof.structure import Crossing
    from infra.reachability.fabric import Router
    from infra.reachability.filtering import PassedPackets
    from infra.reachability.paths import Paths


def packets(paths: Paths, crossings: list[Crossing]) -> Judgement:
    """Judge ``packets``: whether the filters let anything through on the crossings."""
    if not crossings:
        return Judgement(Claim.PACKETS, Verdict.HOLDS, "no path, therefore no packet")
    groups = by_ends(crossings)
    askers = {crossing.party: askers_of(paths, crossing.party) for crossing in crossings}
    adjacencies = [adjacency(paths, group) for group in groups]
    found = Filtering(paths.fabric, adjacencies, askers).passing()
    if found:  # what passes by rules of both sides is the better counterexample
        found = Filtering(paths.fabric, adjacencies).passing() or found
    else:  # only then is it worth a look whether a translated source would pass: counterexamples are better without
        near = [group for group in groups if group[0].delivery.is_beside]
        found = to_all(paths, near, askers)
        if found:
            return _beside(paths, found, near)
        groups = [group for group in groups if any(_translators(paths, crossing) for crossing in group)]
        found = Filtering(paths.fabric, [translated(paths, group) for group in groups], askers).passing()
    if not found:
        return Judgement(
            Claim.PACKETS, Verdict.HOLDS, f"groups close {counted(len(crossings), 'path', 'paths')} between tenants: all there are"
        )
    found.sort(key=lambda p: (len(_links(paths, groups[p.adjacency][0])), p.l4_lo == 0, p.l4_lo, p.source, p.target))
    examples = tuple(passing_example(paths, Claim.PACKETS, p, _links(paths, groups[p.adjacency][0])) for p in found[:LISTED])
    return Judgement(
        Claim.PACKETS, Verdict.BROKEN, f"packets pass between {counted(len(found), 'pair', 'pairs')} of port classes", examples
    )


def to_all(paths: Paths, groups: list[list[Crossing]], askers: dict[int, Ranges] | None) -> list[PassedPackets]:
    """Return what passes between neighbours in frames to all of their segment: to any destination that the sender's filter lets out.

    Such a packet is no answer to anything: it is not sent to an address from which its receiver could have asked.
    """
    return Filtering(paths.fabric, [beside(paths, group) for group in groups], askers, taken=False).passing()


def _beside(paths: Paths, found: list[PassedPackets], groups: list[list[Crossing]]) -> Judgement:
    """Return the judgement on what passes between neighbours, with packets to all where the filters let one out."""
    shown = sorted((replace(p, target=flooded(p.target)) for p in found), key=lambda p: (p.l4_lo == 0, p.l4_lo, p.source, p.target))
    links = [(*_links(paths, group[0]), TO_ALL_BARE if paths.fabric.floods else TO_ALL) for group in groups]
    examples = tuple(passing_example(paths, Claim.PACKETS, p, links[p.adjacency]) for p in shown[:LISTED])
    text = f"packets to nobody's address pass between {counted(len(found), 'pair', 'pairs')} of port classes on one network"
    return Judgement(Claim.PACKETS, Verdict.BROKEN, text, examples)


def _links(paths: Paths, crossing: Crossing) -> tuple[str, ...]:
    return paths.describe(crossing.reach, crossing.delivery.link)


def closed_pairs(paths: Paths, crossings: list[Crossing]) -> dict[str, list[str]]:
    """Return the pairs of classes that a path joins, by the names that the certificate gives them: target classes by source class."""
    found: dict[str, set[str]] = defaultdict(set)
    for crossing in crossings:
        targets = {_name(paths, m) for m in _strangers(paths, crossing) if paths.reaches(m, crossing.delivery)}
        for source in {_name(paths, m) for m in senders(paths, crossing)} if targets else ():
            found[source] |= targets
    return {source: sorted(targets) for source, targets in sorted(found.items())}


def _name(paths: Paths, endpoint: int) -> str:
    """Name an endpoint's class for the certificate: whose, where, and behind which groups."""
    ends = paths.fabric.endpoints
    filter_class = int(ends.filter_class[endpoint])
    groups = "no filter" if filter_class == UNFILTERED else ", ".join(sorted(paths.fabric.builder.groups_of(filter_class)))
    return f"{paths.fabric.parties[_party(paths, endpoint)].id} on {paths.fabric.segments[int(ends.segment[endpoint])].id} with {groups}"


def by_ends(crossings: list[Crossing]) -> list[list[Crossing]]:
    """Join crossings that start on the same segment and end with the same delivery: their parties meet all at once."""
    groups: dict[tuple[int, bool, int, Ranges, Ranges], list[Crossing]] = {}
    for crossing in crossings:
        delivery = crossing.delivery
        groups.setdefault(
            (crossing.origin, crossing.leaves_cloud, delivery.segment, delivery.destinations, delivery.via_next_hop), []
        ).append(crossing)
    return list(groups.values())


def adjacency(paths: Paths, group: list[Crossing]) -> Adjacency:
    """Return who meets on crossings with the same ends, under the addresses that the sources have themselves."""
    sources = paths.fabric.builder.sources
    return Adjacency(
        tuple(Member(m, crossing.party, sources(m)) for crossing in group for m in senders(paths, crossing)),
        tuple(
            Member(m, _party(paths, m), taken)
            for m in paths.on_segment[group[0].delivery.segment].tolist()
            if _party(paths, m) not in paths.platform and (taken := paths.takes(m, group[0].delivery))
        ),
    )


def beside(paths: Paths, group: list[Crossing]) -> Adjacency:
    """Return the same as neighbours meet by frames to all of their segment, such as multicast: whatever the packets' destination is."""
    bare = paths.fabric.floods
    targets = [m for m in paths.on_segment[group[0].delivery.segment].tolist() if _party(paths, m) not in paths.platform]
    return Adjacency(adjacency(paths, group).sources, tuple(Member(m, _party(paths, m), ANY, bare) for m in targets))


def translated(paths: Paths, group: list[Crossing]) -> Adjacency:
    """Return the same, the sources with all addresses that routers on the way may put in place of their own."""
    plain, routers = adjacency(paths, group), {crossing.party: _translators(paths, crossing) for crossing in group}
    sources = (
        Member(m.endpoint, m.label, normal([*m.ranges, *_outside_addresses(paths, routers[m.label], m.endpoint)])) for m in plain.sources
    )
    return Adjacency(tuple(sources), plain.targets)


def senders(paths: Paths, crossing: Crossing) -> list[int]:
    """Return the endpoints of the crossing's party where it starts."""
    return [m for m in paths.of_party[crossing.party].tolist() if paths.fabric.endpoints.segment[m] == crossing.origin]


def _strangers(paths: Paths, crossing: Crossing) -> list[int]:
    there = paths.on_segment[crossing.delivery.segment].tolist()
    return [m for m in there if _party(paths, m) not in paths.platform | {crossing.party}]


def _translators(paths: Paths, crossing: Crossing) -> list[Router]:
    """Return the routers that packets of a crossing's senders may get to and that may translate them: with an interface outside."""
    segments = paths.fabric.segments
    routers = (paths.fabric.routers[number] for number in paths.reach((crossing.origin,)).routers)
    return [router for router in routers if router.masquerade or any(segments[interface].external for interface in router.interfaces)]


def _outside_addresses(paths: Paths, routers: list[Router], member: int) -> Iterator[Range]:
    """Yield the addresses under which a member may be seen: the routers', and its floating IPs."""
    for router in routers:
        yield from ((family, address, address) for family, address in router.masquerade)
        yield from paths.fabric.outside_ranges if not router.masquerade else ()
    for public_address in paths.fabric.public if routers else ():
        if public_address.endpoint == member and (public_address.l4_lo, public_address.l4_hi) == (0, L4_POINTS):
            yield public_address.family, public_address.address, public_address.address


def _party(paths: Paths, endpoint: int) -> int:
    return int(paths.fabric.endpoints.party[endpoint])
