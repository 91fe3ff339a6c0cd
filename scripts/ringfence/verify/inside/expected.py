"""What a server's inside ought to be, from the declaration and the image. Pure; what must be read is handed in."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_interface
from typing import TYPE_CHECKING, Any

from hardening.firstboot import sshd
from hardening.firstboot.config_drive import Nic
from hardening.firstboot.files import IMAGE_SSH_PORT
from hardening.firstboot.plan import MANAGEMENT as MANAGEMENT_CARD
from hardening.firstboot.plan import Card, Plan
from infra.policy.bastion import platform_servers
from infra.policy.rules import Direction, Match
from infra.render import nftables
from ringfence.verify.inside.places import HASHED, READ
from ringfence.verify.inventory import MANAGEMENT
from ringfence.verify.model import NodeRole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.declaration.model import Network
    from infra.errors import RingfenceError
    from ringfence.verify.inside.image_files import ImageFiles
    from ringfence.verify.inventory import Inventory, TenantInventory
    from ringfence.verify.model import Node

Json = dict[str, Any]
EVERYWHERE = "conf"
SOCKET_PART = "/etc/systemd/system/ssh.socket.d/port.conf"


@dataclass(frozen=True, slots=True)
class Known:
    """What this machine knows of every server: the image's files, the automation's key, and the image's settings of the kernel.

    In place of what it does not know stands why.
    """

    image: ImageFiles | RingfenceError
    automation_key: str | RingfenceError
    settings: Mapping[str, str]

    def request(self) -> Json:
        """What the guest's program is asked."""
        packages = {} if isinstance(self.image, Exception) else dict(self.image.packages)
        settings = [path for path in self.settings if f"/{EVERYWHERE}/" not in path]
        return {"op": "state", "hashed": list(HASHED), "read": list(READ), "settings": settings, "packages": packages}


@dataclass(frozen=True, slots=True)
class Expected:
    """What one server ought to be: its NICs, what its flows let in, and the part of sshd's configuration that is its own."""

    node: Node
    admitted: frozenset[Match]
    ssh_port: int
    sshd_config: str
    first_boot: Mapping[str, str] = field(default_factory=dict)
    """Files that the first boot writes besides, as in no other server, by path to their text."""


def settings(sysctl: str) -> dict[str, str]:
    """Read the image's file of kernel settings (sysctl.d(5)): path below ``/proc/sys`` to the value."""
    lines = (line.strip() for line in sysctl.splitlines())
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith(("#", ";")))
    return {name.strip().removeprefix("-").replace(".", "/"): value.strip() for name, _, value in pairs}


def of_tenant(inventory: Inventory, tenant: TenantInventory, node: Node) -> Expected:
    """Return what a tenant's server ought to be."""
    server = node.name.partition("/")[2]
    rules = [rule for nic in tenant.policy.server_nics(server) for rule in tenant.policy.nic_rules(nic)]
    admitted = frozenset(rule.match for rule in rules if rule.direction is Direction.INGRESS)
    sources = nftables.server_access(inventory.platform).ssh_from
    return of_node(node, admitted, sources, inventory.platform.ssh_port)


def of_platform(inventory: Inventory, node: Node) -> Expected:
    """Return what a server of the platform ought to be."""
    platform = inventory.platform
    rules = platform_servers(platform)[f"platform-{node.name.partition('/')[2]}"]
    admitted = frozenset(rule.match for rule in rules if rule.direction is Direction.INGRESS)
    is_bastion = node.role is NodeRole.BASTION
    sources = platform.bastion.allowed_from if is_bastion else nftables.server_access(platform).ssh_from
    return of_node(node, admitted, sources, platform.ssh_port)


def of_all(inventory: Inventory, platforms: Iterable[Node]) -> dict[str, tuple[str, Expected]]:
    """Return whose each server is and what it ought to be: all of the tenants', and these of the platform's."""
    servers = {n.name: (tenant.name, of_tenant(inventory, tenant, n)) for tenant in inventory.tenants for n in tenant.nodes()}
    return servers | {node.name: (node.tenant, of_platform(inventory, node)) for node in platforms}


def of_node(node: Node, admitted: frozenset[Match], sources: tuple[Network, ...], port: int) -> Expected:
    """Return what a server ought to be that lets in these flows, and SSH from these sources; rendered as at its first boot."""
    addresses = tuple(ip_interface(address) for address in node.nic(MANAGEMENT).addresses)
    card = Card(MANAGEMENT_CARD, Nic("", 0, addresses, (), dhcp4=False))
    plan = Plan("", (), str(node.role), (card,), sources, port, (), ())
    written = {} if port == IMAGE_SSH_PORT else {SOCKET_PART: sshd.socket_dropin(plan)}
    return Expected(node, admitted, port, sshd.config(plan), written)
