"""Checks of the platform: what the operator owns once per cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import names, reserved
from infra.declaration.checks import breadth
from infra.declaration.yaml.source import Mistake, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.declaration.model import Network, Platform


BACKBONE_LONGEST = 29
"""Longest prefix of the backbone: it still has room for three routers of tenants."""


def regions(platform: Platform) -> Iterator[Mistake]:
    """The platform's own region is one of the allowed ones."""
    if platform.region not in platform.allowed_regions:
        yield Mistake(("region",), "the region is not allowed", one_of(platform.allowed_regions, otherwise="a region"), platform.region)


def management_prefixes(platform: Platform) -> Iterator[Mistake]:
    """Backbone and pool can be routed, and are apart."""
    backbone, pool = platform.backbone.cidr, platform.pool.cidr
    for key, network in (("backbone", backbone), ("pool", pool)):
        if use := reserved.use_of(network):
            yield Mistake((key, "cidr"), "the prefix is reserved", "private addresses (RFC 1918)", f"{network}: {use}")
    if backbone.overlaps(pool):
        yield Mistake(("pool", "cidr"), "the pool overlaps the backbone", f"addresses outside {backbone}", str(pool))


def pool_size(platform: Platform) -> Iterator[Mistake]:
    """The pool has room for subnets of the size it gives out."""
    if platform.pool.prefix <= platform.pool.cidr.prefixlen:
        expected = f"more than the pool's own /{platform.pool.cidr.prefixlen}"
        yield Mistake(("pool", "prefix"), "the pool has no room for its subnets", expected, f"/{platform.pool.prefix}")


def backbone_hosts(platform: Platform) -> Iterator[Mistake]:
    """The backbone has room for router, bastion and a tenant, and router and bastion have addresses of their own on it."""
    backbone = platform.backbone
    if backbone.cidr.prefixlen > BACKBONE_LONGEST:
        expected = f"a prefix length of /{BACKBONE_LONGEST} or less: routers, bastion and one address for each tenant"
        yield Mistake(("backbone", "cidr"), "the backbone has no room for its routers", expected, str(backbone.cidr))
        return
    last = backbone.cidr.num_addresses - 2
    for key, number in (("router", backbone.router), ("bastion", backbone.bastion)):
        if number > last:
            what = "the backbone has no such host number"
            yield Mistake(("backbone", key), what, f"1 to {last} in {backbone.cidr}", str(number))
    if backbone.router == backbone.bastion:
        what = "the router has this host number already"
        yield Mistake(("backbone", "bastion"), what, "a number of its own", str(backbone.bastion))


def external_network(platform: Platform) -> Iterator[Mistake]:
    """The cloud's network towards the outside is none of those that the platform makes."""
    own = {names.BACKBONE, names.BASTION, names.MANAGEMENT_POOL} | ({names.SERVICES} if platform.services else set())
    if platform.external_network in own:
        what = "the platform makes a thing of this name itself"
        yield Mistake(("external_network",), what, "the cloud's network towards the outside", platform.external_network)


def bastion_allowed_from(platform: Platform) -> Iterator[Mistake]:
    """The only SSH entry point is not open to everybody, neither by one prefix nor by all of them together."""
    what, allowed = "the bastion would be open to everybody", platform.bastion.allowed_from
    wide = [index for index, network in enumerate(allowed) if network.prefixlen < breadth.SHORTEST[network.version]]
    for index in wide:
        expected = f"where operators are: a prefix length of /{breadth.SHORTEST[allowed[index].version]} or more"
        yield Mistake(("bastion", "allowed_from", index), what, expected, str(allowed[index]))
    if not wide and (share := breadth.too_much(allowed)):
        expected = f"where operators are: together at most {breadth.MOST[4]} public addresses, as many as in a /{breadth.SHORTEST[4]}"
        yield Mistake(("bastion", "allowed_from"), what, expected, f"{len(allowed)} prefixes with {share}")
    elif not wide:
        yield from _odd_ranges(allowed)


def _odd_ranges(allowed: Sequence[Network]) -> Iterator[Mistake]:
    """Prefixes that no operator comes from, and rules that Neutron would refuse as a second one of the same."""
    for index, network in enumerate(allowed):
        if use := reserved.use_of(network):
            expected = "where operators are: addresses that can be routed"
            yield Mistake(("bastion", "allowed_from", index), "the prefix is reserved", expected, f"{network}: {use}")
        elif network in allowed[:index]:
            yield Mistake(("bastion", "allowed_from", index), "the prefix is listed twice", "each prefix once", str(network))


def default_type_is_encrypted(platform: Platform) -> Iterator[Mistake]:
    """The type that tenants get without asking encrypts."""
    name, encrypted = platform.default_volume_type, platform.encrypted_types()
    if name not in encrypted:
        what = "the volume type does not encrypt" if name in platform.volume_types else "unknown volume type"
        expected = one_of(sorted(encrypted), otherwise="a volume type with encryption")
        yield Mistake(("default_volume_type",), what, expected, name)
