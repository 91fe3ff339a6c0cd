"""From a cloud's rule back to the line that asked for it: rules of a running cloud are matched with the declared ones by their meaning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra.neutron.semantics.services import NotAcceptedError, Service, intended
from infra.neutron.snapshot.objects import Role
from infra.neutron.snapshot.parts import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.neutron.semantics.parties import Placed
    from infra.neutron.snapshot import Snapshot
    from infra.neutron.snapshot.objects import Project
    from infra.neutron.snapshot.parts import Rule

Meaning = tuple[str, str, int, int, str]
"""(direction, family, first and last layer-4 point, peer)."""


def attach(snapshot: Snapshot, declared: Snapshot, once: Snapshot | None = None, *, placed: Placed) -> Snapshot:
    """Return the snapshot with the source of every rule that the declarations ask for, by project, group and meaning.

    ``once`` are the declarations with the flows that have ended: a rule that only such a flow asked for leads to it all the same.
    ``placed`` says which project is which tenant's; groups match by name. In a declared project a rule without a match is nobody's,
    whatever the snapshot says of it: its words are those of other declarations. The digest stays that of the snapshot as it was taken:
    where a rule comes from changes nothing that is proven, and a certificate is about what was taken.
    """
    sources = _sources(declared)
    for place, ended in _sources(once).items() if once else ():
        sources[place] = {**ended, **sources.get(place, {})}
    ours = placed.parties(snapshot)
    meaning = _reader(snapshot)
    groups = []
    for group in snapshot.security_groups:
        if group.project_id in ours:
            known = sources.get((ours[group.project_id], group.name), {})
            rules = tuple(_with(rule, known.get(meaning(rule))) for rule in group.rules)
            groups.append(msgspec.structs.replace(group, rules=rules))
        else:
            groups.append(group)
    projects = tuple(_owned(project, ours) for project in snapshot.projects)
    unknowns = (*snapshot.unknowns, *placed.doubts)
    return msgspec.structs.replace(snapshot, security_groups=tuple(groups), projects=projects, unknowns=unknowns)


def _owned(project: Project, ours: Mapping[str, str]) -> Project:
    """Say of a project which tenant's it is."""
    tenant = ours.get(project.id, "") if project.role is Role.TENANT else ""
    known = project.source.tenant if project.source is not None else ""
    if tenant == known:
        return project
    return msgspec.structs.replace(project, source=Source(tenant=tenant) if tenant else None)


def _with(rule: Rule, source: Source | None) -> Rule:
    """Give a rule its source; without one it keeps the resource that made it, and nothing else."""
    if source is None:
        source = Source(urn=rule.source.urn) if rule.source is not None and rule.source.urn else None
    return rule if rule.source == source else msgspec.structs.replace(rule, source=source)


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
