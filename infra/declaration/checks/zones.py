"""Checks of places: the region, the zones' prefixes and the externals'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import reserved
from infra.declaration.checks import breadth
from infra.declaration.yaml.source import Mistake, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from infra.declaration.draft import Draft, OnPlatform
    from infra.declaration.model import Network
    from infra.declaration.yaml.source import KeyPath

ZONE_LENGTHS = {4: range(16, 30), 6: range(56, 125)}
"""Prefix lengths of a zone: the longest one still has room for the network, a gateway, servers and a broadcast address."""
EVERYBODY = "for everybody outside, a flow names internet"


def region(draft: OnPlatform) -> Iterator[Mistake]:
    """Data stays where the operator allows it (ISO/IEC 27017 A.6.1.3)."""
    if draft.region is not None and draft.region not in draft.platform.allowed_regions:
        expected = one_of(draft.platform.allowed_regions, otherwise="a region")
        hint = "choose an allowed region, or have the operator allow this one in Pulumi.platform.yaml"
        yield Mistake(("region",), "the region is not allowed", expected, draft.region, hint)
    elif draft.region is not None and draft.region != draft.platform.region:
        hint = "a platform per region: another folder with its own Pulumi.platform.yaml"
        yield Mistake(("region",), "the platform is in another region, and builds there", draft.platform.region, draft.region, hint)


def sizes(draft: Draft) -> Iterator[Mistake]:
    """Zones that are too large to be one segment, or too small to hold a server."""
    for path, network in _zone_networks(draft):
        lengths = ZONE_LENGTHS[network.version]
        if not has_sensible_size(network):
            expected = f"a prefix length from /{lengths[0]} to /{lengths[-1]}"
            yield Mistake(path, "the zone has no sensible size", expected, str(network))


def has_sensible_size(network: Network) -> bool:
    """Whether a zone may be as large or as small as this."""
    return network.prefixlen in ZONE_LENGTHS[network.version]


def reserved_prefixes(draft: Draft) -> Iterator[Mistake]:
    """Prefixes whose packets no router forwards, or which mean something else."""
    for path, network in (*_zone_networks(draft), *_external_networks(draft)):
        if use := reserved.use_of(network):
            yield Mistake(
                path,
                "the prefix is reserved",
                "addresses that can be routed, such as private ones (RFC 1918, RFC 4193)",
                f"{network}: {use}",
            )


def apart_from_each_other(draft: Draft) -> Iterator[Mistake]:
    """Two zones with common addresses: the tenant's router could not tell them apart."""
    every = _zone_networks(draft)
    for first, other in breadth.nested([network for _, network in every]):
        (before, one), (path, two) = every[first], every[other]
        yield Mistake(path, f"the zone overlaps zone {before[1]}", f"addresses outside {one}", str(two))


def apart_from_management(draft: OnPlatform) -> Iterator[Mistake]:
    """Zones and externals with addresses of the management network: a packet to them would have two ways to go."""
    taken = {"the management pool": draft.platform.pool.cidr, "the management backbone": draft.platform.backbone.cidr}
    for path, network in (*_zone_networks(draft), *_external_networks(draft)):
        for owner, management in taken.items():
            if network.overlaps(management):
                yield Mistake(path, f"the prefix overlaps {owner}", f"addresses outside {management}", str(network))


def externals_are_outside(draft: Draft) -> Iterator[Mistake]:
    """An external with addresses of a zone: a flow to it would open the zone as well."""
    outside, inside = _external_networks(draft), _zone_networks(draft)
    for at, own in breadth.meeting([network for _, network in outside], [network for _, network in inside]):
        (path, network), ((_, name, _), zone) = outside[at], inside[own]
        hint = f"name the zone {name} in a flow of its own, and leave its addresses out here"
        yield Mistake(path, f"the external overlaps zone {name}", f"addresses outside {zone}", str(network), hint)


def externals_are_narrow(draft: Draft) -> Iterator[Mistake]:
    """Externals that are nobody in particular, each prefix by itself, each external as a whole, and all of them together."""
    wide = list(_wide_prefixes(draft))
    torn = {mistake.path[1] for mistake in wide}
    wide += _wide_externals({name: external.cidrs for name, external in draft.externals.items() if name not in torn})
    yield from wide
    every = [network for _, network in _external_networks(draft)]
    if not wide and (share := breadth.too_much(every, breadth.MOST_LISTS)):
        expected = f"somebody in particular: together at most as many public addresses as in {breadth.MOST_LISTS} prefixes of /8 or /16"
        yield Mistake(("externals",), "the externals together are nearly everybody", expected, share, EVERYBODY)


def externals_name_once(draft: Draft) -> Iterator[Mistake]:
    """Externals that name an address twice."""
    for name, external in draft.externals.items():
        for first, other in breadth.nested(external.cidrs):
            one, two = external.cidrs[first], external.cidrs[other]
            what = f"the prefix overlaps {one} in the same external"
            yield Mistake(("externals", name, "cidrs", other), what, "each address once", str(two))


def _wide_prefixes(draft: Draft) -> Iterator[Mistake]:
    for path, network in _external_networks(draft):
        shortest = breadth.SHORTEST[network.version]
        if network.prefixlen < shortest:
            yield Mistake(path, "the external is too wide", f"a prefix length of /{shortest} or more", str(network), EVERYBODY)


def _wide_externals(externals: Mapping[str, Sequence[Network]]) -> Iterator[Mistake]:
    for name, cidrs in externals.items():
        if share := breadth.too_much(cidrs):
            expected = "somebody in particular: together at most as many public addresses as in one prefix of /8, or /16 in IPv6"
            yield Mistake(
                ("externals", name, "cidrs"), "the external is too wide", expected, f"{len(cidrs)} prefixes with {share}", EVERYBODY
            )


def _zone_networks(draft: Draft) -> list[tuple[tuple[str, str, str], Network]]:
    keys = {4: "cidr", 6: "cidr6"}
    return [(("zones", name, keys[network.version]), network) for name, zone in draft.zones.items() for network in zone.networks]


def _external_networks(draft: Draft) -> list[tuple[KeyPath, Network]]:
    return [
        (("externals", name, "cidrs", index), network)
        for name, external in draft.externals.items()
        for index, network in enumerate(external.cidrs)
    ]
