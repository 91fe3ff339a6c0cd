"""Files for systemd-networkd and systemd-udevd: a name and a static configuration for each card (systemd.link(5), systemd.network(5))."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hardening.firstboot.plan import Card


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
        lines += ["", "[Route]", f"Destination={route.destination}", f"Gateway={route.gateway}"]
    return "\n".join(lines) + "\n"
