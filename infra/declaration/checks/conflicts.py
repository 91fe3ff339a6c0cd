"""Checks between flows: nothing is allowed twice, and no flow says something else than another one about the same packets."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from datetime import date
from itertools import product
from typing import TYPE_CHECKING

from infra.declaration import addresses
from infra.declaration.checks.flows import resolvable
from infra.declaration.yaml.source import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Flow, Network, PortRange, Protocol


def ports_once(draft: Draft) -> Iterator[Mistake]:
    """One flow that names a port twice."""
    for name, flow in draft.flows.items():
        taken = _Taken()
        for index, ports in enumerate(flow.ports):
            if (known := taken.by(ports)) is not None:
                what = f"the ports overlap {flow.ports[int(known)]} in the same flow"
                yield Mistake(("flows", name, "ports", index), what, "each port once", str(ports))
            else:
                taken.add(ports, str(index))


def duplicates(draft: Draft) -> Iterator[Mistake]:
    """Two flows between the same ends with packets in common; each flow is held against the first such one before it."""
    groups: dict[tuple[str, str, Protocol], _Packets] = defaultdict(_Packets)
    for two, second in draft.flows.items():
        one = groups[second.source, second.destination, second.protocol].first_with(two, second)
        if one is None:
            continue
        first = draft.flows[one]
        if _terms(first) == _terms(second):
            what, hint = f"the flow allows again what flow {one} allows", "keep one of the two, or write their ports apart"
        else:
            what, hint = f"the flow contradicts flow {one}", f"their owners or expiries differ: {one} has {_said(first)}"
        yield Mistake(("flows", two), what, "packets that no other flow allows", _said(second), hint)


class _Taken:
    """Port ranges that are taken, disjoint and sorted, and by whom."""

    def __init__(self) -> None:
        self._first: list[int] = []
        self._entries: list[tuple[PortRange, str]] = []

    def by(self, ports: PortRange) -> str | None:
        """Return who has a port of a range already."""
        at = bisect_right(self._first, ports.last)
        if at and self._entries[at - 1][0].overlaps(ports):
            return self._entries[at - 1][1]
        return None

    def add(self, ports: PortRange, owner: str) -> None:
        """Take a range that nobody has."""
        at = bisect_right(self._first, ports.first)
        self._first.insert(at, ports.first)
        self._entries.insert(at, (ports, owner))


class _Packets:
    """What the flows between two ends with one protocol let pass, and which flow lets it pass."""

    def __init__(self) -> None:
        self._ports = _Taken()
        self._types: dict[int | None, dict[int | None, str]] = defaultdict(dict)

    def first_with(self, name: str, flow: Flow) -> str | None:
        """Return a flow that lets some of the same packets pass, and note this one when there is none."""
        found = self._by_ports(name, flow) if flow.protocol.has_ports else self._by_type(flow)
        if found is None and not flow.protocol.has_ports:
            kind, code = (flow.icmp.type, flow.icmp.code) if flow.icmp else (None, None)
            self._types[kind][code] = name
        return found

    def _by_ports(self, name: str, flow: Flow) -> str | None:
        found = next((owner for ports in flow.ports if (owner := self._ports.by(ports)) not in {None, name}), None)
        for ports in flow.ports:
            if self._ports.by(ports) is None:
                self._ports.add(ports, name)
        return found

    def _by_type(self, flow: Flow) -> str | None:
        if flow.icmp is None:
            return next((name for codes in self._types.values() for name in codes.values()), None)
        for kind in (None, flow.icmp.type):
            for code in self._types.get(kind, {}) if flow.icmp.code is None else (None, flow.icmp.code):
                if code in self._types.get(kind, {}):
                    return self._types[kind][code]
        return None


def contradictions(draft: Draft) -> Iterator[Mistake]:
    """A flow with an expiry that means nothing, because a wider flow goes on allowing the same packets."""
    known = {name: flow for name, flow in draft.flows.items() if resolvable(draft, flow)}
    ending = ((name, flow) for name, flow in known.items() if flow.expires is not None)
    for (one, narrow), (other, wide) in product(ending, known.items()):
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
