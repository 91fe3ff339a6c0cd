"""Random changes to a large synthetic cloud: leaks, each of which lets one tenant reach another."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

from benchmarks.synthetic import Shape, header, records
from infra.neutron.snapshot import Network, Port, Role, Router, SecurityGroup, Subnet, Trunk
from infra.neutron.snapshot.parts import AddressPair, FixedIp, Route, Rule, SubPort
from infra.neutron.snapshot.store import from_records, records_of

if TYPE_CHECKING:
    from random import Random

    from infra.neutron.snapshot import Record, Snapshot

LEG = "network:router_interface"
OPEN = tuple(
    Rule(direction=direction, ethertype=family, id=f"open-{direction}-{family}")
    for direction in ("ingress", "egress")
    for family in ("IPv4", "IPv6")
)
SHAPE = Shape(tenants=40, servers=6, rules=24, joined=0, public_every=4)
JOINED = Shape(tenants=40, servers=6, rules=24, joined=10, public_every=4)


@lru_cache(maxsize=2)
def base(shape: Shape) -> Snapshot:
    """Return the cloud before any change."""
    return from_records(header(), records(shape))


@dataclass
class Change:
    """A cloud under change; ``one`` and ``other`` are two of its tenants, chosen at random."""

    cloud: Snapshot
    random: Random
    one: str = ""
    other: str = ""
    added: list[Record] = field(default_factory=list)
    replaced: dict[tuple[type, str], Record] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Choose the tenants."""
        tenants = sorted(project.id for project in self.cloud.projects if project.role is Role.TENANT)
        self.one, self.other = self.random.sample(tenants, 2)

    def snapshot(self) -> Snapshot:
        """Return the changed cloud."""
        kept = [self.replaced.get((type(record), record.id), record) for record in records_of(self.cloud)]  # type: ignore[attr-defined]
        return from_records(self.cloud.header, [*kept, *self.added])

    def add(self, *new: Record) -> None:
        """Add records."""
        self.added.extend(new)

    def change(self, record: Record, **fields: object) -> None:
        """Replace fields of a record."""
        new = msgspec.structs.replace(record, **fields)
        self.replaced[type(record), record.id] = new  # type: ignore[attr-defined]

    def network(self, tenant: str) -> Network:
        """Return one of a tenant's networks that has servers."""
        used = {port.network_id for port in self.servers_of(tenant)}
        return self.random.choice([n for n in self.cloud.networks if n.project_id == tenant and n.id in used])

    def subnet(self, network: str) -> Subnet:
        """Return a network's IPv4 subnet."""
        return next(subnet for subnet in self.cloud.subnets if subnet.network_id == network and "." in subnet.cidr)

    def router(self, tenant: str) -> Router:
        """Return a tenant's router."""
        return next(router for router in self.cloud.routers if router.project_id == tenant)

    def servers_of(self, tenant: str) -> list[Port]:
        """Return the ports of a tenant's servers."""
        return [port for port in self.cloud.ports if port.project_id == tenant and not port.device_owner.startswith("network:")]

    def port(self, name: str, network: str, project: str, last: int = 250, **fields: object) -> Port:
        """Return a new port with a high host number on a network."""
        subnet = self.subnet(network)
        address = f"{subnet.cidr.rsplit('.', 1)[0]}.{last}"
        base = Port(
            id=name, network_id=network, project_id=project, name=name, fixed_ips=(FixedIp(subnet_id=subnet.id, ip_address=address),)
        )
        return msgspec.structs.replace(base, **{"device_owner": "compute:nova", **fields})

    def open_group(self, tenant: str) -> str:
        """Add a group that allows everything."""
        name = f"open-{tenant}"
        self.add(SecurityGroup(id=name, name=name, project_id=tenant, rules=OPEN))
        return name

    def card(self, tenant: str) -> Port:
        """Return a tenant's card in the shared services network."""
        own = {network.id for network in self.cloud.networks if network.project_id == tenant}
        return next(port for port in self.servers_of(tenant) if port.network_id not in own)

    def joined(self) -> None:
        """Choose two tenants that have cards in the shared services network."""
        names = {network.id: network.project_id for network in self.cloud.networks}
        found = sorted({port.project_id for port in self.cloud.ports if port.device_owner.startswith("compute") and
                        names[port.network_id] != port.project_id and port.project_id != self.platform()})  # fmt: skip
        self.one, self.other = self.random.sample(found, 2)

    def platform(self) -> str:
        """Return the platform's project."""
        return next(project.id for project in self.cloud.projects if project.role is Role.PLATFORM)


