"""``can`` and ``who-can-reach``: what passes between places, and everybody from whom a service can be reached."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING

from infra.errors import QuestionError
from infra.packets.text import format_l4, format_peers
from infra.queries.sides import INTERNET, Side, group
from infra.queries.traffic import points
from infra.ranges import covers, difference, normal, touches

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.packets.text import Interval
    from infra.queries.sides import Place
    from infra.queries.traffic import Box, ReachableTraffic, Traffic
    from infra.ranges import Ranges

MOST_PAIRS = 20_000
"""Pairs of a source and a target that one question may be about."""


@dataclass(frozen=True, slots=True)
class AskedService:
    """What is asked for: a layer-4 interval ``[lo, hi)``, and its text."""

    lo: int
    hi: int
    text: str


def can(
    reachable: ReachableTraffic, sources: Iterable[Place], targets: Iterable[Place], service: AskedService | None = None
) -> list[Traffic]:
    """Return what passes from any source to any target, cut to the service when one is given.

    Raises:
        QuestionError: so many pairs have a way between them that an answer would be no answer.
    """
    return cut((traffic for pair in joined(reachable, sources, targets) for traffic in reachable.between(*pair)), service)


def joined(reachable: ReachableTraffic, sources: Iterable[Place], targets: Iterable[Place]) -> list[tuple[Place, Place]]:
    """Return the pairs between which any way leads, whatever filters say. Raises :class:`QuestionError` when there are too many."""
    return not_too_many(_joined(reachable, list(sources), list(targets)), "pairs of a source and a target with a way between them")


def not_too_many(pairs: Iterable[tuple[Place, Place]], what: str) -> list[tuple[Place, Place]]:
    """Return the pairs. Raises :class:`QuestionError` when there are more than :data:`MOST_PAIRS`."""
    found = list(islice(pairs, MOST_PAIRS + 1))
    if len(found) > MOST_PAIRS:
        hint = "name a tenant, a zone or a server; `ringfence matrix` shows all tenants"
        raise QuestionError.of("the question is about too many places at once", expected=f"at most {MOST_PAIRS:,} {what}", hint=hint)
    return found


def cut(found: Iterable[Traffic], service: AskedService | None) -> list[Traffic]:
    """Return the part of traffic that is the service; all of it without one."""
    if service is None:
        return list(found)
    return [part for traffic in found if (part := _cut(traffic, (service.lo, service.hi))).boxes]


def _joined(reachable: ReachableTraffic, sources: list[Place], targets: list[Place]) -> Iterator[tuple[Place, Place]]:
    """Yield the pairs between which any way leads, whatever filters say."""
    on_segment: dict[int, list[Side]] = defaultdict(list)
    for target in targets:
        if isinstance(target, Side):
            on_segment[target.segment].append(target)
    public = [target for target in targets if isinstance(target, Side) and reachable.public_addresses(target)]
    outside = [target for target in targets if not isinstance(target, Side)]
    ends: list[Place]
    for source in sources:
        if isinstance(source, Side):
            reach = reachable.paths.reach((source.segment,))
            places = {delivery.segment for delivery in reachable.paths.deliveries(reach, public=True)}
            ends = [*(target for place in places for target in on_segment.get(place, ())), *outside]
            ends += [target for target in public if target.segment not in places] if reachable.leaving(reach) else []
        else:
            ends = list(public)
        yield from ((source, target) for target in ends if target != source)


def passes_whole(found: Iterable[Traffic], service: AskedService) -> bool:
    """Tell whether every packet of the service passes, for some source and destination."""
    edge = service.lo
    for lo, hi in sorted((box.l4_lo, box.l4_hi) for traffic in found for box in traffic.boxes):
        if lo > edge:
            break
        edge = max(edge, hi)
    return edge >= service.hi


def who_can_reach(reachable: ReachableTraffic, targets: Iterable[Side], service: AskedService) -> list[Traffic]:
    """Return everything that reaches the service at one of the targets: endpoints with a path, and the world outside.

    Whoever comes by a public address is part of ``internet`` where all of the internet is let in, and is named where it is not.
    """
    ends = list(targets)
    outside = can(reachable, [INTERNET], ends, service)
    inside = [p for source in neighbours(reachable, ends) for end in ends if source != end for p in reachable.directly(source, end)]
    return [
        *cut(inside, service),
        *_senders(reachable, [end for end in ends if reachable.public_addresses(end)], outside, service),
        *outside,
    ]


def neighbours(reachable: ReachableTraffic, targets: list[Side]) -> Iterator[Side]:
    """Yield the sides from whose segments a packet may get to a target by the target's own addresses."""
    wanted = {target.segment for target in targets}
    for segment, members in reachable.paths.on_segment.items():
        reach = reachable.paths.reach((segment,))
        if wanted & (reach.delivered.keys() | {place for place, _, _ in reach.via_next_hop}):
            yield from group(reachable.fabric, members.tolist())


def _senders(reachable: ReachableTraffic, public_addresses: list[Side], outside: list[Traffic], service: AskedService) -> Iterator[Traffic]:
    """Yield what endpoints send to public addresses of targets, where it is not simply part of what the whole internet may send."""
    narrow = [traffic for traffic in outside if not all(_is_everybody(box) for box in traffic.boxes)]
    admitted = normal(span for traffic in narrow for box in traffic.boxes for span in box.sources)
    for members in reachable.paths.on_segment.values() if public_addresses else ():
        for side in group(reachable.fabric, members.tolist()):
            outside_addresses = reachable.outside_addresses(side)
            if not covers(INTERNET.ranges, outside_addresses) or touches(outside_addresses, admitted):
                yield from cut((p for target in public_addresses if target != side for p in reachable.publicly(side, target)), service)


def _is_everybody(box: Box) -> bool:
    """Tell whether a box admits every address of the internet of its family."""
    return covers(box.sources, tuple(span for span in INTERNET.ranges if span[0] == box.sources[0][0]))


def _cut(traffic: Traffic, l4: Interval) -> Traffic:
    boxes = (box._replace(l4_lo=max(box.l4_lo, l4[0]), l4_hi=min(box.l4_hi, l4[1])) for box in traffic.boxes)
    return replace(traffic, boxes=tuple(box for box in boxes if box.l4_lo < box.l4_hi))


def sentences(traffic: Traffic) -> list[str]:
    """Render the boxes of some traffic: ``tcp/443 from 10.0.0.0/24 to 10.0.1.12``, boxes of equal addresses in one line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for box in traffic.boxes:
        lines.setdefault((addresses(box.sources), addresses(box.destinations)), []).extend(format_l4(box.l4_lo, box.l4_hi))
    return [f"{', '.join(services)} from {source} to {target}" for (source, target), services in lines.items()]


def addresses(ranges: Ranges) -> str:
    """Render addresses as minimal ranges; the internet by its name and not by its two hundred prefixes."""
    outside = tuple(span for span in INTERNET.ranges if any(span[0] == family for family, _, _ in ranges))
    rest = difference(ranges, outside) if covers(ranges, outside) else ranges
    named = [] if rest is ranges else [INTERNET.name]
    return ", ".join([*named, *(format_peers(*points(span)) for span in rest)])


def services(intervals: Iterable[tuple[int, int]]) -> Iterator[str]:
    """Yield the union of layer-4 intervals, as minimal services."""
    merged: list[list[int]] = []
    for lo, hi in sorted(intervals):
        if merged and lo <= merged[-1][1]:
            merged[-1][1] = max(merged[-1][1], hi)
        else:
            merged.append([lo, hi])
    for lo, hi in merged:
        yield from format_l4(lo, hi)
