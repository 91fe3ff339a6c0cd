"""A policy in words: one sentence per rule, for people who review it and for the golden files that hold the expansion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.policy.rules import Direction

if TYPE_CHECKING:
    from infra.policy.rules import Group, Rule, TenantPolicy

VERBS = {Direction.INGRESS: ("accepts", "from"), Direction.EGRESS: ("sends", "to")}


def describe(policy: TenantPolicy) -> str:
    """Return what a tenant's groups allow and which NICs carry them; every line is a sentence, the order is the policy's."""
    lines = [line for group in policy.groups.values() for line in _sentences(group)]
    for nic in policy.nics:
        addresses = " and ".join(map(str, nic.addresses))
        lines.append(f"{nic.server} in zone {nic.zone} is {addresses} and carries {' and '.join(nic.groups) or 'nothing'}.")
    return "\n".join(lines) + "\n"


def _sentences(group: Group) -> list[str]:
    said = dict.fromkeys(_sentence(group.name, rule) for rule in group.rules)
    return list(said) or [f"{group.name} allows nothing."]


def _sentence(group: str, rule: Rule) -> str:
    verb, preposition = VERBS[rule.direction]
    peer = f"the IPv{int(rule.family)} {rule.peer_set}" if rule.peer_set else str(rule.peer)
    return f"{group} {verb} {rule.match} {preposition} {peer}: flow {rule.origin.flow}."
