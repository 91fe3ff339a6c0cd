"""The model's answer for one packet, and the comparison with a switch's."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

from infra.neutron.compile import compile_fabric
from infra.policy.isolation.fabric import Direction
from tests.truth.neutron.cases import Case, Packet, packets, plain

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.services import Driver
    from infra.policy.isolation import Fabric

CARDS, RULES, PER_CARD = 90, 6, 260
"""Size of a case: at least 10,000 packets."""


class Model:
    """What the fabric says of one packet on one card."""

    def __init__(self, made: Case, driver: Driver) -> None:
        self._fabric: Fabric = compile_fabric(made.snapshot, driver)
        assert not self._fabric.unknowns, self._fabric.unknowns
        ends = self._fabric.endpoints
        self._classes = {name: int(filter_class) for name, filter_class in zip(ends.names, ends.filter_class, strict=True)}

    def passes(self, packet: Packet, *, implicit: bool) -> bool:
        """Tell whether some rectangle holds the packet."""
        allows = self._fabric.builder.allows(self._classes[packet.card.name], Direction(packet.direction))
        value, version = int(packet.peer), packet.peer.version
        return any(
            a.family == version and a.first <= value <= a.last and a.l4_lo <= packet.l4 < a.l4_hi and (implicit or not a.implicit)
            for a in allows
        )


def disagreements(asked: list[Packet], truth: Callable[[Packet], bool], model: Callable[[Packet], bool]) -> list[str]:
    """Return every packet on which the two differ, and check that both answers occur, or the comparison would mean nothing."""
    told = [(packet, truth(packet), model(packet)) for packet in asked]
    assert {answer for _, answer, _ in told} == {True, False}
    return [f"{packet}: the switch says {real}, the model {said}" for packet, real, said in told if real is not said]


def ask(made: Case, seed: int) -> list[Packet]:
    """Return the packets to ask about."""
    random = Random(seed)  # noqa: S311 - reproducible, not secret
    return [packet for card in made.cards for packet in packets(random, made.snapshot, card, PER_CARD)]


def rules_of(made: Case) -> list[dict[str, Any]]:
    """Return every rule with its group, as the translators want them."""
    return [{**plain(rule), "group": group.id} for group in made.snapshot.security_groups for rule in group.rules]
