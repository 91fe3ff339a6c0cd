"""Every name that a declaration gives to something in the cloud, so that no two things come out with one name.

Names are joined with hyphens, and names hold hyphens: tenant ``acme`` with zone ``prod-app`` and tenant ``acme-prod`` with zone ``app``
both come to the network ``acme-prod-app``. A proof, a question or a person could not tell them apart.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Protocol

from infra.declaration import names
from infra.declaration.addresses import Places
from infra.declaration.model import INTERNET
from infra.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.held import Claims, TenantDeclaration
    from infra.declaration.model import Platform
    from infra.declaration.yaml.source import KeyPath, Location

FAMILIES = (4, 6)


class Named(NamedTuple):
    """Something in the cloud: its kind, its name, and the key that it comes from."""

    kind: str
    name: str
    path: KeyPath


class Tenancy(Places, Protocol):
    """Whatever has a tenant's name and its places."""

    @property
    def name(self) -> str:
        """The tenant's name."""


def resources(tenant: Tenancy) -> Iterator[Named]:
    """Yield the names of everything that a tenant may have in the cloud."""
    owner = tenant.name
    yield Named("project", names.project(owner), ())
    yield Named("user", names.deployer(owner), ())
    yield Named("user", names.reader(owner), ())
    yield Named("router", names.edge_router(owner), ())
    yield Named("router", names.management(owner), ())
    yield Named("network", names.management(owner), ())
    yield Named("subnet", names.management(owner), ())
    yield Named("port", names.management(owner), ())
    yield Named("port", names.backbone_port(owner), ())
    yield Named("key pair", names.key_pair(owner), ())
    yield Named("security group", names.group(owner, names.MANAGEMENT), ())
    for zone in tenant.zones:
        yield from _of_zone(owner, zone)
    for external in (INTERNET, *tenant.externals):
        path = ("externals", external) if external != INTERNET else ()
        yield from (Named("address group", names.address_group(owner, external, family), path) for family in FAMILIES)
    for server, entry in tenant.servers.items():
        yield from _of_server(owner, server, entry.zones, entry.data)


def _of_zone(owner: str, zone: str) -> Iterator[Named]:
    path = ("zones", zone)
    yield Named("network", names.network(owner, zone), path)
    yield from (Named("subnet", names.subnet(owner, zone, family), path) for family in FAMILIES)
    yield Named("security group", names.group(owner, names.zone_group(zone)), path)


def _of_server(owner: str, server: str, zones: Iterable[str], disks: Iterable[str]) -> Iterator[Named]:
    path = ("servers", server)
    yield Named("server", names.server(owner, server), path)
    yield Named("security group", names.group(owner, names.server_group(server)), path)
    for zone in zones:
        yield Named("port", names.port(owner, server, zone), (*path, "zones", zone))
    yield Named("port", names.management_port(owner, server), path)
    yield Named("volume", names.root_volume(owner, server), path)
    for disk in disks:
        yield Named("volume", names.data_volume(owner, server, disk), (*path, "data", disk))


def of_the_platform(platform: Platform) -> Iterator[Named]:
    """Yield the names of what the platform has, and of what it uses of the cloud's."""
    yield Named("project", names.project(names.PLATFORM), ())
    yield Named("network", platform.external_network, ("external_network",))
    further = [names.further_router(number) for number in range(2, platform.backbone.routers + 1)]
    keys_and_disks = (names.key_pair(names.PLATFORM), f"{names.BASTION}-{names.ROOT}")
    services = (names.SERVICES, f"{names.SERVICES}-{names.ROOT}", f"{names.SERVICES}-{names.STORE}") if platform.services else ()
    for name in (names.BACKBONE, names.BASTION, names.MANAGEMENT_POOL, *keys_and_disks, *further, *services):
        yield Named("resource", name, ())


def twice(tenant: Tenancy) -> Iterator[tuple[Named, Named]]:
    """Yield what comes out with the name of something of its kind, in one tenant: the first one and the other."""
    first: dict[tuple[str, str], Named] = {}
    for one in resources(tenant):
        known = first.setdefault((one.kind, one.name), one)
        if known is not one:
            yield known, one


def meetings(platform: Platform, tenants: Iterable[TenantDeclaration | Claims]) -> dict[tuple[str, str], list[Problem]]:
    """Return the mistakes of names that two tenants both come to, or a tenant and the platform, by the two stacks.

    Across tenants the kind does not matter: a question names a server, a port, a router and a tenant in the same way.
    """
    owners: dict[str, list[tuple[str, Named, Location | None]]] = defaultdict(list)
    for one in of_the_platform(platform):
        owners[one.name].append((names.PLATFORM, one, None))
    for declaration in tenants:
        for one in resources(declaration.tenant):
            owners[one.name].append((declaration.tenant.name, one, declaration.lines.of(*one.path)))
    found: dict[tuple[str, str], dict[tuple[KeyPath, KeyPath], Problem]] = defaultdict(dict)
    for claims in owners.values():
        stack, first, place = claims[0]
        other = next(((one, named, where) for one, named, where in claims if one != stack), None)
        if other is not None:
            found[stack, other[0]].setdefault((first.path[:2], other[1].path[:2]), _problem((stack, first, place), other))
    return {stacks: list(problems.values()) for stacks, problems in found.items()}


def _problem(first: tuple[str, Named, Location | None], second: tuple[str, Named, Location | None]) -> Problem:
    (stack, one, place), (_, two, where) = first, second
    owner = f"tenant {stack}" if stack != names.PLATFORM else "the platform"
    return Problem(
        f"the {two.kind} would be called {two.name}, as the {one.kind} of {owner} is",
        _place(where, two.path),
        "names that differ when tenant and name are joined with a hyphen",
        f"{_place(place, one.path) or stack} and {_place(where, two.path)}",
        "give one of the two another name",
    )


def _place(where: Location | None, path: KeyPath) -> str:
    keys = ".".join(map(str, path))
    return f"{where}: {keys}" if where and keys else str(where or keys)
