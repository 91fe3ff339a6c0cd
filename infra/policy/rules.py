"""The one policy object: the rules that a tenant's flows come to, for every group and every network card.

Neutron's security groups, the guests' nftables, the probe matrix, the expected proof and the documentation are all rendered from
:class:`TenantPolicy`, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    from infra.declaration.model import Address, Network, Protocol


class Direction(StrEnum):
    """Seen from the server: ``ingress`` is towards it."""

    INGRESS = "ingress"
    EGRESS = "egress"


class Family(IntEnum):
    """Address family, by IP version."""

    IPV4 = 4
    IPV6 = 6


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a rule comes from: the flow and the line of the declaration that asked for it."""

    tenant: str
    flow: str
    owner: str
    reason: str
    file: str = ""
    line: int = 0
    expires: date | None = None

    @property
    def key(self) -> str:
        """The key of the declaration that asked for it: a tenant's flow, or a service of the platform, whose key has a dot already."""
        return self.flow if "." in self.flow else f"flows.{self.flow}"


@dataclass(frozen=True, slots=True, order=True)
class Match:
    """Protocol and ports, or ICMP type and code, of a rule; ``None`` on both ends means every port or type.

    ``first``/``last`` are the closed port range for protocols with ports. For ICMP ``first`` is the type and ``last`` the code or ``None``,
    the same convention as Neutron's port_range_min/max (``neutron/db/securitygroups_db.py``).
    """

    protocol: Protocol
    first: int | None = None
    last: int | None = None

    def admits(self, protocol: Protocol, first: int | None = None, last: int | None = None) -> bool:
        """Whether a packet is meant: its protocol, and its destination port, or its ICMP type and code, where it has them."""
        if protocol != self.protocol:
            return False
        if self.first is None:
            return True
        if protocol.has_types:
            return first == self.first and self.last in {None, last}
        return first is not None and self.last is not None and self.first <= first <= self.last

    def __str__(self) -> str:
        """Render as people say it: ``tcp 443``, ``udp 8000-8010``, ``icmp type 8``, ``esp``."""
        if self.first is None:
            return self.protocol.value
        if self.protocol.has_types:
            return f"{self.protocol} type {self.first}" + ("" if self.last is None else f" code {self.last}")
        return f"{self.protocol} {self.first}" + ("" if self.first == self.last else f"-{self.last}")


@dataclass(frozen=True, slots=True)
class Rule:
    """One stateful allow: packets of ``match`` from (ingress) or to (egress) ``peer``; replies are implied."""

    direction: Direction
    family: Family
    match: Match
    peer: Network
    origin: Origin
    peer_set: str = ""
    """Name of the set that ``peer`` is one prefix of (``internet``): renderers name the set instead of each prefix."""


@dataclass(frozen=True, slots=True)
class Group:
    """A named set of rules, rendered as one Neutron security group. The name is an API: it is part of resource names."""

    name: str
    description: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Nic:
    """One network card of a server in a zone, with its fixed addresses and the names of the groups it carries."""

    server: str
    zone: str
    addresses: tuple[Address, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TenantPolicy:
    """Everything that is allowed for a tenant; what is not in here is denied.

    ``groups`` has one group per zone (``zone-<zone>``), one per server that a flow names (``server-<server>``) and ``management``.
    ``nics`` lists the NICs in zones; every server also has one management NIC that carries exactly ``management``, and whose
    address Neutron assigns from the platform's pool.
    """

    tenant: str
    groups: dict[str, Group]
    nics: tuple[Nic, ...]

    def nic_rules(self, nic: Nic) -> tuple[Rule, ...]:
        """Rules in force on a NIC in a zone: the union of its groups, in the order of the groups."""
        return tuple(rule for name in nic.groups for rule in self.groups[name].rules)

    def server_nics(self, server: str) -> tuple[Nic, ...]:
        """The NICs of a server in zones, in the order of the declaration."""
        return tuple(nic for nic in self.nics if nic.server == server)
