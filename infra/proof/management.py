"""The claim ``management``: between a tenant and the platform nothing passes by private addresses but what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.proof.examples import LISTED, passing_example
from infra.proof.report import Claim, Judgement, Verdict
from infra.ranges import ANY, covers, normal
from infra.reachability.fabric import Direction
from infra.reachability.filtering import Adjacency, Filtering, Member
from infra.reachability.paths import TO_ALL
from infra.text import counted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.ranges import Range
    from infra.reachability.filtering import PassedPackets
    from infra.reachability.intent import DeclaredTraffic, Intent
    from infra.reachability.paths import Delivery, Paths

_PLATFORM = -1
"""Label of all platform endpoints: what passes among them is nobody's question."""


def management(paths: Paths, intent: Intent | None) -> Judgement:
    """Judge ``management``. Without an intent nothing is declared, so nothing may pass."""
    ways = list(_ways(paths))
    found = Filtering(paths.fabric, [adjacency for adjacency, _ in ways]).passing(every=True)
    allows = intent.allows() if intent else {}
    undeclared = [p for p in found if not _is_declared(paths, allows, p)]
    if not undeclared:
        passing = counted(len(found), "kind of packets passes", "kinds of packets pass")
        text = f"{passing} between platform and tenants, all declared" if found else "nothing passes"
        return Judgement(Claim.MANAGEMENT, Verdict.HOLDS, text)
    examples = tuple(passing_example(paths, Claim.MANAGEMENT, p, ways[p.adjacency][1]) for p in undeclared[:LISTED])
    return Judgement(Claim.MANAGEMENT, Verdict.BROKEN, "packets pass between a tenant and the platform that nobody declared", examples)


def _ways(paths: Paths) -> Iterator[tuple[Adjacency, tuple[str, ...]]]:
    """Yield every way between platform and tenants with its links, one per segment that it starts from and segment that it ends on."""
    for segment, members in paths.on_segment.items():
        reach = paths.reach((segment,))
        senders = members.tolist()
        platform = bool(paths.parties_on[segment] & paths.platform)
        tenants = bool(paths.parties_on[segment] - paths.platform)
        for delivery in paths.deliveries(reach, public=False):
            there = paths.parties_on[delivery.segment]
            if (platform and there - paths.platform) or (tenants and there & paths.platform):
                links = paths.describe(reach, delivery.link)
                yield _adjacency(paths, senders, delivery), links
                if delivery.is_beside:
                    yield _adjacency(paths, senders, delivery, to_all=True), (*links, TO_ALL)


def _adjacency(paths: Paths, senders: list[int], delivery: Delivery, *, to_all: bool = False) -> Adjacency:
    """Return who meets on a delivery; with ``to_all`` by frames to all of the segment, whatever the destination is."""
    sources = [(endpoint, paths.fabric.builder.sources(endpoint)) for endpoint in senders]
    there = paths.on_segment[delivery.segment].tolist()
    targets = [(endpoint, ANY if to_all else paths.takes(endpoint, delivery)) for endpoint in there]
    return Adjacency(
        tuple(Member(endpoint, _label(paths, endpoint), ranges) for endpoint, ranges in sources),
        tuple(Member(endpoint, _label(paths, endpoint), ranges) for endpoint, ranges in targets if ranges),
    )


def _label(paths: Paths, endpoint: int) -> int:
    """Tenants share a label as well: only what passes between a tenant and the platform is asked for here."""
    return _PLATFORM if int(paths.fabric.endpoints.party[endpoint]) in paths.platform else 0


def _is_declared(paths: Paths, allows: Mapping[str, tuple[DeclaredTraffic, ...]], passing: PassedPackets) -> bool:
    """Tell whether the NICs of all endpoints on the tenant's side declare all of a box."""
    ids = paths.fabric.endpoints.ids
    sides = ((passing.sources, Direction.EGRESS, passing.target), (passing.targets, Direction.INGRESS, passing.source))
    for endpoints, direction, peers in sides:
        if any(_label(paths, endpoint) != _PLATFORM for endpoint in endpoints):
            return all(_covers(allows.get(ids[endpoint], ()), direction, peers, passing) for endpoint in endpoints)
    return False


def _covers(nic: tuple[DeclaredTraffic, ...], direction: Direction, peers: Range, passing: PassedPackets) -> bool:
    """Tell whether a NIC's declared allows cover a box: at every layer-4 point of it, all of the peers."""
    allows = [allow for allow in nic if allow.direction is direction]
    cuts = {passing.l4_lo} | {cut for allow in allows for cut in (allow.l4_lo, allow.l4_hi) if passing.l4_lo < cut < passing.l4_hi}
    return all(covers(normal(allow.peer for allow in allows if allow.l4_lo <= cut < allow.l4_hi), (peers,)) for cut in cuts)
