"""The declarations of many tenants, generated: equal in all but their names, so that only topology and groups keep them apart. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.declaration.model import Platform

PREFIX = "many"
SERVER = "web"
ZONE = "app"


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many tenants, whether each has a server, and how many routes a router may hold."""

    name: str
    tenants: int
    servers: bool
    max_routes: int

    def names(self) -> tuple[str, ...]:
        """Return the tenants' names."""
        return tuple(f"{PREFIX}{number:03}" for number in range(1, self.tenants + 1))

    def routers(self, others: int) -> int:
        """Return how many routers the platform needs for these tenants and for others that are there."""
        return -(-(self.tenants + others) // (self.max_routes - 1))


def tenant(region: str, *, server: bool) -> dict[str, Any]:
    """Return one tenant: a zone with the same addresses as everybody's, and a small server with a service, or none."""
    declared: dict[str, Any] = {
        "region": region,
        "labels": {"classification": "internal", "service": "bench"},
        "zones": {ZONE: {"cidr": "10.0.0.0/24"}},
    }
    if server:
        flow = {"from": ZONE, "to": SERVER, "protocol": "tcp", "ports": [8080], "reason": "a benchmark builds tenants", "owner": "bench"}
        backup = {"keep": 2}
        declared["servers"] = {SERVER: {"zones": {ZONE: 11}, "flavor": "tiny", "root": 2, "backup": backup}}
        declared["flows"] = {"service": flow}
    return declared


def platform(written: Mapping[str, Any], crowd: Crowd, declared: Platform, others: int) -> dict[str, Any]:
    """Return the platform's file with room for the routes of a crowd and of others."""
    config = dict(written["config"])
    own = dict(config["ringfence:platform"])
    routers = max(declared.backbone.routers, crowd.routers(others))
    own["backbone"] = {**own["backbone"], "routers": routers, "max_routes": crowd.max_routes}
    return {**written, "config": {**config, "ringfence:platform": own}}
