"""Decide what every card of this server is for: which one is management, how they are named, which of them carries a default route."""

from __future__ import annotations

from typing import NamedTuple

from hardening.firstboot.config_drive import ConfigDriveError, MetaData, Network, NetworkData, Nic

MANAGEMENT = "mgmt0"
FIRST_TABLE = 100


class Card(NamedTuple):
    """A card with its name: ``mgmt0``, or ``zone0``, ``zone1``, ... in the order of the server's zones.

    ``table`` is the routing table of what is sent from the card's own addresses, 0 when the main table does for all. A server in several
    zones needs one for each: an answer must leave by the card that was asked, or it would be a spoofed packet on the other card.
    """

    name: str
    nic: Nic
    table: int = 0


class Plan(NamedTuple):
    """What the first boot makes of the config drive; ``ssh_from`` is never empty."""

    hostname: str
    keys: tuple[str, ...]
    role: str
    cards: tuple[Card, ...]
    ssh_from: tuple[Network, ...]
    ssh_port: int
    forward_to: tuple[Network, ...]
    resolvers: tuple[str, ...]

    @property
    def management(self) -> Nic:
        """The management card."""
        return next(card.nic for card in self.cards if card.name == MANAGEMENT)


def make_plan(network: NetworkData, meta: MetaData) -> Plan:
    """Put both files together.

    Raises:
        ConfigDriveError: no card or more than one card can be the management card, it has no address, or nobody may open SSH on it.
    """
    management = _management(network.nics, meta.management_mac)
    if not management.addresses and not management.dhcp4:
        raise ConfigDriveError(f"management card {management.mac} has no address: the server could never be reached")
    ssh_from = meta.ssh_from or tuple(route.destination for route in management.routes if not route.is_default)
    if not ssh_from:
        raise ConfigDriveError("nobody may open SSH: set the property ringfence_ssh_from, or a route on the management subnet")
    zones = [nic for nic in network.nics if nic is not management]
    return Plan(
        hostname=meta.hostname,
        keys=meta.keys,
        role=meta.role,
        cards=(Card(MANAGEMENT, management), *(_zone(index, nic, len(zones)) for index, nic in enumerate(zones))),
        ssh_from=ssh_from,
        ssh_port=meta.ssh_port,
        forward_to=meta.forward_to if meta.role == "bastion" else (),
        resolvers=tuple(map(str, network.resolvers)),
    )


def _management(nics: tuple[Nic, ...], mac: str) -> Nic:
    """The card that is named by its MAC; else the only one; else the only one that has routes but no default route."""
    if mac:
        candidates = [nic for nic in nics if nic.mac == mac]
    elif len(nics) == 1:
        candidates = list(nics)
    else:
        candidates = [nic for nic in nics if nic.routes and not any(route.is_default for route in nic.routes)]
    if len(candidates) != 1:
        found = ", ".join(nic.mac for nic in candidates) or "none"
        raise ConfigDriveError(f"expected one management card ({mac or 'told by its routes'}), found {found}: set ringfence_management_mac")
    return candidates[0]


def _zone(index: int, nic: Nic, zones: int) -> Card:
    return Card(f"zone{index}", nic, FIRST_TABLE + index if zones > 1 else 0)
