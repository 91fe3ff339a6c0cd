"""The claim ``management``: between a tenant and the platform nothing passes by private addresses but what is declared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.policy.isolation.fabric import Direction
from infra.policy.isolation.filtering import Filtering, Meeting, Member
from infra.policy.isolation.report import Claim, Counterexample, Judgement, Verdict
from infra.policy.isolation.structure import LISTED, passing_example

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.policy.isolation.filtering import Passing
    from infra.policy.isolation.intent import Card, Intent
    from infra.policy.isolation.paths import Arrival, Paths
    from infra.policy.isolation.reach import Reach

_PLATFORM = -1
"""Label of all platform endpoints: what passes among them is nobody's question."""


def management(paths: Paths, intent: Intent | None) -> Judgement:
    """Judge ``management``. Without an intent nothing is declared, so nothing may pass."""
    ways = list(_ways(paths))
    found = Filtering(paths.fabric, [meeting for meeting, _, _ in ways]).passing()
    cards = {(card.party, card.name): card for card in intent.cards} if intent else {}
    undeclared = [p for p in found if not _is_declared(paths, cards, p)]
    if not undeclared:
        text = f"{len(found)} pairs of port classes of platform and tenants exchange packets, as declared" if found else "nothing passes"
        return Judgement(Claim.MANAGEMENT, Verdict.HOLDS, text)
    examples = tuple(_example(paths, ways[p.meeting], p) for p in undeclared[:LISTED])
    return Judgement(Claim.MANAGEMENT, Verdict.BROKEN, "packets pass between a tenant and the platform that nobody declared", examples)


def _ways(paths: Paths) -> Iterator[tuple[Meeting, Reach, Arrival]]:
    """Yield every way between platform and tenants, one per segment that it starts from and segment that it ends on."""
    for segment, members in paths.on_segment.items():
        reach = paths.reach((segment,))
        senders = members.tolist()
        platform = bool(paths.parties_on[segment] & paths.platform)
        tenants = bool(paths.parties_on[segment] - paths.platform)
        for arrival in paths.arrivals(reach, public=False):
            there = paths.parties_on[arrival.segment]
            if (platform and there - paths.platform) or (tenants and there & paths.platform):
                yield _meeting(paths, senders, arrival), reach, arrival


def _meeting(paths: Paths, senders: list[int], arrival: Arrival) -> Meeting:
    sources = [(endpoint, paths.fabric.builder.sources(endpoint)) for endpoint in senders]
    targets = [(endpoint, paths.takes(endpoint, arrival)) for endpoint in paths.on_segment[arrival.segment].tolist()]
    return Meeting(
        tuple(Member(endpoint, _label(paths, endpoint), ranges) for endpoint, ranges in sources),
        tuple(Member(endpoint, _label(paths, endpoint), ranges) for endpoint, ranges in targets if ranges),
    )


def _label(paths: Paths, endpoint: int) -> int:
    """Tenants share a label as well: only what passes between a tenant and the platform is asked for here."""
    return _PLATFORM if int(paths.fabric.endpoints.party[endpoint]) in paths.platform else 0


def _is_declared(paths: Paths, cards: dict[tuple[str, str], Card], passing: Passing) -> bool:
    """Tell whether a declared card of the tenant's side allows all of a box."""
    ends = paths.fabric.endpoints
    for endpoint, direction, peer in (
        (passing.target, Direction.INGRESS, passing.source_address),
        (passing.source, Direction.EGRESS, passing.target_address),
    ):
        card = cards.get((paths.fabric.parties[int(ends.party[endpoint])].name, ends.names[endpoint]))
        if card is not None and any(
            allow.direction is direction
            and allow.peer[0] == passing.family
            and allow.peer[1] <= peer <= allow.peer[2]
            and allow.l4_lo <= passing.l4_lo
            and passing.l4_hi <= allow.l4_hi
            for allow in card.allows
        ):
            return True
    return False


def _example(paths: Paths, way: tuple[Meeting, Reach, Arrival], passing: Passing) -> Counterexample:
    _, reach, arrival = way
    return passing_example(paths, Claim.MANAGEMENT, passing, paths.describe(reach, arrival.link))
