"""Checks between flows: nothing is allowed twice, and no flow says something else than another one about the same packets."""

from __future__ import annotations

from datetime import date
from itertools import combinations, permutations
from typing import TYPE_CHECKING

from infra.declaration import addresses
from infra.declaration.checks.flows import resolvable
from infra.declaration.source import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Flow, Network


def ports_once(draft: Draft) -> Iterator[Mistake]:
    """One flow that names a port twice."""
    for name, flow in draft.flows.items():
        for (_, one), (index, two) in combinations(enumerate(flow.ports), 2):
            if one.overlaps(two):
                yield Mistake(("flows", name, "ports", index), f"the ports overlap {one} in the same flow", "each port once", str(two))


def duplicates(draft: Draft) -> Iterator[Mistake]:
    """Two flows between the same ends with packets in common."""
    for (one, first), (two, second) in combinations(draft.flows.items(), 2):
        if (first.source, first.destination) != (second.source, second.destination) or not _overlap(first, second):
            continue
        if _terms(first) == _terms(second):
            what, hint = f"the flow allows again what flow {one} allows", "keep one of the two, or write their ports apart"
        else:
            what, hint = f"the flow contradicts flow {one}", f"their owners or expiries differ: {one} has {_said(first)}"
        yield Mistake(("flows", two), what, "packets that no other flow allows", _said(second), hint)


def contradictions(draft: Draft) -> Iterator[Mistake]:
    """A flow with an expiry that means nothing, because a wider flow goes on allowing the same packets."""
    known = {name: flow for name, flow in draft.flows.items() if resolvable(draft, flow)}
    for (one, narrow), (other, wide) in permutations(known.items(), 2):
        same_ends = (narrow.source, narrow.destination) == (wide.source, wide.destination)  # these are duplicates' business
        if not same_ends and _last_day(narrow) < _last_day(wide) and _covers(draft, wide, narrow):
            until = f"until {wide.expires}" if wide.expires else "for good"
            what = f"the expiry contradicts flow {other}, which allows the same packets {until}"
            expected = "an expiry that ends something"
            yield Mistake(("flows", one, "expires"), what, expected, str(narrow.expires), f"narrow flow {other}, or remove this one")


def _terms(flow: Flow) -> tuple[str, date | None]:
    return flow.owner, flow.expires


def _said(flow: Flow) -> str:
    return f"owner {flow.owner}, {f'expires {flow.expires}' if flow.expires else 'no expiry'}"


def _last_day(flow: Flow) -> date:
    return flow.expires or date.max


def _overlap(one: Flow, two: Flow) -> bool:
    """Whether two flows have packets in common, their ends apart."""
    if one.protocol != two.protocol:
        return False
    if one.protocol.has_ports:
        return any(first.overlaps(second) for first in one.ports for second in two.ports)
    if one.icmp is None or two.icmp is None:
        return True
    return one.icmp.type == two.icmp.type and (None in {one.icmp.code, two.icmp.code} or one.icmp.code == two.icmp.code)


def _covers(draft: Draft, wide: Flow, narrow: Flow) -> bool:
    """Whether every packet of one flow is one of the other's too."""
    return (
        wide.protocol == narrow.protocol
        and _covers_packets(wide, narrow)
        and _covers_end(draft, wide.source, narrow.source)
        and _covers_end(draft, wide.destination, narrow.destination)
    )


def _covers_packets(wide: Flow, narrow: Flow) -> bool:
    if wide.protocol.has_ports:
        return all(any(big.first <= ports.first and ports.last <= big.last for big in wide.ports) for ports in narrow.ports)
    if wide.icmp is None or narrow.icmp is None:
        return wide.icmp is None
    return wide.icmp.type == narrow.icmp.type and wide.icmp.code in {None, narrow.icmp.code}


def _covers_end(draft: Draft, wide: str, narrow: str) -> bool:
    """Whether an endpoint holds another one. ``internet`` holds externals, but never what is inside the tenant."""
    kinds = [addresses.kind(draft, end) for end in (wide, narrow)]
    if any(kind is None for kind in kinds) or len({kind.is_inside for kind in kinds if kind}) > 1:
        return False
    holders = addresses.endpoint(draft, wide)
    return all(any(_within(network, holder) for holder in holders) for network in addresses.endpoint(draft, narrow))


def _within(network: Network, holder: Network) -> bool:
    same = network.version == holder.version
    return same and holder.prefixlen <= network.prefixlen and holder.overlaps(network)
