"""What is close to a mistake and is none: the twins of the refusals, so that no check refuses more than it says."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from tests.fast.declaration import declared
from tests.fast.declaration.declared import ABSENT, TODAY, flow
from tests.fast.declaration.refused_tenants import END, SOMEBODY

if TYPE_CHECKING:
    from pathlib import Path

EXTRA = "flows.extra"
SOON = date(2027, 1, 1)

TENANTS: dict[str, dict[str, Any]] = {
    "two zones side by side": {"zones.next": {"cidr": "10.0.2.0/24", "cidr6": "fd00:1:3::/64"}},
    "a zone just below the management pool": {"zones.next": {"cidr": "172.29.255.0/24"}},
    "the largest zone": {"zones.next": {"cidr": "10.9.0.0/16"}},
    "the smallest zone": {"zones.next": {"cidr": "10.9.0.0/29"}},
    "an external beside a zone": {"externals.office": {"cidrs": ["10.0.2.0/24"]}},
    "the widest external": {"externals.office": {"cidrs": ["11.0.0.0/8", "2001::/16"]}},
    "every private address": {
        "zones": {"app": {"cidr": "10.0.0.0/24", "cidr6": "fd00:1:2::/64"}, "data": {"cidr": "10.0.1.0/24"}},
        "externals.office": {"cidrs": ["192.168.0.0/16", "172.16.0.0/13", "172.24.0.0/14", "100.64.0.0/10"]},
    },
    "as many servers as the management network holds": {
        f"servers.more{n}": {"zones": {"data": 100 + n}, "flavor": "small", "root": 2} for n in range(10)
    },
    "two externals with common addresses": {"externals.office": {"cidrs": ["198.51.100.0/25"]}},
    "the last host number": {"servers.spare": {"zones": {"data": 254}, "flavor": "small", "root": 2}},
    "the first host number": {"servers.spare": {"zones": {"data": 2}, "flavor": "small", "root": 2}},
    "the longest name": {f"zones.{'z' * 31}": {"cidr": "10.9.0.0/24"}},
    "the encrypted volume type by name": {"servers.db.volume_type": "vault"},
    "an ICMP type": {EXTRA: flow("app", "db", "icmp", icmp={"type": 8})},
    "an ICMP type and code": {EXTRA: flow("app", "db", "icmp", icmp={"type": 13, "code": 1})},
    "every ICMP type": {EXTRA: flow("app", "db", "icmp")},
    "ICMPv6 between dual-stack ends": {EXTRA: flow("web", "app", "icmpv6", icmp={"type": 128})},
    "a protocol without ports": {EXTRA: flow("partner", "web", "esp")},
    "a zone with itself": {EXTRA: flow("app", "app", ports=[7000])},
    "a dual-stack zone with an IPv4 zone": {EXTRA: flow("app", "data", ports=[7000])},
    "to the internet": {EXTRA: flow("app", "internet", ports=[443])},
    "the ports beside SSH": {EXTRA: flow("app", "db", ports=[21, 23])},
    "the same ends with other ports": {EXTRA: flow("app", "db", ports=[5433])},
    "the same ends with another protocol": {EXTRA: flow("app", "db", "udp", ports=[5432])},
    "the same ends the other way round": {EXTRA: flow("db", "app", ports=[5432])},
    "a flow on its last day": {"flows.sql.expires": TODAY},
    "a narrower flow that stays longer than the wider one": {"flows.sql.expires": SOON, EXTRA: flow("web", "db", ports=[5432])},
    "a wider flow that ends earlier": {EXTRA: flow("app", "data", ports=[5432], expires=SOON)},
    "a narrower flow with the same end": {"flows.sql.expires": SOON, EXTRA: flow("web", "db", ports=[5432], expires=SOON)},
    "an expiry beside a lasting flow with fewer ports": {EXTRA: flow("web", "db", ports=["5432-5433"], expires=SOON)},
    "an ICMP expiry beside a lasting flow with another type": {
        "flows.ping": flow("app", "db", "icmp", icmp={"type": 8}),
        EXTRA: flow("web", "db", "icmp", icmp={"type": 13}, expires=SOON),
    },
    "an expiry inside the tenant beside a lasting flow from outside": {EXTRA: flow("both", "web", ports=[443], expires=SOON)},
    "its end": {"offboarding": {**END, "run_by": SOMEBODY, "verified_by": {**SOMEBODY, "name": "bert cole"}}},
    "backups by default": {"backup": {}},
    "backups of one server": {"servers.db.backup": {"keep": 2, "at": "20:00", "mode": "increments", "drill": "weekly"}},
    "backups of all servers but one": {"backup": {"at": "23:59", "keep": 60}, "servers.web.backup": {"mode": "none"}},
    "backups that freeze and thaw": {"servers.db.backup": {"quiesce": ["fsfreeze -f /data"], "thaw": ["fsfreeze -u /data"]}},
    "no flows": {"flows": {}},
    "no servers": {"flows": {}, "servers": {}},
    "no externals": {"externals": ABSENT, "flows.news": ABSENT},
}

MIRROR = "services.packages.mirrors.debian-security"

KEY = (
    "-----BEGIN PGP PUBLIC KEY BLOCK-----\nComment: Example <archive@example.net>\n\nxv8AAAA=\n=AbCd\n-----END PGP PUBLIC KEY BLOCK-----\n"
)

PLATFORMS: dict[str, dict[str, Any]] = {
    "SSH on another port": {"ssh_port": 2222},
    "a pool with room for two": {"pool": {"cidr": "172.30.0.0/27", "prefix": 28}},
    "the bastion at the end of the backbone": {"backbone.bastion": 254},
    "the widest range of operators": {"bastion.allowed_from": ["10.0.0.0/8"]},
    "a bastion open to every private address": {"bastion.allowed_from": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]},
    "every service": {"services": declared.SERVICES},
    "one service only": {"services": {"host": 254, "flavor": "small", "store": 2, "logs": {"keep_days": 1, "size": 1}}},
    "a store that is just large enough": {"services": declared.SERVICES, "services.store": 14},
    "a mirror by its address, said twice": {"services": declared.SERVICES, f"{MIRROR}.address": "198.51.100.7"},
    "a mirror with a key of its own": {"services": declared.SERVICES, f"{MIRROR}.key": KEY},
    "SSH on the port of a service that is not offered": {"ssh_port": 6514, "services": declared.SERVICES, "services.logs": ABSENT},
    "a key as dm-crypt counts it": {"volume_types.vault.encryption": {"key_size": 512}},
}


@pytest.mark.parametrize("name", TENANTS)
def test_a_tenant_that_is_right_is_accepted(name: str, tmp_path: Path) -> None:
    """Each case is just on the right side of a check."""
    assert declared.tenant(tmp_path, TENANTS[name]).tenant.name == "acme"


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_platform_that_is_right_is_accepted(name: str, tmp_path: Path) -> None:
    """Each case is just on the right side of a check."""
    assert declared.platform(tmp_path, PLATFORMS[name]).platform.encrypted_types() == {"vault"}
