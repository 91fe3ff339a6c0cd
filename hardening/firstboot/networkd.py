"""Files for systemd-networkd and systemd-udevd: a name and a static configuration for each card (systemd.link(5), systemd.network(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.firstboot.config_drive import Address, Network
    from hardening.firstboot.plan import Card

FIRST_ZONE = "zone0"


def link_file(card: Card) -> str:
    """Give the card its name; found by its permanent MAC, so that a changed address does not move the name."""
    return f"[Match]\nPermanentMACAddress={card.nic.mac}\n\n[Link]\nName={card.name}\n"


def network_file(card: Card) -> str:
    """Addresses and routes of the card, found by the name that only its link file gives: a card that nobody named gets no address.

    Nothing is learned from the network: no router advertisements, no link-local IPv4, no LLMNR, mDNS or LLDP, and IPv6 is off on a card
    without an IPv6 address.
    """
    nic = card.nic
    has_ipv6 = any(address.version == 6 for address in nic.addresses)  # noqa: PLR2004 - the family's own name
    lines = [
        "[Match]",
        f"Name={card.name}",
        "",
        "[Link]",
        *([f"MTUBytes={nic.mtu}"] if nic.mtu else []),
        "RequiredForOnline=no",
        "",
        "[Network]",
        f"DHCP={'ipv4' if nic.dhcp4 else 'no'}",
        f"LinkLocalAddressing={'ipv6' if has_ipv6 else 'no'}",
        "IPv6AcceptRA=no",
        "LLMNR=no",
        "MulticastDNS=no",
        "LLDP=no",
        *(f"Address={address}" for address in nic.addresses),
    ]
    for route in nic.routes:
        if not route.is_default or card.table == 0 or card.name == FIRST_ZONE:
            lines += _route(route.destination, route.gateway)
    return "\n".join(lines + _own_table(card)) + "\n"


def _own_table(card: Card) -> list[str]:
    """What is sent from the card's own addresses is routed by the card's own table: its segment, and its own routes.

    Only the first zone's default route is in the main table as well: what the server opens by itself has one way out.
    """
    if card.table == 0:
        return []
    lines: list[str] = []
    for address in card.nic.addresses:
        lines += ["", "[RoutingPolicyRule]", f"From={address.ip}", f"Table={card.table}"]
        lines += _route(address.network, None, card.table)
    for route in card.nic.routes:
        lines += _route(route.destination, route.gateway, card.table)
    return lines


def _route(destination: Network, gateway: Address | None, table: int = 0) -> list[str]:
    lines = ["", "[Route]", f"Destination={destination}"]
    lines += [f"Gateway={gateway}"] if gateway else []
    return lines + ([f"Table={table}"] if table else [])
