"""Projects of others, as every cloud has them: each with a network, a router to the outside, a port and a floating IP."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from openstack.connection import Connection
    from openstack.identity.v3._proxy import Proxy as Identity

    from labcloud.profiles import Profile, Stranger


def make(cloud: Connection, profile: Profile) -> None:
    """Make what is missing of every stranger of the profile."""
    for stranger in profile.strangers:
        _make(cloud, profile, stranger)


def _make(cloud: Connection, profile: Profile, stranger: Stranger) -> None:
    name, neutron, keystone = stranger.project, cloud.network, cast("Identity", cloud.identity)
    domain = keystone.find_domain(stranger.domain, ignore_missing=False)
    found = next(iter(keystone.projects(domain_id=domain.id, name=name)), None)
    owner = (found or keystone.create_project(name=name, domain_id=domain.id)).id
    if next(iter(neutron.ips(project_id=owner)), None):
        return  # made last, so all is there
    network = neutron.find_network(name, project_id=owner) or neutron.create_network(name=name, project_id=owner)
    subnet = neutron.find_subnet(name, project_id=owner) or neutron.create_subnet(
        name=name, project_id=owner, network_id=network.id, ip_version=4, cidr=stranger.cidr
    )
    outside = neutron.find_network(profile.external_network, ignore_missing=False)
    router = neutron.find_router(name, project_id=owner) or neutron.create_router(
        name=name, project_id=owner, external_gateway_info={"network_id": outside.id}
    )
    if not next(iter(neutron.ports(device_id=router.id, network_id=network.id)), None):
        neutron.add_interface_to_router(router, subnet.id)
    port = neutron.find_port(name, project_id=owner) or neutron.create_port(name=name, project_id=owner, network_id=network.id)
    neutron.create_ip(project_id=owner, floating_network_id=outside.id, port_id=port.id)
