"""What OVN has to hold of a rule (`infra.drift.ovn.acls`), beside what Neutron's own driver writes of it."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from infra.drift.ovn import acls
from infra.drift.ovn.northbound import DROP_GROUP, address_set_name, group_name
from tests.truth.neutron.environment import translate

pytestmark = pytest.mark.truth
GROUP, PEERS, ADDRESSES = "0f1e-22", "aa-bb-cc", "dd-ee"
PREFIXES = {"IPv4": ("10.0.0.0/24", "0.0.0.0/0", "192.0.2.1/32"), "IPv6": ("2001:db8::/32", "::/0", "fd00::1/128")}
PORTS = ((None, None), (22, 22), (1000, 2000))
TRANSPORTS = ("tcp", "udp", "sctp", "6", "17", "132")
ICMP = {"IPv4": ("icmp", "1"), "IPv6": ("ipv6-icmp", "icmpv6", "58")}
TYPES = ((None, None), (8, None), (8, 0), (3, 4))
OTHERS = (None, "any", "0", "ah", "esp", "gre", "vrrp", "ospf", "udplite", "dccp", "rsvp", "pgm", "igmp", "egp", "112", "200")


def rule(direction: str, family: str, protocol: str | None, ports: tuple[int | None, int | None], **peer: str) -> dict[str, Any]:
    """Return a rule as the API keeps it."""
    row: dict[str, Any] = {
        "id": f"{direction}-{family}-{protocol}-{ports}-{peer}",
        "group": GROUP,
        "direction": direction,
        "ethertype": family,
    }
    row |= {"protocol": None if protocol == "any" else protocol, "port_range_min": ports[0], "port_range_max": ports[1]}
    return {**row, "remote_ip_prefix": None, "remote_group_id": None, "remote_address_group_id": None, **peer}


def rules() -> list[dict[str, Any]]:
    """Return rules of every kind."""
    found = []
    for direction, family in itertools.product(("ingress", "egress"), PREFIXES):
        peers: list[dict[str, str]] = [{}, *({"remote_ip_prefix": prefix} for prefix in PREFIXES[family])]
        peers += [{"remote_group_id": PEERS}, {"remote_address_group_id": ADDRESSES}]
        matches: list[tuple[str | None, tuple[int | None, int | None]]] = [
            *itertools.product(TRANSPORTS, PORTS),
            *itertools.product(ICMP[family], TYPES),
        ]
        matches += [(protocol, (None, None)) for protocol in OTHERS]
        found += [rule(direction, family, protocol, ports, **peer) for (protocol, ports), peer in itertools.product(matches, peers)]
    return found


def test_the_acl_of_every_kind_of_rule_is_neutrons() -> None:
    """Directions, families, protocols by name and number, ranges, types, prefixes, groups and address groups."""
    asked = rules()
    told = translate(ovn=asked)["acls"]
    assert len(told) == len(asked) > 500
    for row, made in zip(asked, told, strict=True):
        wanted = acls.Acl(made["direction"], made["priority"], made["action"], made["match"])
        assert acls.of_rule({"id": GROUP, "stateful": True}, row) == wanted, row["id"]


def test_what_drops_is_neutrons() -> None:
    """Both directions, and the priority between them and what allows."""
    told = translate()["drop"]
    made = {acls.Acl(one["direction"], acls.DROP, one["action"], one["match"]) for one in told if one["priority"] in acls.DROPS}
    assert made == set(acls.drops())
    assert {one["port_group"] for one in told} == {DROP_GROUP}
    assert max(acls.DROPS) < acls.ALLOW


def test_names_are_neutrons() -> None:
    """Of port groups and address sets."""
    told = translate(groups=[GROUP], address_groups=[ADDRESSES])
    assert told["port_groups"] == {GROUP: group_name(GROUP)}
    assert told["address_sets"][ADDRESSES] == {family: address_set_name(ADDRESSES, family) for family in ("ip4", "ip6")}
