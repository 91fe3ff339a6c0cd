"""The whole tenant: everything begins as soon as what it needs is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.up.bare import fence, identity, inside, servers
from infra.declaration import names

if TYPE_CHECKING:
    from concurrent.futures import Future

    from benchmarks.up.bare.site import Site


def tenant(site: Site) -> list[str]:
    """Make everything; return the servers' management addresses when all are active."""
    project_id = identity.project(site)
    beside: list[Future[Any]] = [
        site.start(identity.account, site, project_id, names.reader(site.name), identity.READER_ROLE),
        site.start(identity.empty_default_group, site, project_id),
        site.start(identity.limit, site, project_id),
    ]
    edge = site.start(fence.edge, site)
    segment = site.start(fence.management, site, project_id)
    mine = identity.deployer(site, project_id)
    disks = {name: servers.disks(site, mine, name) for name in site.tenant.servers}
    key_pair = site.start(mine.compute.create_keypair, name=names.key_pair(site.name), public_key=site.order.public_key)
    zones = {name: site.start(inside.Zone, site, mine, name, edge) for name in site.tenant.zones}
    parts = servers.Parts(key_pair, zones, site.start(inside.groups, site, mine), segment)
    begun = [site.start(servers.server, site, mine, name, parts, disks[name]) for name in site.tenant.servers]
    addresses = [each.result() for each in begun]
    for each in [*beside, *(zone.result().connected for zone in zones.values())]:
        each.result()
    return addresses
