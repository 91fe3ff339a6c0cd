"""What must hold between the parts of a declaration; every check yields all the mistakes it finds and knows no other check."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from infra.declaration.checks import conflicts, flows, naming, owned, servers, zones

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Platform
    from infra.declaration.yaml.source import Mistake

TENANT: tuple[Callable[[Draft], Iterator[Mistake]], ...] = (
    naming.reserved_words,
    naming.one_meaning_each,
    naming.one_resource_each,
    zones.region,
    zones.sizes,
    zones.reserved_prefixes,
    zones.apart_from_each_other,
    zones.apart_from_management,
    zones.externals_are_outside,
    zones.externals_are_narrow,
    zones.externals_name_once,
    servers.known_zones,
    servers.host_numbers,
    servers.one_address_each,
    servers.management_cards,
    servers.public_zone,
    servers.encrypted_disks,
    flows.known_endpoints,
    flows.not_any_to_any,
    flows.ends_differ,
    flows.protocol_parts,
    flows.icmp_parts,
    flows.common_family,
    flows.no_administration,
    conflicts.ports_once,
    conflicts.duplicates,
    conflicts.contradictions,
)

PLATFORM: tuple[Callable[[Platform], Iterator[Mistake]], ...] = (
    owned.regions,
    owned.management_prefixes,
    owned.pool_size,
    owned.backbone_hosts,
    owned.external_network,
    owned.bastion_entrance,
    owned.default_type_is_encrypted,
)


def tenant(draft: Draft) -> Iterator[Mistake]:
    """Yield every mistake between the parts of a tenant's declaration."""
    return chain.from_iterable(check(draft) for check in TENANT)


def platform(declared: Platform) -> Iterator[Mistake]:
    """Yield every mistake between the parts of the platform's declaration."""
    return chain.from_iterable(check(declared) for check in PLATFORM)
