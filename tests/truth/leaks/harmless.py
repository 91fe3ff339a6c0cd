"""Changes to a large synthetic cloud that let nobody reach anybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.snapshot import FloatingIp, Network, Port, Project, RbacPolicy, Router, Server, Subnet
from infra.neutron.snapshot.parts import FixedIp
from tests.truth.leaks.changes import LEG

if TYPE_CHECKING:
    from tests.truth.leaks.changes import Change


def idle_group(c: Change) -> None:
    """A group that allows everything, on no port."""
    c.open_group(c.one)


def own_port(c: Change) -> None:
    """One more server on a tenant's own network."""
    c.add(c.port("more", c.network(c.one).id, c.one, security_groups=(c.open_group(c.one),)))


def own_leg(c: Change) -> None:
    """A new network behind a tenant's own router."""
    c.add(Network(id="own", project_id=c.one), Subnet(id="own-4", network_id="own", cidr="10.201.0.0/24", gateway_ip="10.201.0.1"))
    fixed = (FixedIp(subnet_id="own-4", ip_address="10.201.0.1"),)
    c.add(Port(id="own-leg", network_id="own", project_id=c.one, fixed_ips=fixed, device_owner=LEG, device_id=c.router(c.one).id))


def idle_router(c: Change) -> None:
    """A router of one tenant with no leg anywhere."""
    c.add(Router(id="idle", project_id=c.one))


def share_unused(c: Change) -> None:
    """A network shared with another project that has nothing on it."""
    network = c.network(c.one).id
    c.add(RbacPolicy(id="share", object_type="network", object_id=network, action="access_as_shared", target_project=c.other))


def idle_address(c: Change) -> None:
    """A floating IP that is bound to nothing."""
    outside = next(network for network in c.cloud.networks if network.external)
    c.add(FloatingIp(id="idle", floating_network_id=outside.id, floating_ip_address="203.0.113.254", project_id=c.one))


def new_tenant(c: Change) -> None:
    """A tenant of its own, with addresses that others have too."""
    c.add(Project(id="newcomer", name="newcomer"), Network(id="new", project_id="newcomer"), Server(id="new-server", name="new"))
    c.add(Subnet(id="new-4", network_id="new", cidr="10.0.0.0/24", gateway_ip="10.0.0.1"))
    fixed = (FixedIp(subnet_id="new-4", ip_address="10.0.0.5"),)
    c.add(Port(id="new-port", network_id="new", project_id="newcomer", fixed_ips=fixed, device_owner="compute:nova", security_groups=()))


def open_inside(c: Change) -> None:
    """A tenant opens its private servers to itself completely."""
    group = c.open_group(c.one)
    own = {network.id for network in c.cloud.networks if network.project_id == c.one}
    for port in c.servers_of(c.one):
        if port.network_id in own:
            c.change(port, security_groups=(*port.security_groups, group))


HARMLESS = (idle_group, own_port, own_leg, idle_router, share_unused, idle_address, new_tenant, open_inside)
