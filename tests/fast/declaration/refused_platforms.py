"""What the platform's declaration may not say."""

from __future__ import annotations

from tests.fast.declaration.declared import ABSENT
from tests.fast.declaration.refused_flows import Refused, one

CASES: dict[str, Refused] = {
    "a region that is not allowed": one({"region": "west"}, "region", "the region is not allowed", "one of north, south"),
    "a pool on the backbone": one({"pool.cidr": "172.29.0.0/16"}, "pool.cidr", "the pool overlaps the backbone", "172.29.0.0/24"),
    "a backbone that cannot be routed": one({"backbone.cidr": "169.254.1.0/24"}, "backbone.cidr", "the prefix is reserved", "RFC 1918"),
    "a pool without room": one({"pool.prefix": 16}, "pool.prefix", "the pool has no room for its subnets", "/16"),
    "a bastion outside the backbone": one(
        {"backbone.bastion": 255}, "backbone.bastion", "the backbone has no such host number", "1 to 254"
    ),
    "a bastion on the router's address": one({"backbone.router": 10}, "backbone.bastion", "the router has this host number already"),
    "a bastion for everybody": one(
        {"bastion.allowed_from": ["0.0.0.0/0"]}, "bastion.allowed_from[0]", "the bastion would be open to everybody", "/8"
    ),
    "a backbone without room": one(
        {"backbone.cidr": "172.29.0.0/31"}, "backbone.cidr", "the backbone has no room for its routers", "/29 or less"
    ),
    "an external network that is the platform's own": one(
        {"external_network": "platform-backbone"}, "external_network", "the platform makes a thing of this name itself"
    ),
    "a bastion for its own loopback": one(
        {"bastion.allowed_from": ["127.0.0.0/8"]}, "bastion.allowed_from[0]", "the prefix is reserved", "can be routed"
    ),
    "a bastion with a prefix twice": one(
        {"bastion.allowed_from": ["192.0.2.0/24", "192.0.2.0/24"]}, "bastion.allowed_from[1]", "the prefix is listed twice"
    ),
    "a bastion with a netmask": one({"bastion.allowed_from": ["192.0.2.0/255.255.255.0"]}, "bastion.allowed_from[0]", "not an IPv4 prefix"),
    "a bastion from IPv6": one({"bastion.allowed_from": ["2001:db8::/32"]}, "bastion.allowed_from[0]", "not an IPv4 prefix", "IPv6"),
    "one allowed region": one({"allowed_regions": "north"}, "allowed_regions", "not a list", "a list of regions"),
    "SSH on a port in quotes": one({"ssh_port": "22"}, "ssh_port", "not a whole number"),
    "a management port that is none": one({"management_ports": [0]}, "management_ports[0]", "not a port", "1 to 65535"),
    "a bastion for everybody in 256 parts": one(
        {"bastion.allowed_from": [f"{n}.0.0.0/8" for n in range(256)]},
        "bastion.allowed_from",
        "the bastion would be open to everybody",
        "/8",
    ),
    "a bastion for half of everybody in small parts": one(
        {"bastion.allowed_from": [f"{a}.{b}.0.0/16" for a in range(11, 14) for b in range(128)]},
        "bastion.allowed_from",
        "the bastion would be open to everybody",
        "together at most",
    ),
    "a bastion for nobody": one({"bastion.allowed_from": []}, "bastion.allowed_from", "nothing is listed", "a list of prefixes"),
    "a default volume type that does not encrypt": one(
        {"default_volume_type": "plain"}, "default_volume_type", "the volume type does not encrypt", "one of vault"
    ),
    "an unknown default volume type": one({"default_volume_type": "gold"}, "default_volume_type", "unknown volume type"),
    "a weak cipher": one(
        {"volume_types.vault.encryption.cipher": "aes-cbc-essiv"},
        "volume_types.vault.encryption.cipher",
        "not one of the known values",
        "aes-xts-plain64",
    ),
    "a short key": one(
        {"volume_types.vault.encryption.key_size": 128}, "volume_types.vault.encryption.key_size", "not one of the known values", "256"
    ),
    "no management ports": one({"management_ports": ABSENT}, "management_ports", "management_ports is missing", "remote administration"),
    "an unknown key": one({"alowed_regions": []}, "alowed_regions", "unknown key", "did you mean allowed_regions?"),
}
