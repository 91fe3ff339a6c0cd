"""The model's answer for one packet, and the comparison with a switch's."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from infra.neutron.lint.linter import service_of
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.filters import Filters
from infra.neutron.semantics.services import intended
from infra.reachability.fabric import Direction
from tests.truth.counts import Count
from tests.truth.neutron.cases import Case, Packet, packets, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.semantics.services import Driver
    from infra.reachability.fabric import Fabric

CARDS, RULES, PER_CARD = 90, 6, 320
"""Size of a case: at least 10,000 packets."""
PACKETS = 10_000
"""Least number of packets of one seed."""


class Model:
    """What the fabric says of one packet on one card."""

    def __init__(self, made: Case, driver: Driver) -> None:
        self._fabric: Fabric = compile_fabric(made.snapshot, driver)
        assert not self._fabric.unknowns, self._fabric.unknowns
        ends = self._fabric.endpoints
        self._classes = {name: int(filter_class) for name, filter_class in zip(ends.names, ends.filter_class, strict=True)}
        self._groups = {port.name: port.security_groups for port in made.snapshot.ports}
        self._rules = {group.id: group.rules for group in made.snapshot.security_groups}

    def passes(self, packet: Packet, *, implicit: bool) -> bool:
        """Tell whether some rectangle holds the packet."""
        allows = self._fabric.builder.allows(self._classes[packet.card.name], Direction(packet.direction))
        value, version = int(packet.peer), packet.peer.version
        return any(
            a.family == version and a.first <= value <= a.last and a.l4_lo <= packet.l4 < a.l4_hi and (implicit or not a.implicit)
            for a in allows
        )

    def said(self, packet: Packet) -> bool:
        """Tell whether the API's words let a packet pass, whatever the driver makes of them."""
        filters = self._fabric.builder
        assert isinstance(filters, Filters)
        return any(
            rule.direction == packet.direction
            and intended(service_of(rule)).lo <= packet.l4 < intended(service_of(rule)).hi
            and any(f == packet.peer.version and first <= int(packet.peer) <= last for f, first, last in filters.peers(rule))
            for group in self._groups[packet.card.name]
            for rule in self._rules[group]
        )


@dataclass(frozen=True)
class Told:
    """What a switch, the model and the API's words say of one packet."""

    packet: Packet
    real: bool
    model: bool
    said: bool

    def __str__(self) -> str:
        """Render a disagreement."""
        return f"{self.packet}: the switch says {self.real}, the model {self.model}"


def compare(asked: list[Packet], truth: Callable[[Packet], bool], model: Model, *, implicit: bool) -> list[Told]:
    """Return what everybody says of every packet, and check that both answers occur, or the comparison would mean nothing."""
    told = [Told(packet, truth(packet), model.passes(packet, implicit=implicit), model.said(packet)) for packet in asked]
    assert {one.real for one in told} == {True, False}
    return told


def nothing(_: Told) -> bool:
    """No difference is known."""
    return False


def disagreements(told: list[Told], known: Callable[[Told], bool] = nothing) -> list[str]:
    """Return every packet on which switch and model differ, but for a known way to differ."""
    return [str(one) for one in told if one.real is not one.model and not known(one)]


def judged(judge: str, told: list[Told], seconds: float, known: Callable[[Told], bool] = nothing) -> Count:
    """Count what a switch was asked."""
    return Count(
        judge,
        asked=len(told),
        passed=sum(one.real for one in told),
        explained=sum(one.real is one.model is not one.said or known(one) for one in told),
        disagreements=len(disagreements(told, known)),
        seconds=seconds,
    )


def ask(made: Case, seed: int) -> list[Packet]:
    """Return the packets to ask about."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    return [packet for card in made.cards for packet in packets(random, made.snapshot, card, PER_CARD)]


def rules_of(made: Case) -> list[dict[str, Any]]:
    """Return every rule with its group, as the translators want them."""
    return [{**plain(rule), "group": group.id} for group in made.snapshot.security_groups for rule in group.rules]
