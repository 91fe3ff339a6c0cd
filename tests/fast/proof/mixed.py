"""A cloud in which only groups keep two tenants apart, and changes to the groups: some let a packet through, some do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.snapshot import AddressGroup, AddressPair, Port, Subnet
from tests.fast.neutron.clouds import Cloud, allow, two_tenants

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.snapshot import Rule

HELPER, ACME, GLOBEX, ALL = "172.31.0.5/32", "172.31.0.11/32", "172.31.0.12/32", "172.31.0.0/24"


def mixed() -> Cloud:
    """Return two tenants, apart but for a card each in the platform's services network, where they may talk to its helper alone."""
    cloud = two_tenants()
    cloud.network("services", "platform", ALL, gateway=False)
    cloud.port("helper", "services", "platform", "172.31.0.5", groups=("bastion",))
    for number, tenant in enumerate(("acme", "globex")):
        cloud.group(f"{tenant}-card", tenant, *CLOSED)
        address = f"172.31.0.{11 + number}"
        cloud.port(f"{tenant}-card", "services", tenant, address, groups=(f"{tenant}-card",), device_id=f"{tenant}-web")
    return cloud


CLOSED = (allow("egress", HELPER, "tcp", (53, 53)), allow("ingress", HELPER, "icmp"))


def both(out: tuple[Rule, ...], into: tuple[Rule, ...]) -> Callable[[Cloud], None]:
    """Return the change that adds rules to acme's group and to globex'."""

    def change(cloud: Cloud) -> None:
        cloud.group("acme-card", "acme", *CLOSED, *out)
        cloud.group("globex-card", "globex", *CLOSED, *into)

    return change


def alone(out: tuple[Rule, ...], into: tuple[Rule, ...]) -> Callable[[Cloud], None]:
    """Return the change that leaves acme's group and globex' these rules only: nobody asks them anything that they could answer."""

    def change(cloud: Cloud) -> None:
        cloud.group("acme-card", "acme", *out)
        cloud.group("globex-card", "globex", *into)

    return change


def remote_group(cloud: Cloud) -> None:
    """One group on both cards, with rules for its members."""
    rules = (allow(way, None, "tcp", (80, 80), remote_group_id="club") for way in ("ingress", "egress"))
    cloud.group("club", "acme", *rules)
    for tenant in ("acme", "globex"):
        cloud.change(Port, f"{tenant}-card", security_groups=(f"{tenant}-card", "club"))


def address_group(cloud: Cloud) -> None:
    """The other's address in an address group, on both sides."""
    cloud.add(AddressGroup(id="partners", addresses=(ACME, GLOBEX)))
    rules = tuple(allow(way, None, "udp", (5000, 5100), remote_address_group_id="partners") for way in ("ingress", "egress"))
    both(rules[1:], rules[:1])(cloud)


def helpers_address(cloud: Cloud) -> None:
    """An address pair makes globex' card take what acme sends to the helper."""
    cloud.change(Port, "globex-card", allowed_address_pairs=(AddressPair(ip_address="172.31.0.5"),))
    both((), (allow("ingress", ALL, "tcp"),))(cloud)


def unguarded(cloud: Cloud) -> None:
    """Without port security, globex' card takes what acme sends to the helper."""
    cloud.change(Port, "globex-card", port_security_enabled=False, security_groups=())


def members_of_nobody(cloud: Cloud) -> None:
    """A way out to a group's members, one of which has the broadcast address in an address group: nobody's own."""
    cloud.add(AddressGroup(id="all", addresses=("255.255.255.255/32",)))
    alone((allow("egress", None, "udp", remote_address_group_id="all"),), (allow("ingress", ACME, "udp"),))(cloud)


def direct_binding(cloud: Cloud) -> None:
    """SR-IOV: groups are not enforced."""
    cloud.change(Port, "globex-card", binding_vnic_type="direct")


def trusted_owner(cloud: Cloud) -> None:
    """A port whose owner is trusted is filtered by nothing; it names a server, so it is no port of Neutron's own."""
    cloud.change(Port, "globex-card", device_owner="network:dhcp")


def hole(cloud: Cloud) -> None:
    """Both may send to each other, over the same protocol: what each sends is taken for an answer by the other's connection tracking."""
    both((allow("egress", GLOBEX, "udp", (53, 53)),), (allow("egress", ACME, "udp", (123, 123)),))(cloud)


def stolen_answer(cloud: Cloud) -> None:
    """A server of acme's has globex' address as well; acme's answers to it may go to globex."""
    cloud.network("inner", "acme", "10.8.0.0/24")
    cloud.port("twin", "inner", "acme", "10.8.0.9", groups=("acme-open",), allowed_address_pairs=(AddressPair(ip_address="172.31.0.12"),))
    both((allow("ingress", ALL, "tcp", (443, 443)),), (allow("ingress", ALL, "tcp", (80, 80)),))(cloud)


