"""What a cloud offers, as far as a platform's declaration names it. Only reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from infra.declaration import names
from infra.dynamic.clouds import authority
from ringfence.cloud_errors import translated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.connection import Connection


@dataclass(frozen=True, slots=True)
class Outside:
    """A network towards the outside: its MTU, and the prefixes of its subnets."""

    name: str
    mtu: int = 0
    prefixes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Say it in a few words."""
        told = [f"MTU {self.mtu}"] if self.mtu else []
        return f"{self.name} ({', '.join([*told, *self.prefixes])})" if told or self.prefixes else self.name


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """A flavor: memory in MiB, processors and disk in GiB come first, so that the smallest one is the first."""

    memory: int
    processors: int
    disk: int
    name: str

    def __str__(self) -> str:
        """Say it in a few words."""
        return f"{self.name} ({self.processors} vCPU, {self.memory} MiB, {self.disk} GiB)"


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of a cloud; empty where there is nothing, and all of it empty where nobody looked."""

    cloud: str = ""
    region: str = ""
    domain: str = ""
    outside: tuple[Outside, ...] = ()
    sizes: tuple[Size, ...] = ()
    images: tuple[str, ...] = ()
    volume_types: frozenset[str] = field(default_factory=frozenset)
    project: str = ""
    """Id of the credential's project where the project's name is not the one that is trusted without further words."""


def look(name: str | None) -> Seen:
    """Look at the cloud of a name, or at the one that the environment chooses. Raises :class:`CloudError`."""
    where = f"cloud:{name}" if name else "cloud"
    with translated(where, connecting=True):
        import openstack  # noqa: PLC0415 - takes a second, and is needed only where there is a cloud to look at

        connection = openstack.connect(cloud=name, cacert=authority(os.environ))
    with translated(where):
        return seen(connection)


def seen(connection: Connection) -> Seen:
    """Read what is offered."""
    auth = cast("Any", connection.session.auth)  # whichever plug-in it is, it has logged in
    access = auth.get_access(connection.session)
    prefixes: dict[str, list[str]] = {}
    for subnet in connection.network.subnets():
        prefixes.setdefault(subnet.network_id, []).append(str(subnet.cidr))
    outside = sorted(
        (Outside(str(one.name), int(one.mtu or 0), tuple(sorted(prefixes.get(one.id, ())))) for one in _external(connection)),
        key=lambda one: one.name,
    )
    sizes = sorted(Size(int(one.ram or 0), int(one.vcpus or 0), int(one.disk or 0), str(one.name)) for one in connection.compute.flavors())
    return Seen(
        cloud=str(connection.config.name or ""),
        region=str(connection.config.region_name or ""),
        domain=str(access.project_domain_id or ""),
        project="" if access.project_name == names.PLATFORM else str(access.project_id or ""),
        outside=tuple(outside),
        sizes=tuple(sizes),
        images=tuple(sorted({str(one.name) for one in connection.image.images() if one.name})),
        volume_types=frozenset(str(one.name) for one in connection.block_storage.types()),
    )


def _external(connection: Connection) -> Iterator[Any]:
    return (one for one in connection.network.networks(is_router_external=True) if one.name)