# -- leaks of topology ---------------------------------------------------------------------------------------------------------------


def fresh(c: Change, **fields: object) -> None:
    """A new network of the other behind its router, with a prefix that nobody else has, and a server on it."""
    prefix = "10.200.7"
    c.add(
        Network(id="fresh", project_id=c.other), Subnet(id="fresh-4", network_id="fresh", cidr=f"{prefix}.0/24", gateway_ip=f"{prefix}.1")
    )
    for name, host, owner, device in (("fresh-leg", 1, LEG, c.router(c.other).id), ("fresh-port", 9, "compute:nova", "")):
        fixed = (FixedIp(subnet_id="fresh-4", ip_address=f"{prefix}.{host}"),)
        port = Port(id=name, network_id="fresh", project_id=c.other, fixed_ips=fixed, device_owner=owner, device_id=device)
        c.add(port if owner == LEG else msgspec.structs.replace(port, **fields))


def foreign_leg(c: Change) -> None:
    """A tenant's router gets a leg on a network of the other's."""
    fresh(c, security_groups=(c.open_group(c.other),))
    fixed = (FixedIp(subnet_id="fresh-4", ip_address="10.200.7.250"),)
    c.add(Port(id="leg", network_id="fresh", project_id=c.one, fixed_ips=fixed, device_owner=LEG, device_id=c.router(c.one).id))


def foreign_port(c: Change) -> None:
    """A port of one tenant on the other's network."""
    c.add(c.port("spy", c.network(c.other).id, c.one, security_groups=(c.open_group(c.one),)))


def lent_port(c: Change) -> None:
    """A port of one tenant's network at the other's server."""
    server = c.servers_of(c.one)[0].device_id
    c.add(c.port("lent", c.network(c.other).id, c.other, device_id=server, security_groups=(c.open_group(c.other),)))


def subport(c: Change) -> None:
    """A subport on the other's network under a trunk of one's server."""
    c.add(c.port("sub", c.network(c.other).id, c.other, device_owner="trunk:subport", security_groups=(c.open_group(c.other),)))
    c.add(Trunk(id="trunk", port_id=c.servers_of(c.one)[0].id, sub_ports=(SubPort(port_id="sub", segmentation_id=7),)))


def extra_route(c: Change) -> None:
    """A route to a new network of the other over its router's external address."""
    fresh(c)
    hop = c.router(c.other).gateways[0].external_fixed_ips[0].ip_address or ""
    mine = c.router(c.one)
    c.change(mine, routes=(*mine.routes, Route(destination="10.200.7.0/24", nexthop=hop)))


def same_wire(c: Change) -> None:
    """Two networks with one physical network and tag."""
    for tenant in (c.one, c.other):
        c.change(c.network(tenant), provider_network_type="vlan", provider_physical_network="p", provider_segmentation_id=7)


def ipv6_only(c: Change) -> None:
    """A router with IPv6 legs on a new network of each."""
    c.add(Router(id="six", project_id=c.one))
    for number, tenant in enumerate((c.one, c.other)):
        network, subnet, prefix = f"six-{number}", f"six-{number}-6", f"fd99:{number}::"
        c.add(Network(id=network, project_id=tenant), Subnet(id=subnet, network_id=network, cidr=f"{prefix}/64", gateway_ip=f"{prefix}1"))
        for name, host, owner, device in ((f"{network}-leg", "1", LEG, "six"), (f"{network}-port", "9", "compute:nova", "")):
            fixed = (FixedIp(subnet_id=subnet, ip_address=f"{prefix}{host}"),)
            c.add(Port(id=name, network_id=network, project_id=tenant, fixed_ips=fixed, device_owner=owner, device_id=device))


def untranslated(c: Change) -> None:
    """A router that translates no more: the outside may route to the private addresses behind it."""
    fresh(c, security_groups=(c.open_group(c.other),))
    router = c.router(c.other)
    c.change(router, gateways=(msgspec.structs.replace(router.gateways[0], enable_snat=False),))


def forged_port(c: Change) -> None:
    """A port of one tenant on the other's network that calls itself a DHCP agent's (CVE-2026-50266)."""
    c.add(c.port("forged", c.network(c.other).id, c.one, device_owner="network:dhcp", device_id="dhcp-forged"))


def one_number(c: Change) -> None:
    """Two networks with one type and number of an overlay."""
    for tenant in (c.one, c.other):
        c.change(c.network(tenant), provider_network_type="vxlan", provider_segmentation_id=77)


