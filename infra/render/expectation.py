"""What ought to happen to one packet, from the policy alone: the naive reading of the rules that every faster or remoter one is held to.

Whether there is a path at all, between two tenants or to the outside, is a matter of topology and not of this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from infra.policy.rules import Direction

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Address, Protocol
    from infra.policy.rules import Nic, Rule, TenantPolicy


class Expected(StrEnum):
    """What ought to happen to a packet."""

    ALLOWED = "allowed"
    DENIED = "denied"


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a communication.

    ``first`` is the destination port, or the ICMP type with ``last`` as its code; both are ``None`` for protocols that have neither.
    Raises ``ValueError`` when the addresses are of two families.
    """

    source: Address
    destination: Address
    protocol: Protocol
    first: int | None = None
    last: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no host could send."""
        if self.source.version != self.destination.version:
            message = f"{self.source} and {self.destination} are of two address families"
            raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What ought to happen, and the rules that say so: none on a side that has no policy, or whose policy has no such rule."""

    expected: Expected
    leaves_by: Rule | None = None
    arrives_by: Rule | None = None


def deciding_rule(rules: Iterable[Rule], direction: Direction, packet: Packet) -> Rule | None:
    """Return the first rule that allows a packet in a direction, if any does; the peer is the other end as this end sees it."""
    peer = packet.source if direction is Direction.INGRESS else packet.destination
    meant = (rule for rule in rules if rule.direction is direction and peer in rule.peer)
    return next((rule for rule in meant if rule.match.admits(packet.protocol, packet.first, packet.last)), None)


def judge(packet: Packet, sender: Iterable[Rule] | None, receiver: Iterable[Rule] | None) -> Judgement:
    """Judge a packet by the rules in force at both ends; ``None`` for an end outside the tenant, which is not ours to filter."""
    leaves = deciding_rule(sender, Direction.EGRESS, packet) if sender is not None else None
    arrives = deciding_rule(receiver, Direction.INGRESS, packet) if receiver is not None else None
    allowed = (sender is None or leaves is not None) and (receiver is None or arrives is not None)
    return Judgement(Expected.ALLOWED if allowed else Expected.DENIED, leaves, arrives)


def between(policy: TenantPolicy, source: Nic, destination: Nic, packet: Packet) -> Judgement:
    """Judge a packet between two NICs of one tenant; a NIC sends from, and takes packets for, its own addresses only."""
    if packet.source not in source.addresses or packet.destination not in destination.addresses:
        return Judgement(Expected.DENIED)
    return judge(packet, policy.nic_rules(source), policy.nic_rules(destination))
