"""``can`` and ``who-can-reach``: what passes between places, and everybody from whom a service can be reached."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from infra.policy.isolation.ranges import covers, difference
from infra.policy.packets.text import format_l4, format_peers
from infra.policy.queries.passages import points
from infra.policy.queries.sides import INTERNET, Side, group

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.policy.isolation.ranges import Ranges
    from infra.policy.packets.text import Interval
    from infra.policy.queries.passages import Passage, Passages
    from infra.policy.queries.sides import Place


@dataclass(frozen=True, slots=True)
class Service:
    """What is asked for: a layer-4 interval ``[lo, hi)``, and its text."""

    lo: int
    hi: int
    text: str


def can(passages: Passages, sources: Iterable[Place], targets: Iterable[Place], service: Service | None = None) -> list[Passage]:
    """Return what passes from any source to any target, cut to the service when one is given."""
    ends = list(targets)
    found = [passage for source in sources for target in ends if source != target for passage in passages.between(source, target)]
    return found if service is None else [cut for passage in found if (cut := _cut(passage, (service.lo, service.hi))).boxes]


def passes_whole(found: Iterable[Passage], service: Service) -> bool:
    """Tell whether every packet of the service passes, for some source and destination."""
    edge = service.lo
    for lo, hi in sorted((box.l4_lo, box.l4_hi) for passage in found for box in passage.boxes):
        if lo > edge:
            break
        edge = max(edge, hi)
    return edge >= service.hi


def who_can_reach(passages: Passages, targets: Iterable[Side], service: Service) -> list[Passage]:
    """Return everything that reaches the service at one of the targets: endpoints with a path, and the world outside."""
    ends = list(targets)
    sources: list[Place] = [*_neighbours(passages, ends), INTERNET]
    return can(passages, sources, ends, service)


def _neighbours(passages: Passages, targets: list[Side]) -> Iterator[Side]:
    """Yield the sides from whose segments a packet may get to a target at all."""
    paths = passages.paths
    wanted = {target.segment for target in targets}
    public = any(True for target in targets for _ in passages.doors(target))
    for segment, members in paths.on_segment.items():
        reach = paths.reach((segment,))
        handed = {place for place, _, _ in reach.handed}
        if wanted & (reach.delivered.keys() | handed) or (public and passages.leaving(reach)):
            yield from group(passages.fabric, members.tolist())


def _cut(passage: Passage, l4: Interval) -> Passage:
    boxes = (box._replace(l4_lo=max(box.l4_lo, l4[0]), l4_hi=min(box.l4_hi, l4[1])) for box in passage.boxes)
    return replace(passage, boxes=tuple(box for box in boxes if box.l4_lo < box.l4_hi))


def sentences(passage: Passage) -> list[str]:
    """Render the boxes of a passage: ``tcp/443 from 10.0.0.0/24 to 10.0.1.12``, boxes of equal addresses in one line."""
    lines: dict[tuple[str, str], list[str]] = {}
    for box in passage.boxes:
        lines.setdefault((addresses(box.sources), addresses(box.destinations)), []).extend(format_l4(box.l4_lo, box.l4_hi))
    return [f"{', '.join(services)} from {source} to {target}" for (source, target), services in lines.items()]


def addresses(ranges: Ranges) -> str:
    """Render addresses as minimal ranges; the internet by its name and not by its two hundred prefixes."""
    outside = tuple(span for span in INTERNET.ranges if any(span[0] == family for family, _, _ in ranges))
    rest = difference(ranges, outside) if covers(ranges, outside) else ranges
    named = [] if rest is ranges else [INTERNET.name]
    return ", ".join([*named, *(format_peers(*points(span)) for span in rest)])
