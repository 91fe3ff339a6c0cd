"""What identifies an object in two states: its kind, whose it is and its name; ids are not the same before and after a cloud exists.

Names are an interface here (:mod:`infra.declaration.names`), but Neutron keeps none of them unique. So a name counts together with its
owner, and of several objects of one owner with one name only one can be the declared one: the one that most ports hang on. The others go
by their ids as well.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from infra.declaration import names
from infra.neutron.owners import is_router_port
from infra.neutron.semantics.parties import labels
from infra.neutron.snapshot import Role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.neutron.snapshot import Snapshot


class Reference(NamedTuple):
    """An object as two states can have it in common. ``twin`` is the id of an object that only shares the name of another."""

    kind: str
    owner: str
    name: str
    twin: str = ""

    @property
    def imitated(self) -> Reference:
        """The object whose name it has."""
        return self._replace(twin="")


_SECTIONS = {
    "network": "networks",
    "router": "routers",
    "port": "ports",
    "group": "security_groups",
    "address group": "address_groups",
    "pool": "subnet_pools",
    "server": "servers",
}
EVERYBODY = Reference("project", "", "*")


class References:
    """References and names of the objects of one snapshot, by their ids."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at every object once."""
        self._parties = _parties(snapshot)
        self._called = labels(snapshot.projects)
        self._known: dict[str, dict[str, Reference]] = {}
        self._names: dict[str, str] = {}
        self._owners: dict[tuple[str, str], str] = {}
        used = _used(snapshot)
        for kind, section in _SECTIONS.items():
            records = getattr(snapshot, section)
            self._known[kind] = self._told_apart(kind, records, used)
            self._names |= _written(records)
            self._owners |= {(kind, record.id): record.project_id for record in records}
        self._routers = self._by_address(snapshot)

    def of(self, kind: str, identifier: str) -> Reference:
        """Return the reference of an object; what the snapshot does not have goes by its id."""
        return self._known[kind].get(identifier) or Reference(kind, "", "", identifier)

    def lent(self, identifier: str) -> Reference:
        """Return the reference of an object of whatever kind."""
        return next((known[identifier] for known in self._known.values() if identifier in known), Reference("object", "", "", identifier))

    def project(self, identifier: str) -> Reference:
        """Return the reference of a project: what the declarations call it, where they do."""
        return EVERYBODY if identifier == "*" else Reference("project", "", self._parties.get(identifier, identifier))

    def name(self, identifier: str) -> str:
        """Return what people call an object: its name, and its id where others have that name too."""
        return self._names.get(identifier, identifier)

    def owner(self, kind: str, identifier: str) -> str:
        """Return the id of the project that an object belongs to; in declarations objects of several kinds have one id."""
        return self._owners.get((kind, identifier), "")

    def party(self, identifier: str) -> str:
        """Return what people call a project."""
        return self._called.get(identifier, identifier)

    def router_at(self, network: str, address: str) -> str:
        """Return the id of the router that has an address on a network; empty for none."""
        return self._routers.get((network, address), "")

    def _told_apart(self, kind: str, records: tuple[_Object, ...], used: Mapping[str, int]) -> dict[str, Reference]:
        several: dict[Reference, list[_Object]] = defaultdict(list)
        for record in records:
            outside = kind == "network" and getattr(record, "external", False)
            owner = "" if outside else self._parties.get(record.project_id, record.project_id)
            several[Reference(kind, owner, record.name)].append(record)
        found: dict[str, Reference] = {}
        for reference, objects in several.items():
            if len(objects) == 1 and reference.name:
                found[objects[0].id] = reference
                continue
            first = max(objects, key=lambda record: used.get(record.id, 0)).id if reference.name else ""
            found.update({one.id: reference if one.id == first else reference._replace(twin=one.id) for one in objects})
        return found

    def _by_address(self, snapshot: Snapshot) -> dict[tuple[str, str], str]:
        interfaces = (port for port in snapshot.ports if is_router_port(port.device_owner))
        return {
            (interface.network_id, fixed.ip_address): interface.device_id
            for interface in interfaces
            for fixed in interface.fixed_ips
            if fixed.ip_address
        }


class _Object:
    """What all objects with a name have."""

    id: str
    name: str
    project_id: str


def _parties(snapshot: Snapshot) -> dict[str, str]:
    """Return what the declarations call projects, by id: tenants' names and the platform's; others go by what people call them."""
    found = labels(snapshot.projects)
    for project in snapshot.projects:
        tenant = project.source.tenant if project.source is not None else ""
        if project.role is Role.PLATFORM or tenant:
            found[project.id] = tenant or names.PLATFORM
    return found


def _used(snapshot: Snapshot) -> Counter[str]:
    """Count the ports that hang on every network, router, server and group; what a port itself has, for ports."""
    used = Counter(port.network_id for port in snapshot.ports)
    used.update(port.device_id for port in snapshot.ports)
    used.update(group for port in snapshot.ports for group in port.security_groups)
    used.update({port.id: 1 for port in snapshot.ports if port.device_id})
    return used


def _written(records: tuple[_Object, ...]) -> dict[str, str]:
    count = Counter(record.name for record in records)
    return {one.id: one.name if one.name and count[one.name] == 1 else f"{one.name} ({one.id})" if one.name else one.id for one in records}
