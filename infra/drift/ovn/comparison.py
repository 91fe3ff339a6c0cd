"""What OVN has to hold of each party, as requirements: the same as those of the APIs, with the same outcomes. Pure.

Neutron writes its record first and OVN's row a moment later, and its maintenance repairs what is lost. So whoever asks, asks twice, and
what differs by both answers stands.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.drift.comparison import settled
from infra.drift.ovn import groups, routers, switches
from infra.drift.ovn.northbound import switch_name
from infra.drift.ovn.objects import Sight
from infra.drift.scope import Whole, platform_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from infra.drift.comparison import Requirement
    from infra.drift.environment import Environment
    from infra.drift.found import Found
    from infra.drift.ovn.northbound import Northbound, Row
    from infra.drift.scope import Scope
    from infra.outcome import Deviation, Outcome

REQUIREMENTS: Mapping[str, Callable[[Sight], Iterator[Deviation]]] = {
    "OVN drops what no rule allows": groups.drops,
    "ACLs in OVN are the rules of its groups": groups.rules,
    "port groups in OVN have the ports of its groups": groups.members,
    "no other port group in OVN has its ports": groups.strange_groups,
    "address sets in OVN hold its address groups' prefixes": groups.address_sets,
    "switches in OVN have its networks' ports": switches.switches,
    "ports in OVN may send and get what Neutron says": switches.ports,
    "routers in OVN have its routers' ports and routes": routers.routers,
    "translations in OVN are those of gateways and floating IPs": routers.translations,
    "no neighbour of its routers is written down in OVN": routers.bindings,
}


def requirements(environment: Environment, found: Found, ovn: Northbound) -> Iterator[Requirement]:
    """Yield every requirement about the platform and the tenants, from one listing of Neutron's records and one of OVN's."""
    whole, ports = Whole.of(found, environment.made.values()), cache(partial(_ports, found, ovn))
    yield from _of(names.PLATFORM, platform_scope(environment, whole), ovn, ports)
    for tenant in environment.tenants:
        yield from _of(tenant.name, tenant_scope(environment, tenant, whole), ovn, ports)


def _of(who: str, scope: Scope, ovn: Northbound, ports: Callable[[], dict[str, Row]]) -> Iterator[Requirement]:
    sight = Sight(scope, ovn, ports)
    yield from settled(who, {what: compare(sight) for what, compare in REQUIREMENTS.items()}, scope.whole)


def _ports(found: Found, ovn: Northbound) -> dict[str, Row]:
    """Return OVN's row of every port of Neutron's, out of the switch of its network: one of the same name elsewhere is another's."""
    networks = {str(port["id"]): str(port["network_id"]) for port in found.ports}
    ports = {}
    for network in dict.fromkeys(networks.values()):
        for switch in ovn.called("Logical_Switch", switch_name(network)):
            for row in ovn.of_row(switch, "ports", "Logical_Switch_Port"):
                if networks.get(str(row.get("name"))) == network:
                    ports[str(row["name"])] = row
    return ports


def compare_twice(
    environment: Environment, found: Found, ovn: Northbound, again: Callable[[], tuple[Found, Northbound]]
) -> Iterator[Outcome]:
    """Compare; if anything differs, list both anew, and let stand what differs by both."""
    before = list(requirements(environment, found, ovn))
    if not any(requirement.deviations or requirement.error for requirement in before):
        return (requirement.outcome() for requirement in before)
    later = requirements(environment, *again())
    return (first.standing(second).outcome() for first, second in zip(before, later, strict=True))
