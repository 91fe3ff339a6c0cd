"""What the platform's declaration may not say."""

from __future__ import annotations

from typing import Any

from tests.fast.declaration.declared import ABSENT, SERVICES
from tests.fast.declaration.refused_flows import Refused, one

MIRRORS = "services.packages.mirrors"
UPSTREAM = "services.time.upstream"


def offered(path: str, value: object, what: str, expected: str = "", at: str = "") -> Refused:
    """Return a case of a platform with services, one thing of which is wrong; ``at`` is where, if not at the path itself."""
    changes: dict[str, Any] = {"services": SERVICES, path: value}
    return one(changes, at or path, what, expected)


SERVICES_CASES: dict[str, Refused] = {
    "servers of all tenants that are frozen for good": one(
        {"backup": {"quiesce": ["fsfreeze -f /data"]}}, "backup.thaw", "quiesce without thaw", "both of them"
    ),
    "services on the bastion's address": offered("services.host", 10, "the bastion has this host number already"),
    "services on the router's address": one(
        {"services": SERVICES, "backbone.router": 200}, "services.host", "the router has this host number already"
    ),
    "services outside the backbone": offered("services.host", 255, "the backbone has no such host number", "2 to 254"),
    "services on the gateway's address": offered("services.host", 1, "the host number is taken", "2 or more"),
    "services that offer nothing": one(
        {"services": {"host": 200, "flavor": "small", "store": 20}}, "services", "no service is declared", "time, packages, logs, sessions"
    ),
    "services with SSH on the port of one": one({"services": SERVICES, "ssh_port": 6514}, "ssh_port", "the port is that of services.logs"),
    "an unknown service": offered("services.tim", {}, "unknown key", "did you mean time?"),
    "services with a port of their own": offered("services.logs.port", 514, "unknown key", "keep_days"),
    "time from nobody": offered(UPSTREAM, [], "nothing is listed", "a list of servers"),
    "time from a name": offered(UPSTREAM, [{"address": "ntp.example.net"}], "not an IPv4 address", "", f"{UPSTREAM}[0].address"),
    "time from IPv6": offered(UPSTREAM, [{"address": "2001:db8::1"}], "not an IPv4 address", "IPv4 only", f"{UPSTREAM}[0].address"),
    "time from a prefix": offered(UPSTREAM, [{"address": "192.0.2.0/24"}], "not an IPv4 address", "", f"{UPSTREAM}[0].address"),
    "time from a tenant's management address": offered(
        UPSTREAM, [{"address": "172.30.0.5"}], "the address is in the management pool", "172.30.0.0/16", f"{UPSTREAM}[0].address"
    ),
    "time from the bastion": offered(
        UPSTREAM, [{"address": "172.29.0.10"}], "the address is in the management backbone", "172.29.0.0/24", f"{UPSTREAM}[0].address"
    ),
    "time from the metadata address": offered(
        UPSTREAM, [{"address": "169.254.169.254"}], "the address is reserved", "can be routed", f"{UPSTREAM}[0].address"
    ),
    "time from one server twice": offered(
        UPSTREAM, [{"address": "192.0.2.1"}, {"address": "192.0.2.1"}], "the server is listed twice", "", f"{UPSTREAM}[1].address"
    ),
    "NTS with a name that is none": offered(
        UPSTREAM, [{"address": "192.0.2.1", "nts": "ntp_1"}], "not a host name", "lower case", f"{UPSTREAM}[0].nts"
    ),
    "a revoked certificate in capital letters": offered(
        "services.revoked", ["5AF3"], "not a certificate's serial number", "as `ringfence status` says them", "services.revoked[0]"
    ),
    "a revoked certificate that is a number": offered("services.revoked", [10], "not a text", "", "services.revoked[0]"),
    "packages from nowhere": offered(MIRRORS, {}, "nothing is listed"),
    "a mirror without an address": offered(
        f"{MIRRORS}.debian.address", ABSENT, "a name without an address", "a packet filter knows no names", f"{MIRRORS}.debian.address"
    ),
    "a mirror with two addresses": offered(
        f"{MIRRORS}.debian-security.address", "192.0.2.1", "the URL has another address", "198.51.100.7"
    ),
    "a mirror at an address that is none": offered(
        f"{MIRRORS}.debian-security.url", "http://198.51.100.700/debian", "the host is not an IPv4 address"
    ),
    "a mirror with a password": offered(f"{MIRRORS}.debian.url", "http://me:secret@mirror.example.net/debian", "not a mirror's URL"),
    "a mirror with a query": offered(f"{MIRRORS}.debian.url", "http://mirror.example.net/debian?x", "not a mirror's URL"),
    "a mirror with a way out of its path": offered(f"{MIRRORS}.debian.url", "http://mirror.example.net/a\n", "not a mirror's URL"),
    "a mirror by ftp": offered(f"{MIRRORS}.debian.url", "ftp://mirror.example.net/debian", "not a mirror's URL", "http or https"),
    "a mirror inside": offered(
        f"{MIRRORS}.debian-security.url", "http://172.29.0.10/debian", "the address is in the management backbone", "172.29.0.0/24"
    ),
    "a mirror without suites": offered(f"{MIRRORS}.debian.suites", [], "nothing is listed", "a list of suites"),
    "a mirror with a private key": offered(
        f"{MIRRORS}.debian.key",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nxv8AAAA=\n-----END PGP PRIVATE KEY BLOCK-----\n",
        "not a public key in ASCII armour",
        "gpg --armor --export",
    ),
    "a suite twice": offered(
        f"{MIRRORS}.debian.suites", ["trixie", "trixie"], "the suite is listed twice", "", f"{MIRRORS}.debian.suites[1]"
    ),
    "a suite with a blank": offered(f"{MIRRORS}.debian.suites", ["trixie main"], "not a suite", "", f"{MIRRORS}.debian.suites[0]"),
    "updates at no time": offered("services.packages.updates.hour", 24, "the number is too large", "23 or less"),
    "updates in no time": offered("services.packages.updates.minutes", 1, "the number is too small", "10 or more"),
    "restarts as somebody likes": offered("services.packages.updates.restart", "maybe", "not one of the known values", "needed"),
    "logs for no day": offered("services.logs.keep_days", 0, "the number is too small", "1 or more"),
    "a store that is too small": offered("services.store", 13, "the store is too small for what it is to keep", "14 or more"),
}

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
    **SERVICES_CASES,
}
