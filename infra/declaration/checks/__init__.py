"""What must hold between the parts of a declaration; every check yields all the mistakes it finds and knows no other check."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from infra.declaration.checks import backups, conflicts, ending, flows, naming, offered, owned, servers, zones
from infra.declaration.draft import OnPlatform

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Platform
    from infra.declaration.yaml.source import Mistake

TENANT: tuple[Callable[[Draft], Iterator[Mistake]], ...] = (
    naming.reserved_words,
    naming.one_meaning_each,
    naming.one_resource_each,
    zones.sizes,
    zones.reserved_prefixes,
    zones.apart_from_each_other,
    zones.externals_are_outside,
    zones.externals_are_narrow,
    zones.externals_name_once,
    servers.known_zones,
    servers.host_numbers,
    servers.one_address_each,
    servers.public_zone,
    backups.commands,
    ending.two_people,
    flows.known_endpoints,
    flows.not_any_to_any,
    flows.ends_differ,
    flows.protocol_parts,
    flows.icmp_parts,
    flows.common_family,
    conflicts.ports_once,
    conflicts.duplicates,
    conflicts.contradictions,
)
"""What a tenant's file shows by itself."""

ON_PLATFORM: dict[Callable[[OnPlatform], Iterator[Mistake]], str] = {
    zones.region: "whether the region is allowed",
    zones.apart_from_management: "whether zones and externals keep clear of the management pool and the backbone",
    servers.management_nics: "whether the management subnet has an address for every server",
    servers.encrypted_disks: "whether the volume types encrypt",
    flows.no_administration: "whether a flow opens a management port",
}
"""What a tenant's file shows only beside the platform's, each in words."""

PLATFORM: tuple[Callable[[Platform], Iterator[Mistake]], ...] = (
    owned.regions,
    owned.management_prefixes,
    owned.pool_size,
    owned.backbone_hosts,
    owned.external_network,
    owned.bastion_allowed_from,
    owned.default_type_is_encrypted,
    offered.place,
    offered.something,
    offered.ports,
    offered.time_sources,
    offered.mirrors,
    offered.room,
    backups.platform_commands,
)


def tenant(draft: Draft) -> Iterator[Mistake]:
    """Yield every mistake between the parts of a tenant's declaration; those against the platform where the draft is beside one."""
    yield from chain.from_iterable(check(draft) for check in TENANT)
    if isinstance(draft, OnPlatform):
        yield from chain.from_iterable(check(draft) for check in ON_PLATFORM)


REMARKS: tuple[Callable[[Platform], Iterator[Mistake]], ...] = (offered.security,)
"""What somebody may well mean so, and most do not."""


def remarks(declared: Platform) -> Iterator[Mistake]:
    """Yield what is no mistake of the platform's declaration and ought to be known."""
    return chain.from_iterable(check(declared) for check in REMARKS)


def platform(declared: Platform) -> Iterator[Mistake]:
    """Yield every mistake between the parts of the platform's declaration."""
    return chain.from_iterable(check(declared) for check in PLATFORM)
