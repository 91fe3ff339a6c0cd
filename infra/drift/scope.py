"""One party's part of the cloud, out of the one listing: what it owns, and whatever else touches that. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.drift.deviation import ComparedObject
from infra.drift.found import KINDS, NOUNS, Found, owner
from infra.drift.made import NOTHING, Made, ids_of_all

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Iterator

    from infra.drift.environment import Environment, TenantEnvironment
    from infra.drift.found import Json
    from infra.outcome import Deviation


class Names:
    """Says which object is meant: by its name, with the id where there is another of that name or none at all.

    What a stack made goes by its name alone, so that it is always the other one that bears an id.
    """

    def __init__(self, whole: Found, stacks: Iterable[Made] = ()) -> None:
        """Note what every object is called."""
        made = tuple(stacks)
        self._rows = {kind: {str(row["id"]): row for row in whole.known(kind)} for kind in KINDS}
        self._often = {kind: Counter(str(row.get("name")) for row in rows.values()) for kind, rows in self._rows.items()}
        self._made = {kind: ids_of_all(made, kind) for kind in KINDS}

    def row(self, kind: str, id_: str) -> Json:
        """Return the row of an object, an empty one when it is not there."""
        return self._rows[kind].get(id_, {})

    def of(self, kind: str, id_: str | None) -> str:
        """Return the name of an object."""
        row = self._rows[kind].get(str(id_))
        if row is None:
            return f"{id_} (no such {NOUNS[kind]})"
        name = str(row.get("name") or row.get("floating_ip_address") or "")
        if not name:
            where = ", ".join(fixed["ip_address"] for fixed in row.get("fixed_ips", ()))
            return f"without a name ({row['id']}{f', {where}' if where else ''})"
        is_known = kind == "floating_ips" or self._often[kind][name] == 1 or row["id"] in self._made[kind]
        return name if is_known else f"{name} ({row['id']})"

    def project(self, id_: str) -> str:
        """Return a project in words; what belongs to nobody is Neutron's own."""
        return f"project {self.of('projects', id_)}" if id_ else "no project"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is compared for one party: its part of the cloud, what its stack made, and who owns what."""

    environment: Environment
    whole: Whole
    found: Found
    made: Made
    project: str
    tenant: TenantEnvironment | None = None

    @property
    def names(self) -> Names:
        """The names of everything."""
        return self.whole.names

    @property
    def platform(self) -> str:
        """The id of the platform's project."""
        return str(self.environment.platform_facts.project_id)

    def owner_of(self, name: str, fenced: Container[str]) -> str:
        """Return whose project a thing of the stack is in: what fences a tenant in is the platform's."""
        return self.platform if name in fenced else self.project

    def subject(self, kind: str, row: Json, name: str = "") -> ComparedObject:
        """Return the object of a row; without a name, by what people call it."""
        return ComparedObject(NOUNS[kind], str(row["id"]), name or self.names.of(kind, row["id"]))

    def undeclared(self, kind: str, row: Json, more: str = "") -> Deviation:
        """Return that an object is not declared."""
        found = self.subject(kind, row)
        return found.undeclared(f"undeclared {found}{more}")

    def match(self, kind: str, wanted: Iterable[str]) -> tuple[dict[str, Json], list[Json], list[Deviation]]:
        """Return the rows of what the stack made, by name; the rows that nobody declared; and what is missing or has another name."""
        left = {str(row["id"]): row for row in self.found.rows(kind)}
        pairs, problems = {}, []
        for name in wanted:
            made = self.made.get(kind, name)
            one = ComparedObject(NOUNS[kind], made.id if made else "", name)
            row = left.pop(made.id, None) if made else None
            if row is None:
                problems.append(one.missing(f"missing {one}"))
                continue
            pairs[name] = row
            if row.get("name", name) != name:
                problems.append(one.different(f"{one} is called {row['name']!r}"))
        return pairs, list(left.values()), problems

    def compared(self, kind: str, wanted: Iterable[str]) -> tuple[dict[str, Json], list[Deviation]]:
        """Do the same and name whatever nobody declared."""
        pairs, others, problems = self.match(kind, wanted)
        return pairs, [*problems, *(self.undeclared(kind, row) for row in others)]

    def owned(self, one: ComparedObject, row: Json, project: str | None = None) -> Iterator[Deviation]:
        """Compare whose an object is."""
        wanted = self.project if project is None else project
        if owner(row) != wanted:
            yield one.different(f"{one} belongs to {self.names.project(owner(row))}, declared {self.names.project(wanted)}")


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole cloud with what is looked up often: ports by network, project, device and group."""

    found: Found
    names: Names
    by: dict[str, dict[str, list[Json]]] = field(default_factory=dict)

    @classmethod
    def of(cls, found: Found, stacks: Iterable[Made] = ()) -> Whole:
        """Index a listing once."""
        by: dict[str, dict[str, list[Json]]] = {key: defaultdict(list) for key in ("network", "project", "device", "group")}
        for row in found.ports:
            by["network"][row["network_id"]].append(row)
            by["project"][owner(row)].append(row)
            by["device"][row["device_id"]].append(row)
            for group in row.get("security_groups") or ():
                by["group"][group].append(row)
        return cls(found, Names(found, stacks), by)

    def ports(self, key: str, values: Iterable[str]) -> dict[str, Json]:
        """Return the ports of some networks, projects, devices or groups, by id."""
        return {row["id"]: row for value in values for row in self.by[key].get(value, ())}


def tenant_scope(environment: Environment, tenant: TenantEnvironment, whole: Whole) -> Scope:
    """Return what concerns a tenant: its project's, what is on its networks, and what names any of that."""
    made, project = environment.made.get(tenant.name, NOTHING), str(tenant.facts.project_id)
    networks, routers = set(made.ids("networks")), set(made.ids("routers"))
    return Scope(environment, whole, _part(whole, networks, routers, made, project), made, project, tenant)