# -- leaks of groups, in the shared services network -----------------------------------------------------------------------------------


def open_cards(c: Change) -> None:
    """Both cards in the shared network get a group that allows everything."""
    c.joined()
    for tenant in (c.one, c.other):
        card = c.card(tenant)
        c.change(card, security_groups=(*card.security_groups, c.open_group(tenant)))


def shared_group(c: Change) -> None:
    """One group with a rule for its own members is put on both tenants' cards."""
    c.joined()
    rules = tuple(Rule(direction=way, remote_group_id="club", protocol="tcp", id=f"club-{way}") for way in ("ingress", "egress"))
    c.add(SecurityGroup(id="club", name="club", project_id=c.one, shared=True, rules=rules))
    for tenant in (c.one, c.other):
        card = c.card(tenant)
        c.change(card, security_groups=(*card.security_groups, "club"))


def wide_prefix(c: Change) -> None:
    """A prefix that holds the whole shared network, on both sides."""
    c.joined()
    for tenant, way in ((c.one, "egress"), (c.other, "ingress")):
        card = c.card(tenant)
        prefix = c.subnet(card.network_id).cidr
        rule = Rule(direction="ingress" if way == "ingress" else "egress", remote_ip_prefix=prefix, protocol="tcp", port_range_min=6514,
                    port_range_max=6514, id=f"wide-{way}")  # fmt: skip
        c.add(SecurityGroup(id=f"wide-{way}", name=f"wide-{way}", project_id=tenant, rules=(rule,)))
        c.change(card, security_groups=(*card.security_groups, f"wide-{way}"))


def hole(c: Change) -> None:
    """Both cards may send to each other, and take nothing: each takes the other's packets for answers."""
    c.joined()
    one, other = c.card(c.one), c.card(c.other)
    for card, peer, port in ((one, other, 53), (other, one, 123)):
        rule = Rule(direction="egress", remote_ip_prefix=peer.fixed_ips[0].ip_address, protocol="udp", port_range_min=port,
                    port_range_max=port, id=f"hole-{port}")  # fmt: skip
        c.add(SecurityGroup(id=f"hole-{port}", name=f"hole-{port}", project_id=card.project_id, rules=(rule,)))
        c.change(card, security_groups=(*card.security_groups, f"hole-{port}"))


def multicast(c: Change) -> None:
    """One's card may send to a group of multicast, and the other's takes what comes from one's address."""
    c.joined()
    card = c.card(c.one)
    own = card.fixed_ips[0].ip_address
    for tenant, way, peer in ((c.one, "egress", "224.0.0.251/32"), (c.other, "ingress", f"{own}/32")):
        rule = Rule(direction="ingress" if way == "ingress" else "egress", remote_ip_prefix=peer, protocol="udp", port_range_min=5353,
                    port_range_max=5353, id=f"multicast-{way}")  # fmt: skip
        c.add(SecurityGroup(id=f"multicast-{way}", name=f"multicast-{way}", project_id=tenant, rules=(rule,)))
        place = c.card(tenant)
        c.change(place, security_groups=(*place.security_groups, f"multicast-{way}"))


def frame_to_all(c: Change) -> None:
    """The other's card takes one service from the whole network: others may send that to the helper, and so in a frame to all."""
    c.joined()
    card = c.card(c.other)
    rule = Rule(direction="ingress", remote_ip_prefix=c.subnet(card.network_id).cidr, protocol="tcp", port_range_min=6514,
                port_range_max=6514, id="to-all")  # fmt: skip
    c.add(SecurityGroup(id="to-all", name="to-all", project_id=c.other, rules=(rule,)))
    c.change(card, security_groups=(*card.security_groups, "to-all"))


def no_port_security(c: Change) -> None:
    """A card without port security answers for every address, the helpers' among them."""
    c.joined()
    c.change(c.card(c.one), port_security_enabled=False, security_groups=())


def pair_of_everything(c: Change) -> None:
    """An address pair for every address, on a card that takes everything."""
    c.joined()
    card = c.card(c.one)
    c.change(card, allowed_address_pairs=(AddressPair(ip_address="0.0.0.0/0"),), security_groups=(c.open_group(c.one),))


TOPOLOGY = (foreign_leg, foreign_port, lent_port, subport, extra_route, same_wire, ipv6_only, untranslated, forged_port, one_number)
GROUPS = (open_cards, shared_group, wide_prefix, hole, no_port_security, pair_of_everything, multicast, frame_to_all)
