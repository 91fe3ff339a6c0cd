"""Security groups and address groups of the cloud against the declaration, both ways, and who is in them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.found import owner
from infra.drift.wanted import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.drift.deviation import ComparedObject
    from infra.drift.found import Json
    from infra.drift.scope import Scope
    from infra.drift.wanted import Rule, Wanted
    from infra.outcome import Deviation

DEFAULT = "default"
"""The group that Neutron gives every project; it cannot be declared, only emptied."""


def rules(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare every group's rules; the project's default group has none."""
    pairs, others, problems = scope.match("groups", wanted.groups)
    yield from problems
    defaults = scope.made.ids("default_groups")
    peers = {row["id"]: name for name, row in scope.match("address_groups", wanted.address_groups)[0].items()}
    for row in others:
        if row["id"] in defaults:
            yield from _rules(scope, scope.subject("groups", row, DEFAULT), row, frozenset(), peers)
        else:
            yield scope.undeclared("groups", row)
    for name, row in pairs.items():
        group = scope.subject("groups", row, name)
        yield from _rules(scope, group, row, wanted.groups[name], peers)
        yield from group.unusual(row, {"stateful": True})
        yield from scope.owned(group, row)


def _rules(scope: Scope, group: ComparedObject, row: Json, wanted: frozenset[Rule], peers: Mapping[str, str]) -> Iterator[Deviation]:
    found = {_found(scope, rule, peers): rule for rule in row["security_group_rules"]}
    for rule in sorted(found.keys() - wanted):
        undo = f"openstack security group rule delete {found[rule].get('id', '')}"
        yield group.further(f"undeclared rule in {group.name}: {' '.join(rule)}", undo)
    yield from (group.missing(f"missing rule in {group.name}: {' '.join(rule)}") for rule in sorted(wanted - found.keys()))


def _found(scope: Scope, rule: Json, peers: Mapping[str, str]) -> Rule:
    """Return a rule as :mod:`infra.drift.wanted` puts it; an address group goes by its declared name only if it is the stack's."""
    members, group = rule.get("remote_address_group_id"), rule["remote_group_id"]
    peer = rule["remote_ip_prefix"] or "any"
    if members:
        peer = peers.get(members) or f"address group {scope.names.of('address_groups', members)}"
    elif group:
        peer = f"security group {scope.names.of('groups', group)}"
    return (rule["direction"], rule["ethertype"], rule["protocol"] or "any", numbers(rule["port_range_min"], rule["port_range_max"]), peer)


def members(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Find every port that is in a group and not declared to be: a rule that admits the group, or its own rules, are for it too."""
    ids = {row["id"]: name for name, row in scope.match("groups", wanted.groups)[0].items()}
    ids |= dict.fromkeys(scope.made.ids("default_groups"), DEFAULT)
    ports = {row["id"]: name for name, row in scope.match("ports", wanted.ports)[0].items()}
    for group, name in ids.items():
        for row in scope.whole.by["group"].get(group, ()):
            declared = wanted.ports[ports[row["id"]]].groups if row["id"] in ports else frozenset()
            if name not in declared:
                port = scope.subject("ports", row)
                text = f"security group {name} is on {port} of {scope.names.project(owner(row))}"
                yield port.further(text, f"openstack port unset --security-group {group} {port.id}")


def address_groups(scope: Scope, wanted: Wanted) -> Iterator[Deviation]:
    """Compare address groups and their prefixes."""
    pairs, problems = scope.compared("address_groups", wanted.address_groups)
    yield from problems
    for name, row in pairs.items():
        group, found, declared = scope.subject("address_groups", row, name), set(row["addresses"]), wanted.address_groups[name]
        if found - declared:
            yield group.further(f"undeclared prefixes in {name}: {', '.join(sorted(found - declared))}")
        if declared - found:
            yield group.missing(f"missing prefixes in {name}: {', '.join(sorted(declared - found))}")
        yield from scope.owned(group, row)
        yield from group.differing(row, {"name": name})
