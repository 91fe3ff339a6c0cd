"""Outputs of stacks as tests need them: whole and typed, with what matters to a test set and the rest made up."""

from __future__ import annotations

from typing import Any

from infra.outputs import PlatformOutput, ServerOutput, TenantOutput, decoded


def platform(**known: object) -> PlatformOutput:
    """Return a platform's output."""
    plain: dict[str, Any] = {
        "region": "RegionOne",
        "auth_url": "https://keystone.test/v3",
        "cacert": "",
        "external_network": "public",
        "external_network_id": "public",
        "project_id": "project-platform",
        "image_id": "image",
        "router_id": "router-platform",
        "pool_id": "pool",
        "backbone": {"network_id": "net-backbone", "subnet_id": "sub-backbone", "cidr": "172.29.0.0/24"},
        "bastion": {"id": "server-bastion", "address": "172.24.4.50", "management": "172.29.0.10", "host_key": "ssh-ed25519 AAAA"},
        "volume_types": {},
    }
    return decoded(PlatformOutput, {**plain, **known}, "platform")


def tenant(name: str, **known: object) -> TenantOutput:
    """Return a tenant's output; without more, of one that has made nothing in its project."""
    management = {part: f"{part.removesuffix('_id')}-{name}-management" for part in ("network_id", "subnet_id", "router_id")}
    plain: dict[str, Any] = {
        "name": name,
        "region": "RegionOne",
        "project_id": f"project-{name}",
        "deployer": {"user_id": f"deployer-{name}"},
        "edge_router_id": f"edge-{name}",
        "management": {**management, "cidr": "172.30.0.0/28"},
        "zones": {},
        "groups": {},
        "servers": {},
    }
    return decoded(TenantOutput, {**plain, **known}, name)


def server(name: str, **known: object) -> ServerOutput:
    """Return a server's entry."""
    plain: dict[str, Any] = {
        "id": f"server-{name}",
        "management": "172.30.0.2",
        "management_port_id": f"port-{name}-management",
        "host_key": "ssh-ed25519 AAAA",
        "nics": {},
        "volumes": {"root": f"root-{name}", "data": {}},
        "public": None,
    }
    return decoded(ServerOutput, {**plain, **known}, name)
