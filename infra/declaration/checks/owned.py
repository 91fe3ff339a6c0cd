"""Checks of the platform: what the operator owns once per cloud."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import breadth, reserved
from infra.declaration.source import Mistake, one_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import Platform


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
    """Router and bastion have addresses of their own on the backbone."""
    last = platform.backbone.cidr.num_addresses - 2
    for key, number in (("router", platform.backbone.router), ("bastion", platform.backbone.bastion)):
        if number > last:
            what = "the backbone has no such host number"
            yield Mistake(("backbone", key), what, f"1 to {last} in {platform.backbone.cidr}", str(number))
    if platform.backbone.router == platform.backbone.bastion:
        what = "the router has this host number already"
        yield Mistake(("backbone", "bastion"), what, "a number of its own", str(platform.backbone.bastion))


def bastion_entrance(platform: Platform) -> Iterator[Mistake]:
    """The only SSH entrance is not open to everybody."""
    what, whole = "the bastion would be open to everybody", True
    for index, network in enumerate(platform.bastion.allowed_from):
        if network.prefixlen < breadth.SHORTEST[network.version]:
            expected = f"where operators are: a prefix length of /{breadth.SHORTEST[network.version]} or more"
            yield Mistake(("bastion", "allowed_from", index), what, expected, str(network))
            whole = False
    if whole and (share := breadth.too_much(platform.bastion.allowed_from)):
        expected = f"where operators are: together at most {breadth.MOST[4]} public addresses, as many as in a /{breadth.SHORTEST[4]}"
        got = f"{len(platform.bastion.allowed_from)} prefixes with {share}"
        yield Mistake(("bastion", "allowed_from"), what, expected, got)


def default_type_is_encrypted(platform: Platform) -> Iterator[Mistake]:
    """The type that tenants get without asking encrypts."""
    name, encrypted = platform.default_volume_type, platform.encrypted_types()
    if name not in encrypted:
        what = "the volume type does not encrypt" if name in platform.volume_types else "unknown volume type"
        expected = one_of(sorted(encrypted), otherwise="a volume type with encryption")
        yield Mistake(("default_volume_type",), what, expected, name)
