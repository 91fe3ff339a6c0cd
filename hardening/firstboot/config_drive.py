"""Read what Nova put on the config drive: ``meta_data.json`` and ``network_data.json``.

Formats: https://docs.openstack.org/nova/latest/user/metadata.html. Text in, named tuples with ``ipaddress`` objects out; no I/O.
"""

from __future__ import annotations

import json
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network, ip_address, ip_interface, ip_network
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Parsed = TypeVar("_Parsed")
Address = IPv4Address | IPv6Address
Interface = IPv4Interface | IPv6Interface
Network = IPv4Network | IPv6Network

ROLES = ("server", "bastion", "services")
MAXIMUM_PORT = 65535
DHCP4 = "ipv4_dhcp"
STATIC = ("ipv4", "ipv6")


class ConfigDriveError(ValueError):
    """The config drive says something that this server must not be built from: nothing was written.

    Not an :class:`infra.errors.RingfenceError`: this code runs in the guest, where only the standard library is installed.
    """


class Route(NamedTuple):
    """One static route; a default route has a prefix length of 0."""

    destination: Network
    gateway: Address

    @property
    def is_default(self) -> bool:
        """Whether the route is taken for every destination."""
        return self.destination.prefixlen == 0


class Nic(NamedTuple):
    """One network card: its MAC in lower case, its MTU (0: leave it alone), its addresses and routes, and whether DHCP is asked for."""

    mac: str
    mtu: int
    addresses: tuple[Interface, ...]
    routes: tuple[Route, ...]
    dhcp4: bool


class NetworkData(NamedTuple):
    """``network_data.json``: cards in the order in which Nova was given them, and the resolvers."""

    nics: tuple[Nic, ...]
    resolvers: tuple[Address, ...]


class MetaData(NamedTuple):
    """``meta_data.json``: who this server is, and what its ``ringfence_*`` properties say.

    ``management_mac`` is empty and ``ssh_from`` is empty when the property is absent: both can then be told from the routes.
    ``forward_to`` are the prefixes that a bastion may open SSH to.
    """

    hostname: str
    keys: tuple[str, ...]
    role: str
    management_mac: str
    ssh_from: tuple[Network, ...]
    ssh_port: int
    forward_to: tuple[Network, ...]


def parse_network_data(text: str) -> NetworkData:
    """Parse ``network_data.json``.

    Raises:
        ConfigDriveError: not JSON, a network on an unknown link, an address that is none, or a kind of network that has no static address
            and is not DHCPv4.
    """
    document = _json(text, "network_data.json")
    links = {link["id"]: link for link in document.get("links", [])}
    networks: dict[str, list[dict[str, Any]]] = {identifier: [] for identifier in links}
    for network in document.get("networks", []):
        if network.get("link") not in networks:
            raise ConfigDriveError(f"network_data.json: {network.get('id')!r} is on link {network.get('link')!r}, which does not exist")
        networks[network["link"]].append(network)
    return NetworkData(
        nics=tuple(_nic(link, networks[identifier]) for identifier, link in links.items()),
        resolvers=tuple(_address(service["address"]) for service in document.get("services", []) if service.get("type") == "dns"),
    )


def parse_meta_data(text: str) -> MetaData:
    """Parse ``meta_data.json``.

    Raises:
        ConfigDriveError: not JSON, no public key (nobody could ever log in), or a ``ringfence_*`` property out of its range.
    """
    document = _json(text, "meta_data.json")
    properties = document.get("meta", {})
    keys = tuple(line for key in document.get("public_keys", {}).values() for line in key.splitlines() if line.strip())
    if not keys:
        raise ConfigDriveError("meta_data.json: public_keys is empty; expected the key of the automation account")
    role = properties.get("ringfence_role", ROLES[0])
    if role not in ROLES:
        raise ConfigDriveError(f"meta_data.json: ringfence_role is {role!r}; expected one of {', '.join(ROLES)}")
    return MetaData(
        hostname=_hostname(document.get("hostname") or document.get("name") or "server"),
        keys=keys,
        role=role,
        management_mac=properties.get("ringfence_management_mac", "").lower(),
        ssh_from=_prefixes(properties, "ringfence_ssh_from"),
        ssh_port=_port(properties.get("ringfence_ssh_port", "22")),
        forward_to=_prefixes(properties, "ringfence_forward_to"),
    )


def _json(text: str, name: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError as error:
        raise ConfigDriveError(f"{name}: not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigDriveError(f"{name}: expected an object, got {type(document).__name__}")
    return document


def _nic(link: dict[str, Any], networks: list[dict[str, Any]]) -> Nic:
    kinds = {network.get("type", "") for network in networks}
    if unknown := kinds - {DHCP4, *STATIC}:
        raise ConfigDriveError(
            f"network_data.json: link {link['id']!r} has networks of type {', '.join(sorted(unknown))}; expected ipv4, ipv6 or ipv4_dhcp"
        )
    static = [network for network in networks if network["type"] in STATIC]
    return Nic(
        mac=str(link.get("ethernet_mac_address", "")).lower(),
        mtu=int(link.get("mtu") or 0),
        addresses=tuple(_interface(network) for network in static),
        routes=tuple(_route(route) for network in static for route in network.get("routes", [])),
        dhcp4=DHCP4 in kinds,
    )


def _interface(network: dict[str, Any]) -> Interface:
    text = str(network["ip_address"])
    mask = str(network.get("netmask", ""))
    return _checked(lambda: ip_interface(text if "/" in text or not mask else f"{text}/{_prefix_length(mask)}"), text)


def _route(route: dict[str, Any]) -> Route:
    destination, mask = str(route["network"]), str(route["netmask"])
    return Route(_checked(lambda: ip_network(f"{destination}/{_prefix_length(mask)}"), destination), _address(str(route["gateway"])))


def _prefix_length(mask: str) -> int:
    """Prefix length of a mask in either spelling: ``24``, ``255.255.255.0`` or ``ffff:ffff::`` (``ipaddress`` refuses the last)."""
    if mask.isdigit():
        return int(mask)
    bits = ip_address(mask)
    ones = int(bits).bit_count()
    if int(bits) != ((1 << ones) - 1) << (bits.max_prefixlen - ones):
        raise ValueError(mask)
    return ones


def _address(text: str) -> Address:
    return _checked(lambda: ip_address(text), text)


def _checked(parse: Callable[[], _Parsed], text: str) -> _Parsed:
    try:
        return parse()
    except ValueError as error:
        raise ConfigDriveError(f"network_data.json: {text!r} with its mask is not an address: {error}") from error


def _prefixes(properties: dict[str, str], key: str) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(part.strip()) for part in properties.get(key, "").split(",") if part.strip())
    except ValueError as error:
        raise ConfigDriveError(f"meta_data.json: {key} is {properties[key]!r}; expected prefixes divided by commas: {error}") from error


def _port(text: str) -> int:
    if not text.isdigit() or not 0 < int(text) <= MAXIMUM_PORT:
        raise ConfigDriveError(f"meta_data.json: ringfence_ssh_port is {text!r}; expected 1 to {MAXIMUM_PORT}")
    return int(text)


def _hostname(text: str) -> str:
    label = text.partition(".")[0].lower()
    if not label or label.strip("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ConfigDriveError(f"meta_data.json: hostname {text!r} is not a host name (letters, digits and hyphens)")
    return label