def both_families(cloud: Cloud) -> None:
    """IPv4 is closed and IPv6 is open."""
    cloud.add(Subnet(id="services-6", network_id="services", cidr="fd00:31::/64"))
    for number, tenant in enumerate(("acme", "globex")):
        card = cloud.records[f"Port {tenant}-card"]
        assert isinstance(card, Port)
        six = (*card.fixed_ips, type(card.fixed_ips[0])(subnet_id="services-6", ip_address=f"fd00:31::{number + 1}"))
        cloud.change(Port, f"{tenant}-card", fixed_ips=six)
    both((allow("egress", "fd00:31::/64", "icmp"),), (allow("ingress", "fd00:31::1/128", "ipv6-icmp", (128, None)),))(cloud)


OPEN = {
    "the same port": both((allow("egress", ALL, "tcp", (80, 80)),), (allow("ingress", ALL, "6", (1, 80)),)),
    "every protocol and one": both((allow("egress", ALL),), (allow("ingress", ACME, "vrrp"),)),
    "one type of ICMP": both((allow("egress", ALL, "icmp"),), (allow("ingress", ALL, "1", (3, 4)),)),
    "a type and one of its codes": both((allow("egress", ALL, "icmp", (3, None)),), (allow("ingress", ALL, "icmp", (3, 4)),)),
    "one address of a prefix": both((allow("egress", GLOBEX, "tcp"),), (allow("ingress", "172.31.0.8/29", "tcp", (22, 22)),)),
    "a prefix with host bits": both((allow("egress", "172.31.0.99/24", "tcp"),), (allow("ingress", "172.31.0.99/24", "tcp"),)),
    "remote group": remote_group,
    "address group": address_group,
    "address pair": helpers_address,
    "no port security": unguarded,
    "direct binding": direct_binding,
    "trusted owner": trusted_owner,
    "hole punching": hole,
    "an error about what was sent": both((allow("egress", ALL, "icmp", (3, None)),), (allow("egress", ALL, "tcp"),)),
    "stolen answer": stolen_answer,
    "multicast": alone((allow("egress", "224.0.0.251/32", "udp", (5353, 5353)),), (allow("ingress", ACME, "udp", (5353, 5353)),)),
    "multicast of IPv6": alone((allow("egress", "ff02::fb/128", "udp"),), (allow("ingress", "fe80::/10", "udp"),)),
    "VRRP": alone((allow("egress", "224.0.0.18/32", "vrrp"),), (allow("ingress", ALL, "112"),)),
    "limited broadcast": alone((allow("egress", "255.255.255.255/32"),), (allow("ingress", ACME, "udp", (67, 68)),)),
    "broadcast of the network": alone((allow("egress", "172.31.0.255/32", "tcp"),), (allow("ingress", ALL),)),
    "broadcast to a remote group": members_of_nobody,
    "a frame to all with another's address": alone((allow("egress", "172.31.0.13/32"),), (allow("ingress", ALL, "tcp"),)),
    "a frame to all with an address far away": alone((allow("egress", "198.51.100.7/32", "tcp"),), (allow("ingress", None, "tcp"),)),
    "a frame to all with the helper's address": both((), (allow("ingress", ACME, "tcp"),)),
    "an error to the helper in a frame to all": both((), (allow("ingress", ALL, "icmp", (3, 4)),)),
    "IPv6": both_families,
}
"""Changes after which a packet passes from acme to globex, under every driver."""

OPEN_TO_SOME = {
    "protocol 0 is all to iptables": both((allow("egress", ALL, "0"),), (allow("ingress", ALL, "tcp", (80, 80)),)),
    "ports of DCCP are ignored by OVN": both((allow("egress", ALL, "33", (1, 5)),), (allow("ingress", ALL, "33", (9, 9)),)),
    "multicast past the tables of Open vSwitch": alone((allow("egress", "224.0.0.251/32", "udp"),), ()),
    "a frame to all past the same tables": alone((allow("egress", HELPER, "tcp", (53, 53)),), (allow("ingress", ALL, "udp"),)),
    "type 255 is all to iptables": alone((allow("egress", ALL, "icmp", (255, None)),), (allow("ingress", ALL, "icmp", (3, None)),)),
}
"""The same, under one driver."""

SHUT = {
    "nothing": both((), ()),
    "ports side by side": both((allow("egress", ALL, "tcp", (80, 80)),), (allow("ingress", ALL, "tcp", (81, 65535)),)),
    "two protocols": both((allow("egress", ALL, "tcp"),), (allow("ingress", ALL, "udp"),)),
    "two types of ICMP": alone((allow("egress", ALL, "icmp", (8, None)),), (allow("ingress", ALL, "icmp", (3, 4)),)),
    "two families": alone((allow("egress", "::/0", "tcp"),), (allow("ingress", ALL, "tcp"),)),
    "multicast, and none admitted from its sender": alone(
        (allow("egress", "224.0.0.0/4"),), (allow("ingress", HELPER), allow("ingress", "224.0.0.0/4"))
    ),
    "multicast of another protocol": alone((allow("egress", "224.0.0.0/4", "udp"),), (allow("ingress", ALL, "tcp"),)),
    "a way in, and none out": alone((), (allow("ingress"),)),
    "a way out, and none in": both((allow("egress"),), ()),
    "a way out of both, over two protocols": both((allow("egress", ALL, "tcp"),), (allow("egress", ALL, "udp"),)),
    "no groups": lambda cloud: cloud.change(Port, "globex-card", security_groups=()),
}
"""Changes after which still nothing passes."""
