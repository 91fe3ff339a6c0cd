"""Who is who: which projects are the platform's, and which project is a declared tenant's.

A project's name proves nothing by itself: names are unique in one domain only, and whoever administers a domain chooses them. So a
project is trusted by its id, or by its name together with the domain that the platform's declaration names. Everybody else is a tenant,
and a namesake of somebody declared is another party, to whom nothing is allowed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import msgspec

from infra.declaration import names
from infra.declaration.platform import DOMAIN
from infra.errors import QuestionError
from infra.neutron.snapshot import objects as model

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from infra.neutron.snapshot import Snapshot

NAMED = "its id was named as the platform's"
DECLARED = "the platform's declaration has its id"
OPTION = "--platform ID"
_BY_NAME = f"it is named {names.PLATFORM} in the domain"
_PROJECT = "project"


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the operator trusts: projects by ``named`` ids (the option) and ``declared`` ids, or by name in ``domain`` (its id or name)."""

    named: frozenset[str] = frozenset()
    declared: frozenset[str] = frozenset()
    domain: str = DOMAIN

    def holds(self, domains: Domains, project: model.Project) -> bool | None:
        """Tell whether a project is in the domain; ``None`` when that is not told."""
        return None if not project.domain_id else project.domain_id == domains.identify(self.domain)


@dataclass(frozen=True, slots=True)
class Domains:
    """The domains that projects show, by their names. An id goes before a name, which its owner may choose."""

    ids: frozenset[str]
    by_name: dict[str, str]

    @classmethod
    def of(cls, projects: Iterable[model.Project]) -> Domains:
        """Collect the domains of some projects."""
        shown = [project for project in projects if project.domain_id]
        return cls(frozenset(p.domain_id for p in shown), {p.domain: p.domain_id for p in shown if p.domain})

    def identify(self, text: str) -> str:
        """Return the id of a domain that is written as its id or its name."""
        return text if text in self.ids else self.by_name.get(text, text)


def trusting(records: Iterable[model.Record], trust: Trust) -> Iterator[model.Record]:
    """Yield records as they come, each project with its role; projects come first in every source.

    Raises:
        QuestionError: an id that was named is no project's.
    """
    stream = iter(records)
    projects: list[model.Project] = []
    for record in stream:
        if not isinstance(record, model.Project):
            stream = chain((record,), stream)
            break
        projects.append(record)
    roles, doubts = with_roles(projects, trust)
    yield from roles
    yield from stream
    yield from doubts


def trusted(snapshot: Snapshot, trust: Trust) -> Snapshot:
    """Return a snapshot that was taken earlier with the roles that the operator's words come to, and why. Its digest stays what it was.

    Raises:
        QuestionError: an id that was named is no project's.
    """
    roles, doubts = with_roles(snapshot.projects, trust, earlier=True)
    others = tuple(unknown for unknown in snapshot.unknowns if unknown.type != _PROJECT)
    return msgspec.structs.replace(snapshot, projects=tuple(roles), unknowns=(*others, *doubts))


def same_roles(one: Snapshot, other: Snapshot) -> bool:
    """Tell whether two snapshots trust the same projects, and doubt the same."""
    return all(a.role is b.role for a, b in zip(one.projects, other.projects, strict=True)) and one.unknowns == other.unknowns


def with_roles(
    projects: Sequence[model.Project], trust: Trust, *, earlier: bool = False
) -> tuple[list[model.Project], list[model.Unknown]]:
    """Return the projects with their roles, and what cannot be told about them.

    ``earlier``: the projects have roles already, which somebody gave them when the snapshot was taken. A reason that is written beside a
    role stands; a role without one is what the project's name came to in a release that looked at nothing else.
    """
    _refuse_strangers(projects, trust)
    by_id = {project.id: reason for project in projects if (reason := _by_id(project, trust, earlier=earlier))}
    settled = bool(trust.declared) or any(project.name == names.PLATFORM for project in projects if project.id in by_id)
    by_name = _candidates(projects, trust, earlier=earlier) if not settled else []
    doubts: list[model.Unknown] = []
    if len(by_name) == 1 and (earlier or trust.holds(Domains.of(projects), by_name[0])):
        by_id[by_name[0].id] = _by_name(by_name[0])
    elif by_name:
        doubts = [_doubt(project, by_name) for project in by_name]
    return [_roled(project, by_id.get(project.id)) for project in projects], doubts


def _by_id(project: model.Project, trust: Trust, *, earlier: bool) -> str:
    """Return why an id is trusted; empty when nobody says so."""
    if project.id in trust.named:
        return NAMED
    if project.id in trust.declared:
        return DECLARED
    kept = earlier and project.role is model.Role.PLATFORM and (project.trusted or project.name != names.PLATFORM)
    return (project.trusted or "the snapshot says so") if kept else ""


