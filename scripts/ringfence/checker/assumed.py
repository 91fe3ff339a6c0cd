"""What certificates may take for granted, claim and name as profile: a certificate that says anything else proves nothing here.

A claim means what docs/proof.md says under the assumptions that it lists. Whoever adds an assumption weakens the claim.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

ASSUMPTIONS = (
    "Neutron, its agents, OVN or Open vSwitch, and the hypervisors do what their source says, and security groups are switched on.",
    "The snapshot is the whole cloud at one moment.",
    (
        "The networks outside route public addresses only: they hand a router that translates (enable_snat) no packet for RFC 1918, RFC "
        "6598, RFC 4193 or link-local addresses."
    ),
    "On a VLAN or flat network the only routers are Neutron's and the one at the subnet's gateway address.",
    (
        "Hosts of the platform (the bastion, agents) forward no packets between their network cards, unless a router's next hop is one "
        "that may send with addresses of others."
    ),
    "Two names of physical networks are two wires, and nothing outside Neutron joins two of its networks.",
    "A port sends no frames with VLAN tags of its own, unless it is on an untagged network and nothing filters it.",
    (
        "A port that calls itself Neutron's own is that, unless it names a known server or belongs to a project that Neutron would not "
        "have made it for."
    ),
    "A subnet pool never hands out overlapping prefixes.",
)
CHECKED, OTHERS = ("structure", "packets"), ("public", "management", "declared")
"""Claims that are checked here, and those for which the prover alone answers."""
PROFILES = ("ovn", "ovs", "iptables_hybrid", "widest")


def strange(certificate: dict[str, Any]) -> Iterator[str]:
    """Yield what is not known in the certificate's assumptions, profile and claims."""
    told = certificate["assumptions"]
    yield from (f"takes for granted what nobody should: {sentence}" for sentence in told if sentence not in ASSUMPTIONS)
    yield from (f"does not say that it takes for granted: {sentence}" for sentence in ASSUMPTIONS if sentence not in told)
    yield from [f"is under an unknown profile: {certificate['profile']}"] if certificate["profile"] not in PROFILES else []
    yield from (f"claims what is not known: {claim}" for claim in certificate["claims"] if claim not in CHECKED + OTHERS)


def stated(certificate: dict[str, Any]) -> Iterator[str]:
    """Yield what a certificate that was accepted rests on, and what it says besides."""
    yield f"under: {certificate['profile']}"
    yield from (f"not checked: {claim}" for claim in certificate["claims"] if claim in OTHERS)
    yield from (f"assumed: {sentence}" for sentence in certificate["assumptions"])
