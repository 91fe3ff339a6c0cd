"""Mistakes in the model, one at a time: a comparison with a judge that notices none of them would mean nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

from infra.neutron.semantics.services import Driver, Service, Span, enforced

if TYPE_CHECKING:
    from infra.neutron.semantics.filters import Filters
    from infra.neutron.snapshot.parts import Rule
    from infra.reachability.fabric import Allow

Rectangles = Callable[["Filters", "Rule", int], list["Allow"]]
"""``Filters.rectangles``: what a rule lets pass."""


def one_port_more(real: Rectangles) -> Rectangles:
    """Break the model: TCP ranges end one port too late."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        wider = rule.port_range_max is not None and rule.protocol == "tcp"
        return [dataclasses.replace(a, l4_hi=a.l4_hi + 1) if wider else a for a in real(self, rule, number)]

    return broken


def no_codes(real: Rectangles) -> Rectangles:
    """Break the model: ICMP codes are ignored."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        icmp = rule.protocol in {"icmp", "1"}
        found = real(self, rule, number)
        return [dataclasses.replace(a, l4_lo=a.l4_lo & ~255, l4_hi=((a.l4_hi - 1) | 255) + 1) if icmp else a for a in found]

    return broken


def prefix_too_wide(real: Rectangles) -> Rectangles:
    """Break the model: every range of peers begins one address too early."""

    def broken(self: Filters, rule: Rule, number: int) -> list[Allow]:
        return [dataclasses.replace(a, first=max(0, a.first - 1)) for a in real(self, rule, number)]

    return broken


def forgotten(end: str) -> Callable[[Rectangles], Rectangles]:
    """Break the model: rules with this remote end let nothing pass."""

    def mistake(real: Rectangles) -> Rectangles:
        return lambda self, rule, number: [] if getattr(rule, end) else real(self, rule, number)

    return mistake


def as_ovn(_: Driver, service: Service) -> Span:
    """Break the model: protocol 0, ICMP type 255 and the ports of DCCP mean to iptables what they mean to OVN."""
    return enforced(Driver.OVN, service)
