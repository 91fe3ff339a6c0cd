"""From a cloud's rule back to the line that asked for it: rules of a running cloud are matched with the declared ones by their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra.neutron.services import NotAcceptedError, Service, intended

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.neutron.parts import Rule, Source
    from infra.neutron.snapshot import Snapshot

Meaning = tuple[str, str, int, int, str]
"""(direction, family, first and last layer-4 point, peer)."""


def attach(snapshot: Snapshot, declared: Snapshot, once: Snapshot | None = None) -> Snapshot:
    """Return the snapshot with the source of every rule that the declarations ask for, by project, group and meaning.

    ``once`` are the declarations with the flows that have ended: a rule that only such a flow asked for leads to it all the same.
    Groups and projects match by name. A rule without a match keeps what it has: nothing asked for it. The digest stays that of the
    snapshot as it was taken: where a rule comes from changes nothing that is proven, and a certificate is about what was taken.
    """
    sources = _sources(declared)
    for place, ended in _sources(once).items() if once else ():
        sources[place] = {**ended, **sources.get(place, {})}
    projects = {project.id: project.name for project in snapshot.projects}
    meaning = _reader(snapshot)
    groups = []
    for group in snapshot.security_groups:
        known = sources.get((projects.get(group.project_id, ""), group.name), {})
        rules = tuple(_with(rule, known.get(meaning(rule))) for rule in group.rules)
        groups.append(msgspec.structs.replace(group, rules=rules))
    return msgspec.structs.replace(snapshot, security_groups=tuple(groups))


def _with(rule: Rule, source: Source | None) -> Rule:
    return rule if source is None else msgspec.structs.replace(rule, source=source)


def _sources(declared: Snapshot) -> dict[tuple[str, str], dict[Meaning, Source]]:
    projects = {project.id: project.name or project.id for project in declared.projects}
    meaning = _reader(declared)
    return {
        (projects[group.project_id], group.name): {meaning(rule): rule.source for rule in group.rules if rule.source}
        for group in declared.security_groups
    }


def _reader(snapshot: Snapshot) -> Callable[[Rule], Meaning]:
    """Return what tells a rule's meaning; address groups go by their names."""
    names = {group.id: group.name for group in snapshot.address_groups}

    def meaning(rule: Rule) -> Meaning:
        family = 6 if rule.ethertype == "IPv6" else 4
        try:
            span = intended(Service(family, rule.protocol, rule.port_range_min, rule.port_range_max))
            lo, hi = span.lo, span.hi
        except NotAcceptedError:
            lo, hi = 0, 0
        peer = rule.remote_ip_prefix or rule.remote_group_id or names.get(rule.remote_address_group_id or "", "")
        return rule.direction, rule.ethertype, lo, hi, peer or ""

    return meaning