def platform_scope(environment: Environment, whole: Whole) -> Scope:
    """Return what concerns the platform: its backbone, its router, the bastion, what is on and at them.

    Of its project only what some stack's name or label is on: the operator's project holds other things as well, and they are not ours.
    """
    made, project = environment.made.get(names.PLATFORM, NOTHING), str(environment.platform_facts.project_id)
    networks, routers = set(made.ids("networks")), set(made.ids("routers"))
    return Scope(environment, whole, _part(whole, networks, routers, made, None), made, project)


def _part(whole: Whole, networks: set[str], routers: set[str], made: Made, project: str | None) -> Found:
    """Return what is made or owned, and what touches it."""
    everything = whole.found

    def own(kind: str) -> set[str]:
        return set(made.ids(kind)) | {str(row["id"]) for row in everything.rows(kind) if project is not None and owner(row) == project}

    kept = {
        kind: own(kind) for kind in ("networks", "subnets", "routers", "groups", "address_groups", "subnet_pools", "servers", "volumes")
    }
    kept["networks"] |= networks
    kept["subnets"] |= {row["id"] for row in everything.subnets if row["network_id"] in networks}
    ports = whole.ports("network", networks) | whole.ports("device", {*routers, *kept["servers"]})
    ports |= whole.ports("project", () if project is None else (project,))
    ports |= {id_: row for id_ in made.ids("ports") if (row := whole.names.row("ports", id_))}
    inside, addresses = set(ports), made.ids("floating_ips")
    kept["volumes"] |= {row["id"] for row in everything.volumes if {at["server_id"] for at in row.get("attachments", ())} & kept["servers"]}
    objects = set().union(*kept.values())
    found: dict[str, Any] = {kind: tuple(row for row in everything.rows(kind) if row["id"] in ids) for kind, ids in kept.items()}
    return Found(
        **found,
        ports=tuple(ports.values()),
        rbac=tuple(row for row in everything.rbac if row["object_id"] in objects or (project is not None and owner(row) == project)),
        floating_ips=tuple(row for row in everything.floating_ips if row["id"] in addresses or _concerns(row, inside, routers, project)),
        trunks=tuple(row for row in everything.trunks if _trunk_ports(row) & inside or owner(row) == project),
        volume_types=everything.volume_types,
        projects=everything.projects,
        untold=everything.untold,
        absent=everything.absent,
    )


def _concerns(row: Json, ports: set[str], routers: set[str], project: str | None) -> bool:
    """Whether a floating IP leads to one of the ports, by itself or by a forwarding, or by one of the routers, or is the project's."""
    inside = {row.get("port_id"), *(forwarding.get("internal_port_id") for forwarding in row.get("port_forwardings") or ())}
    return bool(inside & ports) or row.get("router_id") in routers or owner(row) == project


def _trunk_ports(row: Json) -> set[str]:
    return {row["port_id"], *(sub["port_id"] for sub in row.get("sub_ports") or ())}
