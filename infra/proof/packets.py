"""The claim ``packets``: what filters let through on the paths that join tenants, as first packets and as answers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.packets.axes import L4_POINTS
from infra.proof.examples import LISTED, TO_ALL, TO_ALL_BARE, flooded, passing_example
from infra.proof.report import Claim, Judgement, Verdict
from infra.reachability.fabric import UNFILTERED
from infra.reachability.filtering import Filtering, Meeting, Member
from infra.reachability.ranges import ANY, Range, Ranges, normal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.proof.structure import Contact
    from infra.reachability.fabric import Router
    from infra.reachability.filtering import Passing
    from infra.reachability.paths import Paths


def packets(paths: Paths, contacts: list[Contact]) -> Judgement:
    """Judge ``packets``: whether the filters let anything through on the contacts."""
    if not contacts:
        return Judgement(Claim.PACKETS, Verdict.HOLDS, "no path, therefore no packet")
    groups = by_ends(contacts)
    askers = {contact.party: askers_of(paths, contact.party) for contact in contacts}
    meetings = [meeting(paths, group) for group in groups]
    found = Filtering(paths.fabric, meetings, askers).passing()
    if found:  # what passes by rules of both sides is the better counterexample
        found = Filtering(paths.fabric, meetings).passing() or found
    else:  # only then is it worth a look whether a translated source would pass: counterexamples are better without
        near = [group for group in groups if group[0].arrival.is_beside]
        found = to_all(paths, near, askers)
        if found:
            return _beside(paths, found, near)
        groups = [group for group in groups if any(_translators(paths, contact) for contact in group)]
        found = Filtering(paths.fabric, [translated(paths, group) for group in groups], askers).passing()
    if not found:
        return Judgement(Claim.PACKETS, Verdict.HOLDS, f"groups close all {len(contacts)} paths between tenants")
    found.sort(key=lambda p: (len(_links(paths, groups[p.meeting][0])), p.l4_lo == 0, p.l4_lo, p.source, p.target))
    examples = tuple(passing_example(paths, Claim.PACKETS, p, _links(paths, groups[p.meeting][0])) for p in found[:LISTED])
    return Judgement(Claim.PACKETS, Verdict.BROKEN, f"packets pass between {len(found)} pairs of port classes", examples)


def to_all(paths: Paths, groups: list[list[Contact]], askers: dict[int, Ranges] | None) -> list[Passing]:
    """Return what passes between neighbours in frames to all of their segment: to any destination that the sender's filter lets out.

    Such a packet is no answer to anything: it is not sent to an address from which its receiver could have asked.
    """
    return Filtering(paths.fabric, [beside(paths, group) for group in groups], askers, taken=False).passing()


def _beside(paths: Paths, found: list[Passing], groups: list[list[Contact]]) -> Judgement:
    """Return the judgement on what passes between neighbours, with packets to all where the filters let one out."""
    shown = sorted((replace(p, target=flooded(p.target)) for p in found), key=lambda p: (p.l4_lo == 0, p.l4_lo, p.source, p.target))
    links = [(*_links(paths, group[0]), TO_ALL_BARE if paths.fabric.floods else TO_ALL) for group in groups]
    examples = tuple(passing_example(paths, Claim.PACKETS, p, links[p.meeting]) for p in shown[:LISTED])
    text = f"packets to nobody's address pass between {len(found)} pairs of port classes on one network"
    return Judgement(Claim.PACKETS, Verdict.BROKEN, text, examples)


def _links(paths: Paths, contact: Contact) -> tuple[str, ...]:
    return paths.describe(contact.reach, contact.arrival.link)


def closed_pairs(paths: Paths, contacts: list[Contact]) -> dict[str, list[str]]:
    """Return the pairs of classes that a path joins, by the names that the certificate gives them: target classes by source class."""
    found: dict[str, set[str]] = defaultdict(set)
    for contact in contacts:
        targets = {_name(paths, m) for m in _strangers(paths, contact) if paths.reaches(m, contact.arrival)}
        for source in {_name(paths, m) for m in senders(paths, contact)} if targets else ():
            found[source] |= targets
    return {source: sorted(targets) for source, targets in sorted(found.items())}


def _name(paths: Paths, endpoint: int) -> str:
    """Name an endpoint's class for the certificate: whose, where, and behind which groups."""
    ends = paths.fabric.endpoints
    filter_class = int(ends.filter_class[endpoint])
    groups = "no filter" if filter_class == UNFILTERED else ", ".join(sorted(paths.fabric.builder.groups_of(filter_class)))
    return f"{paths.fabric.parties[_party(paths, endpoint)].id} on {paths.fabric.segments[int(ends.segment[endpoint])].id} with {groups}"


