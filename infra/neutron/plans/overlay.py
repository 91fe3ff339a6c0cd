"""A snapshot under change: the records of the base, and what a plan puts over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plans.allocation import Allocation
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.preview import OTHER_STATE
from infra.neutron.snapshot.store import records_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.neutron.plans.preview import Plan, Resource

ADMIN = "(the provider's project)"
"""Stands for the admin's project when no base snapshot names the platform's."""

DEFAULT = "default"
"""Name of the group that Neutron gives every project, and puts on ports that name none."""

_FAMILIES: tuple[Literal["IPv4", "IPv6"], ...] = ("IPv4", "IPv6")

_OTHER_LOGINS = ("tenantName", "applicationCredentialId", "applicationCredentialName", "userId", "userName", "token", "domainId")
"""Properties of a provider that lead to a project which the plan does not say."""

_Kind = TypeVar("_Kind", bound=model.Record)


class Overlay:
    """Records by kind and id. ``anonymous`` are those without an id of their own."""

    def __init__(self, plan: Plan, base: model.Snapshot | None) -> None:
        """Start from the base; without one, from nothing but the admin's project."""
        self.plan = plan
        self.anonymous: list[model.Record] = []
        self._thought: set[str] = set()
        self._doubts: dict[tuple[str, str], model.Unknown] = {}
        self._found: dict[tuple[type[model.Record], str], model.Record] = {}
        for record in records_of(base) if base is not None else ():
            if isinstance(record, model.DefaultRule | model.Unknown):
                self.anonymous.append(record)
            else:
                self.put(record)
        platform = [project.id for project in (base.projects if base else ()) if project.role is model.Role.PLATFORM]
        self.admin = platform[0] if platform else ADMIN
        if not platform:
            self.put(model.Project(id=ADMIN, name=ADMIN, role=model.Role.PLATFORM))
        self.take_stock()

    def take_stock(self) -> None:
        """Note which objects are there and which addresses are taken: once what the plan removes is gone, and before it makes anything."""
        self._shown = {identifier for _, identifier in self._found}
        self.allocation = Allocation(self.all(model.Subnet), self.all(model.Port), self.all(model.Router), self.all(model.FloatingIp))

    def records(self) -> list[model.Record]:
        """Everything, as it will be; default groups that were only thought of are left out where no port has them."""
        used = {group for port in self.all(model.Port) for group in port.security_groups} if self._thought else set()
        for identifier in self._thought - used:
            self.drop(model.SecurityGroup, identifier)
        return [*self._found.values(), *self.anonymous, *self._doubts.values()]

    def doubt(self, resource: Resource, reason: str) -> None:
        """Note that the plan does not say enough about a resource, or that the model does not know it: nothing is proven over it."""
        kind, name = resource.state.type, resource.state.urn.rpartition("::")[2]
        self._doubts[resource.state.urn, reason] = model.Unknown(type=kind, id=resource.id, name=name, reason=reason)

    def shows(self, resource: Resource) -> bool:
        """Tell whether the base shows a resource already as it is."""
        return resource.kept and resource.id in self._shown

    def new(self, *kinds: str) -> Iterable[Resource]:
        """Resources that the base does not show already as they are."""
        return [resource for resource in self.plan.of(*kinds) if not self.shows(resource)]

    def all(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the records of a kind."""
        return [record for record in self._found.values() if isinstance(record, kind)]

    def put(self, record: model.Record) -> None:
        """Add a record, or replace the one with its id."""
        identifier: str = record.id  # type: ignore[attr-defined] # whatever a plan makes has one
        self._found[type(record), identifier] = record

    def changed(self, kind: type[model.Record], identifier: str, **fields: object) -> model.Record:
        """Return the record with this id with some fields changed; what the plan does not say stays. A new one where there is none."""
        earlier = self.find(kind, identifier)
        if earlier is not None:
            return msgspec.structs.replace(earlier, **fields)
        return kind(id=identifier, **fields)

    def drop(self, kind: type[model.Record], identifier: str) -> bool:
        """Take a record away; tell whether it was there."""
        return self._found.pop((kind, identifier), None) is not None

    def project(self, resource: Resource) -> str:
        """Return the project in which a resource is created: the named one, or that of its provider's credential."""
        for name in ("tenantId", "projectId"):
            named = self.plan.reference(resource, name, ResourceKind.PROJECT)
            if named:
                return named
        provider = self.plan.provider(resource)
        if provider is None:
            return self.admin
        if "tenantId" in provider.state.inputs:
            return self.plan.reference(provider, "tenantId", ResourceKind.PROJECT)
        credentials = self.plan.targets(provider, "applicationCredentialId", ResourceKind.CREDENTIAL)
        asked = provider.text("applicationCredentialId")
        credentials += [found for found in self.plan.of(ResourceKind.CREDENTIAL) if asked and found.id == asked]
        if credentials:
            return self.project(credentials[0])
        if any(provider.state.inputs.get(name) for name in _OTHER_LOGINS):
            self.doubt(provider, "the plan does not say in which project this provider acts")
        return self.admin

    def default_group(self, project: str) -> str:
        """Return the id of a project's default group, which Neutron makes with the project; with its stock rules where nobody shows it."""
        for group in self.all(model.SecurityGroup):
            if group.name == DEFAULT and group.project_id == project:
                return group.id
        identifier = f"{project}/{DEFAULT}"
        self._thought.add(identifier)
        members = (model.Rule(direction="ingress", ethertype=family, remote_group_id=identifier) for family in _FAMILIES)
        out = (model.Rule(direction="egress", ethertype=family) for family in _FAMILIES)
        self.put(model.SecurityGroup(id=identifier, name=DEFAULT, project_id=project, rules=(*members, *out)))
        return identifier

    def stock_rules(self) -> tuple[model.Rule, ...]:
        """Return the rules that a new group gets: those of the base's template, or Neutron's own where the base shows none (row 12)."""
        template = [record for record in self.anonymous if isinstance(record, model.DefaultRule) and record.used_in_non_default_sg]
        if template:
            return tuple(msgspec.structs.replace(record.rule, id="") for record in template)
        return tuple(model.Rule(direction="egress", ethertype=family) for family in _FAMILIES)

    def cidr(self, subnet: str) -> str:
        """Return the prefix of a subnet."""
        found = self.find(model.Subnet, subnet)
        return found.cidr if found else ""

    def change_port(self, identifier: str, **fields: object) -> None:
        """Change fields of a port. Raises ``SnapshotError`` when there is no such port."""
        found = self.find(model.Port, identifier)
        if found is None:
            raise SnapshotError(Problem("a port that is not there", where=self.plan.name, got=identifier, hint=OTHER_STATE))
        self.put(msgspec.structs.replace(found, **fields))

    def find(self, kind: type[_Kind], identifier: str) -> _Kind | None:
        """Return a record by its id."""
        found = self._found.get((kind, identifier))
        return found if isinstance(found, kind) else None
