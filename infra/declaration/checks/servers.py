"""Checks of servers: their places in the zones, their public address and their disks."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import count
from typing import TYPE_CHECKING

from infra.declaration import addresses
from infra.declaration.checks.flows import MOST_HINTS
from infra.declaration.checks.zones import has_sensible_size
from infra.declaration.yaml.source import Mistake, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft, OnPlatform
    from infra.declaration.model import Network


def known_zones(draft: Draft) -> Iterator[Mistake]:
    """Zones that nobody declared."""
    written = sorted(draft.written["zones"])
    hints = count()
    for server, entry in draft.servers.items() if draft.names_known else ():
        for zone in entry.zones:
            if zone not in written:
                close = get_close_matches(zone, written, n=1) if next(hints) < MOST_HINTS else []
                hint = f"did you mean {close[0]}?" if close else "declare the zone under zones"
                yield Mistake(
                    ("servers", server, "zones", zone), "unknown zone", one_of(written, otherwise="a zone of the tenant"), zone, hint
                )


def host_numbers(draft: Draft) -> Iterator[Mistake]:
    """Host numbers that a zone has no address for; the gateway's number is refused by the model already."""
    for server, entry in draft.servers.items():
        for zone, number in entry.zones.items():
            for network in draft.zones[zone].networks if zone in draft.zones else ():
                last = _last_host(network)
                if number > last and has_sensible_size(network):
                    what = f"zone {zone} has no such host number"
                    yield Mistake(("servers", server, "zones", zone), what, f"2 to {last} in {network}", str(number))


def one_address_each(draft: Draft) -> Iterator[Mistake]:
    """Two servers with the same address."""
    taken: dict[tuple[str, int], str] = {}
    for server, entry in draft.servers.items():
        for place in entry.zones.items():
            if place in taken:
                what = f"server {taken[place]} has this host number already"
                yield Mistake(("servers", server, "zones", place[0]), what, f"a number that is free in zone {place[0]}", str(place[1]))
            taken.setdefault(place, server)


def management_nics(draft: OnPlatform) -> Iterator[Mistake]:
    """More servers than the tenant's management subnet has addresses for: each has a NIC in it that is not declared."""
    most = addresses.most_servers(draft.platform)
    for server in draft.in_order[most : most + 1]:
        expected = f"at most {most}: the platform gives each tenant a /{draft.platform.pool.prefix} for management"
        hint = "share the servers out to two tenants, or have the operator choose a shorter pool.prefix in Pulumi.platform.yaml"
        yield Mistake(
            ("servers", server), "the management network has no address for this server", expected, f"{len(draft.in_order)} servers", hint
        )


def public_zone(draft: Draft) -> Iterator[Mistake]:
    """A public address reaches a NIC; the answers leave by the default route, which is the first zone's."""
    for server, entry in draft.servers.items():
        first = next(iter(entry.zones))
        if entry.public is not None and entry.public != first:
            inside = entry.public in entry.zones
            what = "the public address is not in the server's first zone" if inside else "the server is not in this zone"
            hint = f"write {entry.public} first under zones" if inside else ""
            yield Mistake(("servers", server, "public"), what, first, entry.public, hint)


def encrypted_disks(draft: OnPlatform) -> Iterator[Mistake]:
    """Volume types that the platform does not have, or that store plain text."""
    encrypted = draft.platform.encrypted_types()
    for server, entry in draft.servers.items():
        if entry.volume_type is not None and entry.volume_type not in encrypted:
            known = entry.volume_type in draft.platform.volume_types
            what = "the volume type does not encrypt" if known else "unknown volume type"
            expected = one_of(sorted(encrypted), otherwise="a type with encryption; the platform has none")
            yield Mistake(("servers", server, "volume_type"), what, expected, entry.volume_type)


def _last_host(network: Network) -> int:
    """Return the highest host number that a server may have: IPv4 keeps its last address for broadcasts."""
    spare = 1 if network.version == addresses.EVERYTHING[0].version else 0
    return int(network.num_addresses - 1 - spare)