def by_ends(contacts: list[Contact]) -> list[list[Contact]]:
    """Join contacts that start on the same segment and end with the same arrival: their parties meet all at once."""
    groups: dict[tuple[int, bool, int, Ranges, Ranges], list[Contact]] = {}
    for contact in contacts:
        arrival = contact.arrival
        groups.setdefault((contact.origin, contact.abroad, arrival.segment, arrival.destinations, arrival.handed), []).append(contact)
    return list(groups.values())


def meeting(paths: Paths, group: list[Contact]) -> Meeting:
    """Return who meets on contacts with the same ends, under the addresses that the sources have themselves."""
    sources = paths.fabric.builder.sources
    return Meeting(
        tuple(Member(m, contact.party, sources(m)) for contact in group for m in senders(paths, contact)),
        tuple(
            Member(m, _party(paths, m), taken)
            for m in paths.on_segment[group[0].arrival.segment].tolist()
            if _party(paths, m) not in paths.platform and (taken := paths.takes(m, group[0].arrival))
        ),
    )


def beside(paths: Paths, group: list[Contact]) -> Meeting:
    """Return the same as neighbours meet by frames to all of their segment, such as multicast: whatever the packets' destination is."""
    bare = paths.fabric.floods
    targets = [m for m in paths.on_segment[group[0].arrival.segment].tolist() if _party(paths, m) not in paths.platform]
    return Meeting(meeting(paths, group).sources, tuple(Member(m, _party(paths, m), ANY, bare) for m in targets))


def translated(paths: Paths, group: list[Contact]) -> Meeting:
    """Return the same, the sources with all addresses that routers on the way may put in place of their own."""
    plain, routers = meeting(paths, group), {contact.party: _translators(paths, contact) for contact in group}
    sources = (Member(m.endpoint, m.label, normal([*m.ranges, *_faces(paths, routers[m.label], m.endpoint)])) for m in plain.sources)
    return Meeting(tuple(sources), plain.targets)


def senders(paths: Paths, contact: Contact) -> list[int]:
    """Return the endpoints of the contact's party where it starts."""
    return [m for m in paths.of_party[contact.party].tolist() if paths.fabric.endpoints.segment[m] == contact.origin]


def _strangers(paths: Paths, contact: Contact) -> list[int]:
    there = paths.on_segment[contact.arrival.segment].tolist()
    return [m for m in there if _party(paths, m) not in paths.platform | {contact.party}]


def _translators(paths: Paths, contact: Contact) -> list[Router]:
    """Return the routers that packets of a contact's senders may get to and that may translate them: those with a leg outside."""
    segments = paths.fabric.segments
    routers = (paths.fabric.routers[number] for number in paths.reach((contact.origin,)).routers)
    return [router for router in routers if router.masquerade or any(segments[leg].external for leg in router.legs)]


def _faces(paths: Paths, routers: list[Router], member: int) -> Iterator[Range]:
    """Yield the addresses under which a member may be seen: the routers', and its floating IPs."""
    for router in routers:
        yield from ((family, address, address) for family, address in router.masquerade)
        yield from paths.fabric.outside_ranges if not router.masquerade else ()
    for door in paths.fabric.public if routers else ():
        if door.endpoint == member and (door.l4_lo, door.l4_hi) == (0, L4_POINTS):
            yield door.family, door.address, door.address


def askers_of(paths: Paths, party: int) -> Ranges:
    """Return the addresses to which a party's endpoints may send answers: of its own, and of the platform's.

    Link-local addresses are left out: nobody else on the same segment has the same.
    """
    builder = paths.fabric.builder
    everybody = {one: paths.of_party[one].tolist() for one in (party, *paths.platform) if one in paths.of_party}
    own = (span for m in everybody[party] for span in (ANY if builder.sources(m) == ANY else builder.addresses(m)))
    return normal([*own, *(span for one in paths.platform & everybody.keys() for m in everybody[one] for span in builder.addresses(m))])


def _party(paths: Paths, endpoint: int) -> int:
    return int(paths.fabric.endpoints.party[endpoint])
