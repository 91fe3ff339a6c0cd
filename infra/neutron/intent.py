"""What the declarations allow on every network card, in the words of the fabric: the other side of the claim ``declared``.

It is made from the flows by themselves, not from the groups that they are rendered to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import names
from infra.policy.flows import expand
from infra.policy.isolation import Card, Declared, Intent
from infra.policy.isolation.fabric import Direction, Origin
from infra.policy.packets.axes import l4_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.loader import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.policy.rules import Rule


def declared_intent(platform: Platform, tenants: Iterable[TenantDeclaration]) -> Intent:
    """Return everything that the declarations allow, card by card; projects and ports go by their names."""
    listed = list(tenants)
    cards = tuple(card for declaration in listed for card in _cards(platform, declaration))
    return Intent(frozenset(names.project(declaration.tenant.name) for declaration in listed), cards)


def _cards(platform: Platform, declaration: TenantDeclaration) -> Iterator[Card]:
    tenant = declaration.tenant.name
    project = names.project(tenant)
    policy = expand(declaration, platform)
    for nic in policy.nics:
        yield Card(project, names.port(tenant, nic.server, nic.zone), tuple(map(_declared, policy.nic_rules(nic))))
    management = tuple(map(_declared, policy.groups[names.MANAGEMENT].rules))
    for server in declaration.tenant.servers:
        yield Card(project, names.management_port(tenant, server), management)


def _declared(rule: Rule) -> Declared:
    origin = rule.origin
    lo, hi = l4_interval(rule.match.protocol.number, rule.match.first, rule.match.last)
    peer = (rule.peer.version, int(rule.peer.network_address), int(rule.peer.broadcast_address))
    where = Origin("", "", str(rule.match), origin.flow, origin.owner, origin.reason, origin.file, origin.line)
    return Declared(Direction(rule.direction.value), peer, lo, hi, where)
