"""A small declaration that is right, and the means to write it with one thing changed."""

from __future__ import annotations

from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from infra.declaration import load_platform, load_tenant
from infra.declaration.model import Platform
from infra.declaration.services import Services

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.declaration import PlatformDeclaration, TenantDeclaration

ROOT = Path(__file__).resolve().parents[3]
TODAY = date(2026, 11, 23)
ABSENT = object()
"""Stands for: take the key away."""

PLATFORM: dict[str, Any] = {
    "region": "north",
    "allowed_regions": ["north", "south"],
    "external_network": "public",
    "backbone": {"cidr": "172.29.0.0/24", "router": 1, "bastion": 10},
    "pool": {"cidr": "172.30.0.0/16", "prefix": 28},
    "bastion": {"flavor": "small", "allowed_from": ["192.0.2.0/24"]},
    "ssh_port": 22,
    "management_ports": [22, 3389, "5985-5986"],
    "image": "debian",
    "volume_types": {"vault": {"encryption": {}}, "plain": {}},
    "default_volume_type": "vault",
}

SERVICES: dict[str, Any] = {
    "host": 200,
    "flavor": "small",
    "store": 20,
    "time": {"upstream": [{"address": "198.51.100.4", "nts": "ntp.example.net"}, {"address": "198.51.100.5"}]},
    "packages": {
        "mirrors": {
            "debian": {"url": "http://mirror.example.net/debian", "address": "198.51.100.6", "suites": ["trixie", "trixie-updates"]},
            "debian-security": {"url": "https://198.51.100.7:8443/debian-security", "suites": ["trixie-security"]},
        },
        "updates": {"hour": 3},
    },
    "logs": {"keep_days": 90, "size": 10},
    "sessions": {"keep_days": 365},
}
"""Every service, as a platform may declare them."""

EVERY_SERVICE = Services.model_validate(SERVICES)

TENANT: dict[str, Any] = {
    "region": "north",
    "labels": {"classification": "confidential", "service": "shop"},
    "zones": {
        "app": {"cidr": "10.0.0.0/24", "cidr6": "fd00:1:2::/64"},
        "data": {"cidr": "10.0.1.0/24"},
    },
    "externals": {"partner": {"cidrs": ["198.51.100.0/24"]}},
    "servers": {
        "web": {"zones": {"app": 11}, "flavor": "small", "root": 2, "public": "app"},
        "both": {"zones": {"app": 12, "data": 12}, "flavor": "small", "root": 2},
        "db": {"zones": {"data": 13}, "flavor": "small", "root": 2, "data": {"db": {"size": 1}}},
    },
    "flows": {
        "shop": {"from": "internet", "to": "web", "protocol": "tcp", "ports": [443], "reason": "customers", "owner": "shop team"},
        "sql": {"from": "app", "to": "db", "protocol": "tcp", "ports": [5432], "reason": "orders", "owner": "shop team"},
        "news": {"from": "web", "to": "partner", "protocol": "udp", "ports": ["9000-9010"], "reason": "stock", "owner": "shop team"},
    },
}


def flow(source: str, destination: str, protocol: str = "tcp", **more: object) -> dict[str, object]:
    """Return a flow that is right apart from what is given."""
    return {"from": source, "to": destination, "protocol": protocol, "reason": "a reason", "owner": "an owner"} | more


def changed(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy with other values at dotted key paths; missing mappings on the way are made."""
    result = deepcopy(dict(base))
    for path, value in changes.items():
        *way, last = path.split(".")
        place = result
        for key in way:
            place = place.setdefault(key, {})
        if value is ABSENT:
            del place[last]
        else:
            place[last] = deepcopy(value)
    return result


class _Plain(yaml.CSafeDumper):
    """Writes equal values out each time, as people do."""

    def ignore_aliases(self, data: object) -> bool:
        """Never write an alias."""
        del data
        return True


def written(folder: Path, stack: str, key: str, tree: object) -> Path:
    """Write a stack's file and return its path."""
    path = folder / f"Pulumi.{stack}.yaml"
    path.write_text(yaml.dump({"config": {key: tree}}, Dumper=_Plain, sort_keys=False), encoding="utf-8")
    return path


def shipped_platform(offered: Services | None = None) -> Platform:
    """Return the platform of this repository with other services than its own; with none where nothing is said."""
    return load_platform(ROOT / "Pulumi.platform.yaml").platform.model_copy(update={"services": offered})


def platform(folder: Path, changes: Mapping[str, Any] | None = None) -> PlatformDeclaration:
    """Load the platform with changes."""
    return load_platform(written(folder, "platform", "ringfence:platform", changed(PLATFORM, changes or {})))


@cache
def unchanged_platform() -> Platform:
    """Return the platform without changes."""
    return Platform.model_validate(PLATFORM)


def tenant(folder: Path, changes: Mapping[str, Any] | None = None, *, name: str = "acme") -> TenantDeclaration:
    """Load the tenant with changes, on the unchanged platform."""
    path = written(folder, name, "ringfence:tenant", changed(TENANT, changes or {}))
    return load_tenant(path, unchanged_platform(), today=TODAY)
