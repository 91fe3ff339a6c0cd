"""Config drives as Nova writes them, for the tests of the first boot."""

from __future__ import annotations

import json
from typing import Any

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPretendedKeyOfTheDeployer automation"
MANAGEMENT_MAC = "fa:16:3e:00:00:99"
DEFAULT = {"network": "0.0.0.0", "netmask": "0.0.0.0"}  # noqa: S104 - Nova's way to write a default route
BACKBONE = {"network": "172.29.0.0", "netmask": "255.255.255.0", "gateway": "172.30.0.1"}


def link(name: str, mac: str, mtu: int | None = 1442) -> dict[str, Any]:
    """One card."""
    return {"id": name, "vif_id": f"vif-{name}", "type": "ovs", "mtu": mtu, "ethernet_mac_address": mac}


def ipv4(name: str, address: str, mask: str, *routes: dict[str, str]) -> dict[str, Any]:
    """One static IPv4 network of a card."""
    return {"id": f"{name}-4", "type": "ipv4", "link": name, "ip_address": address, "netmask": mask, "routes": list(routes), "services": []}


def ipv6(name: str, address: str, *routes: dict[str, str]) -> dict[str, Any]:
    """One static IPv6 network of a card, with the mask in Nova's long spelling."""
    return {
        "id": f"{name}-6",
        "type": "ipv6",
        "link": name,
        "ip_address": address,
        "netmask": "ffff:ffff:ffff:ffff::",
        "routes": list(routes),
    }


def server_network() -> dict[str, Any]:
    """A server in two zones, the first one dual-stack, management last."""
    default6 = {"network": "::", "netmask": "::", "gateway": "fd00:aaaa::1"}
    return {
        "links": [link("app", "FA:16:3E:00:00:11"), link("data", "fa:16:3e:00:00:12"), link("mgmt", MANAGEMENT_MAC)],
        "networks": [
            ipv4("app", "10.0.0.11", "255.255.255.0", {**DEFAULT, "gateway": "10.0.0.1"}),
            ipv6("app", "fd00:aaaa::11", default6),
            ipv4("data", "10.0.1.11", "255.255.255.0", {**DEFAULT, "gateway": "10.0.1.1"}),
            ipv4("mgmt", "172.30.0.4", "255.255.255.240", BACKBONE),
        ],
        "services": [{"type": "dns", "address": "10.0.0.2"}],
    }


def bastion_network() -> dict[str, Any]:
    """A bastion: one card, on the backbone, with the default route."""
    return {
        "links": [link("backbone", "fa:16:3e:00:00:01", None)],
        "networks": [ipv4("backbone", "172.29.0.5", "255.255.255.0", {**DEFAULT, "gateway": "172.29.0.1"})],
        "services": [],
    }


def server_meta(**properties: str) -> dict[str, Any]:
    """Meta data of a server; keyword arguments are properties without their prefix."""
    given = {"role": "server", "management_mac": MANAGEMENT_MAC, "ssh_from": "172.29.0.5/32", "ssh_port": "22"} | properties
    return {
        "uuid": "0b2c6d0e-0000-4000-8000-000000000001",
        "hostname": "acme-web.novalocal",
        "public_keys": {"automation": KEY + "\n"},
        "meta": {f"ringfence_{name}": value for name, value in given.items()},
    }


def bastion_meta(**properties: str) -> dict[str, Any]:
    """Meta data of a bastion that listens on another port."""
    given = {"management_mac": "", "role": "bastion", "ssh_from": "172.24.4.0/24, 2001:db8::/64", "ssh_port": "2222"}
    return {**server_meta(**given | {"forward_to": "172.30.0.0/16"} | properties), "hostname": "bastion"}


def text(document: dict[str, Any]) -> str:
    """The document as it lies on the drive."""
    return json.dumps(document)
