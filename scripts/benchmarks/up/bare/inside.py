"""What the tenant owns in Neutron: zones, groups and the ports of its servers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.up.bare.site import tagged
from infra.declaration import addresses, names
from infra.render.security_groups import EVERY_CODE, address_groups, security_groups

if TYPE_CHECKING:
    from collections.abc import Mapping
    from concurrent.futures import Future

    from openstack.connection import Connection

    from benchmarks.up.bare.fence import Segment
    from benchmarks.up.bare.site import Site
    from infra.policy.rules import Nic
    from infra.render.security_groups import SecurityGroup, SecurityRule

ICMP = {"icmp", "ipv6-icmp"}
Groups = dict[str, str]
"""Ids of security groups by the policy's keys."""


class Zone:
    """A zone's network and subnets; ``connected`` is done when the edge router is plugged in."""

    def __init__(self, site: Site, mine: Connection, name: str, edge: Future[str]) -> None:
        """Make them, and plug the edge router in as soon as there is one."""
        zone, tags = site.tenant.zones[name], site.tags(name)
        title = names.network(site.name, name)
        self.network_id = tagged(mine, mine.network.create_network(name=title, is_port_security_enabled=True), tags).id
        self.subnet_ids: list[str] = []
        for prefix, gateway in zip(zone.networks, addresses.gateway(zone), strict=True):
            subnet = mine.network.create_subnet(
                name=names.subnet(site.name, name, prefix.version),
                network_id=self.network_id,
                cidr=str(prefix),
                ip_version=prefix.version,
                gateway_ip=str(gateway),
                is_dhcp_enabled=False,
            )
            self.subnet_ids.append(tagged(mine, subnet, tags).id)
        self.connected = site.start(self._connect, site, edge)

    def _connect(self, site: Site, edge: Future[str]) -> None:
        for subnet_id in self.subnet_ids:
            site.admin.network.add_interface_to_router(edge.result(), subnet=subnet_id)


def groups(site: Site, mine: Connection) -> Groups:
    """Make all groups at once, address groups before them."""
    sets = {
        one.name: mine.network.create_address_group(name=one.name, description=one.description, addresses=list(one.prefixes)).id
        for one in address_groups(site.policy)
    }
    begun = {one.key: site.start(_group, site, mine, one, sets) for one in security_groups(site.policy)}
    return {key: made.result() for key, made in begun.items()}


def _group(site: Site, mine: Connection, wanted: SecurityGroup, sets: Mapping[str, str]) -> str:
    """Make one group: without the rules that Neutron gives it, with its own in one request."""
    group = mine.network.create_security_group(name=wanted.name, description=wanted.description)
    for rule in group.security_group_rules:
        mine.network.delete_security_group_rule(rule["id"])
    rules = []
    for one in wanted.rules:
        peers = {"remote_address_group_id": sets[one.address_group]} if one.address_group else {}
        rules.append({"security_group_id": group.id, **_arguments(one), **peers})
    if rules:
        list(mine.network.create_security_group_rules(rules))
    return str(tagged(mine, group, site.tags()).id)


def _arguments(rule: SecurityRule) -> dict[str, Any]:
    """Return a rule's fields without the 0 that only means "every code" because the provider leaves it out."""
    every_code = rule.arguments["protocol"] in ICMP and rule.arguments.get("port_range_max") == EVERY_CODE
    return {key: value for key, value in rule.arguments.items() if not (every_code and key == "port_range_max")}


def zone_port(site: Site, mine: Connection, nic: Nic, zone: Zone, group_ids: Groups) -> Any:  # noqa: ANN401 - Neutron's port
    """Plug a server's NIC into its zone, with its fixed addresses and groups."""
    wanted = addresses.server_addresses(site.tenant, nic.server, nic.zone)
    fixed = [{"subnet_id": subnet, "ip_address": str(address)} for subnet, address in zip(zone.subnet_ids, wanted, strict=True)]
    port = mine.network.create_port(
        name=names.port(site.name, nic.server, nic.zone),
        network_id=zone.network_id,
        fixed_ips=fixed,
        security_group_ids=[group_ids[key] for key in nic.groups],
        is_port_security_enabled=True,
    )
    return tagged(mine, port, site.tags(nic.zone))


def management_port(site: Site, mine: Connection, server: str, segment: Segment, group_ids: Groups) -> Any:  # noqa: ANN401 - Neutron's port
    """Plug a server into the management segment."""
    port = mine.network.create_port(
        name=names.management_port(site.name, server),
        network_id=segment.network_id,
        fixed_ips=[{"subnet_id": segment.subnet_id}],
        security_group_ids=[group_ids[names.MANAGEMENT]],
    )
    return tagged(mine, port, site.tags())
