"""The servers: volumes first, because they take longest; the machine when its root volume and its ports are there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from benchmarks.up.bare import inside
from benchmarks.up.bare.site import tagged
from infra.declaration import names
from infra.render.nftables import server_access

if TYPE_CHECKING:
    from concurrent.futures import Future

    from openstack.connection import Connection

    from benchmarks.up.bare.fence import Segment
    from benchmarks.up.bare.inside import Groups, Zone
    from benchmarks.up.bare.site import Site

POLL_SECONDS = 1
PATIENCE_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Parts:
    """What the servers need and what comes later."""

    key_pair: Future[Any]
    zones: dict[str, Future[Zone]]
    groups: Future[Groups]
    segment: Future[Segment]


@dataclass(frozen=True, slots=True)
class Disks:
    """A server's volumes, each on its way."""

    root: Future[Any]
    data: dict[str, Future[Any]]


def disks(site: Site, mine: Connection, server: str) -> Disks:
    """Begin to make a server's volumes."""
    entry = site.tenant.servers[server]
    root = site.start(_volume, site, mine, server, names.root_volume(site.name, server), entry.root, image_id=site.order.facts.image_id)
    data = {
        disk: site.start(_volume, site, mine, server, names.data_volume(site.name, server, disk), wanted.size)
        for disk, wanted in entry.data.items()
    }
    return Disks(root, data)


def _volume(site: Site, mine: Connection, server: str, name: str, size: int, **image: str) -> Any:  # noqa: ANN401 - Cinder's volume
    entry, storage = site.tenant.servers[server], mine.block_storage
    kind = entry.volume_type or site.platform.default_volume_type
    labels = names.tags(site.tenant, next(iter(entry.zones)))
    volume = storage.create_volume(name=name, size=size, volume_type=kind, metadata=labels, **image)
    return storage.wait_for_status(volume, "available", ["error"], POLL_SECONDS, PATIENCE_SECONDS)


def server(site: Site, mine: Connection, name: str, parts: Parts, volumes: Disks) -> str:
    """Make a server with everything on it; return its management address once it is active."""
    groups = parts.groups.result()
    nics = site.policy.server_nics(name)
    management = site.start(inside.management_port, site, mine, name, parts.segment.result(), groups)
    ports = {nic.zone: inside.zone_port(site, mine, nic, parts.zones[nic.zone].result(), groups) for nic in nics}
    public = site.start(_public_address, site, mine, name, parts, ports)
    machine = _machine(site, mine, name, volumes.root.result(), [*ports.values(), management.result()], parts=parts)
    for disk in volumes.data.values():
        mine.compute.create_volume_attachment(machine, volume=disk.result().id)
    public.result()
    return str(management.result().fixed_ips[0]["ip_address"])


def _machine(site: Site, mine: Connection, name: str, root: Any, ports: list[Any], *, parts: Parts) -> Any:  # noqa: ANN401 - what the client returns
    entry, access = site.tenant.servers[name], server_access(site.platform)
    parts.key_pair.result()
    metadata = {
        **names.tags(site.tenant, next(iter(entry.zones))),
        "ringfence_role": "server",
        "ringfence_management_mac": ports[-1].mac_address,
        "ringfence_ssh_from": ",".join(map(str, access.ssh_from)),
        "ringfence_ssh_port": str(access.ssh_port),
    }
    disk = {"boot_index": 0, "uuid": root.id, "source_type": "volume", "destination_type": "volume", "delete_on_termination": False}
    machine = mine.compute.create_server(
        name=names.server(site.name, name),
        flavor_id=mine.compute.find_flavor(entry.flavor, ignore_missing=False).id,
        key_name=names.key_pair(site.name),
        has_config_drive=True,
        block_device_mapping=[disk],
        networks=[{"port": port.id} for port in ports],
        metadata=metadata,
    )
    return mine.compute.wait_for_server(machine, "ACTIVE", ["ERROR"], POLL_SECONDS, PATIENCE_SECONDS)


def _public_address(site: Site, mine: Connection, name: str, parts: Parts, ports: dict[str, Any]) -> None:
    """Give a server its public address, if it is declared to have one, when the edge is there."""
    zone = site.tenant.servers[name].public
    if zone is None:
        return
    parts.zones[zone].result().connected.result()
    address = mine.network.create_ip(floating_network_id=site.order.facts.external_network_id, port_id=ports[zone].id)
    tagged(mine, address, site.tags(zone))
