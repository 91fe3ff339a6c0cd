"""What is behind a port, by the words that Neutron has for it."""

from __future__ import annotations

import pytest

from infra.neutron import owners
from infra.neutron.semantics.compile import compile_fabric
from tests.fast.neutron.clouds import Cloud


@pytest.mark.parametrize("owner", sorted(owners.ROUTER_PORTS))
def test_a_router_is_plugged_in_by_a_port_of_every_owner_of_its_legs(owner: str) -> None:
    """Highly available and distributed routers have other words for the same thing."""
    cloud = Cloud()
    cloud.project("acme")
    cloud.network("app", "acme", "10.1.0.0/24")
    cloud.router("edge", "acme")
    cloud.port("leg", "app", "acme", "10.1.0.9", device_owner=owner, device_id="edge")
    (router,) = compile_fabric(cloud.snapshot()).routers
    assert len(router.interfaces) == 1


def test_neutron_unplugs_what_somebody_plugged_in() -> None:
    """The second port of a distributed router and the one between replicas go by themselves."""
    by_themselves = {owner for owner in owners.ROUTER_PORTS if not owners.is_router_interface(owner)}
    assert by_themselves == {"network:router_centralized_snat", "network:router_ha_interface"}
