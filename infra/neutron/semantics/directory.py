"""Names that people use, and the endpoints they mean: ``internet``, ``acme``, ``acme/web``, ``acme/app``, ``acme/web/app``, ``10.0.0.11``.

Names of servers and networks may be written as in the declaration (``web``) or as in the cloud (``acme-web``). Whatever a verb prints as
the name of an end is a name here too: ``acme/acme-web-app``, ``acme/acme-web-app and 2 alike``, ``acme on acme-app``.
"""

from __future__ import annotations

import re
from collections import defaultdict
from difflib import get_close_matches
from ipaddress import ip_network
from typing import TYPE_CHECKING

from infra.errors import QuestionError
from infra.neutron.semantics.compile import endpoint_ports
from infra.queries.sides import INTERNET, OUTSIDE, World, group
from infra.ranges import Range, intersection

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Set as AbstractSet

    from infra.neutron.snapshot import Snapshot
    from infra.queries.sides import Place
    from infra.reachability.fabric import Fabric


_ALIKE = re.compile(r"(.*) and ([0-9]+) alike", re.DOTALL)
"""What several endpoints are called together (:func:`infra.queries.sides.group`)."""


class Directory:
    """The names of one snapshot, ready to be looked up."""

    def __init__(self, snapshot: Snapshot, fabric: Fabric) -> None:
        """Index every endpoint under the names it goes by."""
        self._fabric = fabric
        self._parts: dict[str, set[int]] = defaultdict(set)
        servers = {server.id: server.name for server in snapshot.servers}
        networks = {network.id: network.name for network in snapshot.networks}
        names = [party.name for party in fabric.parties]
        for endpoint, port in enumerate(endpoint_ports(snapshot)):
            party = names[int(fabric.endpoints.party[endpoint])]
            server, network = servers.get(port.device_id, ""), networks[port.network_id]
            self._parts[party].add(endpoint)
            segment = fabric.segments[int(fabric.endpoints.segment[endpoint])].name
            for text in filter(None, (port.id, port.name, f"{party} on {segment}")):
                self._parts[text].add(endpoint)
            for end in filter(None, _short(party, server)):
                self._parts[f"{party}/{end}"].add(endpoint)
                for place in _short(party, network):
                    self._parts[f"{party}/{end}/{place}"].add(endpoint)
            for place in _short(party, network):
                self._parts[f"{party}/{place}"].add(endpoint)

    def find(self, text: str) -> tuple[Place, ...]:
        """Return what a text means.

        An address or prefix means the endpoints that have it, in every tenant; nobody's address is an address outside.

        Raises:
            QuestionError: nothing goes by that name; the message lists the nearest names.
        """
        if text in OUTSIDE:
            return (INTERNET,)
        if named := self._named(text):
            return group(self._fabric, sorted(named))
        if alike := self._alike(text):
            return alike
        party, _, rest = text.rpartition("/")
        span = _range(text)
        if span is not None:
            return self._having(span, range(len(self._fabric.endpoints))) or (World(text, (span,)),)
        inner = _range(rest)
        if party in self._parts and inner is not None:
            found = self._having(inner, sorted(self._parts[party]))
            if found:
                return found
        near = ", ".join(get_close_matches(text, self._parts, n=3, cutoff=0.5))
        raise QuestionError.of(
            "nothing goes by this name",
            where=text,
            expected="internet, TENANT, TENANT/SERVER, TENANT/ZONE, TENANT/SERVER/ZONE, an address or a prefix",
            hint=f"nearest: {near}" if near else "",
        )

    def _named(self, text: str) -> AbstractSet[int]:
        """Return the endpoints that go by a name, or by a party and a name of their own: ``acme/acme-web-app``."""
        if text in self._parts:
            return self._parts[text]
        cuts = (found.start() for found in re.finditer("/", text))
        both = (self._parts.get(text[:cut], set()) & self._parts.get(text[cut + 1 :], set()) for cut in cuts)
        return next(filter(None, both), frozenset())

    def _alike(self, text: str) -> tuple[Place, ...]:
        """Return the endpoints that go by one name because nothing tells them apart, as other verbs print them; none for other texts."""
        several = _ALIKE.fullmatch(text)
        firsts = self._named(several[1]) if several else frozenset[int]()
        sides = group(self._fabric, range(len(self._fabric.endpoints))) if firsts else ()
        return tuple(side for side in sides if several and firsts & set(side.members) and len(side.members) == int(several[2]) + 1)

    def _having(self, span: Range, endpoints: Iterable[int]) -> tuple[Place, ...]:
        builder = self._fabric.builder
        return group(self._fabric, (endpoint for endpoint in endpoints if intersection((span,), builder.targets(endpoint))))


def _short(party: str, name: str) -> tuple[str, ...]:
    """Return a name as the cloud has it and, where it begins with the tenant's, as the declaration has it."""
    prefix = f"{party}-"
    return (name, name.removeprefix(prefix)) if name.startswith(prefix) else (name,)


def _range(text: str) -> Range | None:
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return network.version, int(network.network_address), int(network.broadcast_address)
