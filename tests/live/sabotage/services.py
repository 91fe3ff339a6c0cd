"""Ways to break the platform's services through the cloud's API, all at the same time. Every one undoes itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.addresses import bastion_address, services_address
from tests.live.tools import changed, created

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from tests.live.sabotage.scene import Scene

    Way = Callable[[Scene], AbstractContextManager[Any]]


def _made(scene: Scene, kind: str, name: str = names.SERVICES) -> str:
    """Return the id of what the platform's stack made."""
    found = scene.stage.opened.inventory.made[names.PLATFORM].get(kind, name)
    assert found is not None
    return found.id


def _rule(scene: Scene, group: str, **values: object) -> AbstractContextManager[Any]:
    """Add a rule for TCP over IPv4 to a group."""
    body = {"security_group_id": group, "ethertype": "IPv4", "protocol": "tcp", **values}
    return created(scene.stage.cloud.network, "/security-group-rules", "security_group_rule", body)


def _port(number: int) -> dict[str, int]:
    return {"port_range_min": number, "port_range_max": number}


def _address(scene: Scene) -> str:
    return f"{services_address(scene.stage.opened.inventory.platform)}/32"


def another_port(scene: Scene) -> AbstractContextManager[Any]:
    """Let the services server answer on a port that nobody declared."""
    pool = str(scene.stage.opened.inventory.platform.pool.cidr)
    return _rule(scene, _made(scene, "groups"), direction="ingress", remote_ip_prefix=pool, **_port(8080))


def opens_anything(scene: Scene) -> AbstractContextManager[Any]:
    """Let the services server open connections to everybody."""
    return _rule(scene, _made(scene, "groups"), direction="egress", remote_ip_prefix="0.0.0.0/0")


def from_the_bastion(scene: Scene) -> AbstractContextManager[Any]:
    """Let the bastion open more of the services server than is declared."""
    group = _made(scene, "groups", names.BASTION)
    return _rule(scene, group, direction="egress", remote_ip_prefix=_address(scene), **_port(8080))


def from_a_tenant(scene: Scene) -> AbstractContextManager[Any]:
    """Let a tenant's servers open SSH on the services server."""
    group = str(scene.stage.tenant(scene.tenant).facts.groups[names.MANAGEMENT])
    return _rule(scene, group, direction="egress", remote_ip_prefix=_address(scene), **_port(22))


def poses_as_the_bastion(scene: Scene) -> AbstractContextManager[Any]:
    """Let the services server send as the bastion."""
    pairs = [{"ip_address": str(bastion_address(scene.stage.opened.inventory.platform))}]
    return changed(scene.stage.cloud.network, f"/ports/{_made(scene, 'ports')}", "port", {"allowed_address_pairs": pairs})


def public_address(scene: Scene) -> AbstractContextManager[Any]:
    """Give the services server an address outside."""
    facts = scene.stage.opened.inventory.platform_facts
    body = {"floating_network_id": facts.external_network_id, "port_id": _made(scene, "ports"), "project_id": facts.project_id}
    return created(scene.stage.cloud.network, "/floatingips", "floatingip", body)


SERVICES: dict[str, tuple[Way, str]] = {
    "services server that answers on another port": (another_port, "undeclared rule in platform-services: ingress IPv4 tcp 8080"),
    "services server that may open anything": (opens_anything, "undeclared rule in platform-services: egress IPv4 tcp all 0.0.0.0/0"),
    "bastion that may open more of it": (from_the_bastion, "undeclared rule in platform-bastion: egress IPv4 tcp 8080"),
    "tenant's servers that may open more of it": (from_a_tenant, "undeclared rule in {tenant}-management: egress IPv4 tcp 22"),
    "services server that poses as the bastion": (poses_as_the_bastion, "platform-services may also send from"),
    "services server with an address outside": (public_address, "on platform-services"),
}
