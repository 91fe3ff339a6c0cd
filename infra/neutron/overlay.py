"""A snapshot under change: the records of the base, and what a plan puts over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.allocation import Allocation
from infra.neutron.store import records_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.neutron.plan import Plan, Resource

ADMIN = "(the provider's project)"
"""Stands for the admin's project when no base snapshot names the platform's."""

_Kind = TypeVar("_Kind", bound=model.Record)


class Overlay:
    """Records by kind and id. ``anonymous`` are those without an id of their own."""

    def __init__(self, plan: Plan, base: model.Snapshot | None) -> None:
        """Start from the base; without one, from nothing but the admin's project."""
        self.plan = plan
        self.anonymous: list[model.Record] = []
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
        self._remove()
        self.allocation = Allocation(self.all(model.Subnet), self.all(model.Port), self.all(model.Router), self.all(model.FloatingIp))

    def records(self) -> list[model.Record]:
        """Everything, as it will be."""
        return [*self._found.values(), *self.anonymous]

    def _remove(self) -> None:
        """Drop what the plan deletes; rules live inside their groups."""
        gone = self.plan.removed
        self._found = {key: record for key, record in self._found.items() if key[1] not in gone}
        for group in self.all(model.SecurityGroup):
            self.put(msgspec.structs.replace(group, rules=tuple(rule for rule in group.rules if rule.id not in gone)))

    def new(self, *kinds: str) -> Iterable[Resource]:
        """Resources that the base does not show already as they are."""
        ids = {identifier for _, identifier in self._found}
        return [resource for resource in self.plan.of(*kinds) if not (resource.kept and resource.id in ids)]

    def all(self, kind: type[_Kind]) -> list[_Kind]:
        """Return the records of a kind."""
        return [record for record in self._found.values() if isinstance(record, kind)]

    def put(self, record: model.Record) -> None:
        """Add a record, or replace the one with its id."""
        identifier: str = record.id  # type: ignore[attr-defined]
        self._found[type(record), identifier] = record

    def project(self, resource: Resource) -> str:
        """Return the project in which a resource is created: the named one, or that of its provider's credential."""
        named = self.plan.reference(resource, "tenantId", "Project") if "tenantId" in resource.state.inputs else ""
        provider = self.plan.provider(resource)
        if named or provider is None:
            return named or self.admin
        if "tenantId" in provider.state.inputs:
            return self.plan.reference(provider, "tenantId", "Project")
        credentials = self.plan.targets(provider, "applicationCredentialId", "ApplicationCredential")
        return self.project(credentials[0]) if credentials else self.admin

    def cidr(self, subnet: str) -> str:
        """Return the prefix of a subnet."""
        found = self.find(model.Subnet, subnet)
        return found.cidr if found else ""

    def change_port(self, identifier: str, **fields: object) -> None:
        """Change fields of a port. Raises ``SnapshotError`` when there is no such port."""
        found = self.find(model.Port, identifier)
        if found is None:
            raise SnapshotError(Problem("a port that is not there", where=self.plan.name, got=identifier))
        self.put(msgspec.structs.replace(found, **fields))

    def find(self, kind: type[_Kind], identifier: str) -> _Kind | None:
        """Return a record by its id."""
        found = self._found.get((kind, identifier))
        return found if isinstance(found, kind) else None