def _candidates(projects: Sequence[model.Project], trust: Trust, *, earlier: bool) -> list[model.Project]:
    """Return the projects that have the platform's name and are, as far as is told, in its domain."""
    domains = Domains.of(projects)
    named = [project for project in projects if project.name == names.PLATFORM and trust.holds(domains, project) is not False]
    return [project for project in named if project.role is model.Role.PLATFORM] if earlier else named


def _by_name(project: model.Project) -> str:
    return f"{_BY_NAME} {project.domain or project.domain_id}" if project.domain_id else f"it is the only one named {names.PLATFORM}"


def _doubt(project: model.Project, candidates: Sequence[model.Project]) -> model.Unknown:
    if len(candidates) == 1:
        reason = f"its domain is not told, so its name proves nothing: say {OPTION}, or name its id in the platform's declaration"
    else:
        ids = ", ".join(candidate.id for candidate in candidates)
        reason = f"{len(candidates)} projects have this name ({ids}), and nothing tells which is the platform's: say {OPTION}"
    return model.Unknown(type=_PROJECT, id=project.id, name=f"{project.name} ({project.id})", reason=reason)


def _roled(project: model.Project, reason: str | None) -> model.Project:
    role = model.Role.TENANT if reason is None else model.Role.PLATFORM
    if (role, reason or "") == (project.role, project.trusted):
        return project
    return msgspec.structs.replace(project, role=role, trusted=reason or "")


def _refuse_strangers(projects: Sequence[model.Project], trust: Trust) -> None:
    known = {project.id for project in projects}
    for text in sorted(trust.named - known):
        ids = ", ".join(project.id for project in projects if project.name == text)
        hint = f"name an id, as names prove nothing: {ids}" if ids else "`openstack project list` prints the ids"
        raise QuestionError.of("no project of the state has this id", where=OPTION, expected="a project's id", got=text, hint=hint)


@dataclass(frozen=True, slots=True)
class Placed:
    """Which project is which declared tenant's: ``ids`` by tenant. ``namesakes`` have a declared name and are somebody else."""

    ids: dict[str, str] = field(default_factory=dict)
    namesakes: tuple[model.Project, ...] = ()
    doubts: tuple[model.Unknown, ...] = ()

    def parties(self, snapshot: Snapshot) -> dict[str, str]:
        """Return what the declarations call the projects that they are about, by id: the tenants' names and the platform's."""
        platform = (project.id for project in snapshot.projects if project.role is model.Role.PLATFORM)
        return dict.fromkeys(platform, names.PLATFORM) | {project: tenant for tenant, project in self.ids.items()}


def place(snapshot: Snapshot, tenants: Iterable[str], trust: Trust) -> Placed:
    """Find the declared tenants among the projects of a snapshot: by name, in the declared domain."""
    domains = Domains.of(snapshot.projects)
    named: dict[str, list[model.Project]] = defaultdict(list)
    for project in snapshot.projects:
        named[project.name or project.id].append(project)
    ids: dict[str, str] = {}
    others: list[model.Project] = []
    doubts: list[model.Unknown] = []
    for tenant in (*tenants, names.PLATFORM):
        found = named.get(names.project(tenant), [])
        fitting = [p for p in found if p.role is model.Role.TENANT and trust.holds(domains, p) is not False]
        fitting = [p for p in found if p.role is model.Role.PLATFORM] if tenant == names.PLATFORM else fitting
        others.extend(project for project in found if project not in fitting)
        if tenant == names.PLATFORM:
            continue
        if len(fitting) > 1:
            doubts.extend(_twin(project, fitting) for project in fitting)
        elif fitting:
            ids[tenant] = fitting[0].id
    return Placed(ids, tuple(others), tuple(doubts))


def _twin(project: model.Project, twins: Sequence[model.Project]) -> model.Unknown:
    ids = ", ".join(twin.id for twin in twins)
    reason = f"{len(twins)} projects have the name of a declared tenant ({ids}), and their domains are not told: take the snapshot again"
    return model.Unknown(type=_PROJECT, id=project.id, name=f"{project.name} ({project.id})", reason=reason)


def labels(projects: Sequence[model.Project]) -> dict[str, str]:
    """Return what every project is called where people read it, by id: its name where that means one project, else name and id.

    Of several with one name, the one that is a declared tenant's or the platform's keeps the name for itself.
    """
    count = Counter(project.name or project.id for project in projects)
    found: dict[str, str] = {}
    taken: set[str] = set()
    for project in projects:
        name = project.name or project.id
        known = project.role is model.Role.PLATFORM or (project.source is not None and project.source.tenant == name)
        if count[name] == 1 or (known and name not in taken):
            found[project.id] = name
            taken.add(name)
    for project in projects:
        label = project.name or project.id
        while project.id not in found:
            label = f"{label} ({project.id})"
            if label not in taken and label not in count:
                found[project.id] = label
                taken.add(label)
    return found
