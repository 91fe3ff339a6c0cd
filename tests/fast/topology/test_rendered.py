"""What the program builds is wired as what is proven: both are rendered from one topology, and here they are held beside each other.

The resources are recorded as the engine would get them, in the provider's words; the snapshot is that of the declarations. Ids of recorded
resources are their names with ``-id`` behind, and those of the snapshot the names themselves.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from infra.declaration import load_tenant, names
from infra.neutron.owners import ROUTER_INTERFACE
from infra.neutron.sources.declared import declared_snapshot
from tests.fast.components import recording
from tests.fast.components.recording import ROOT, TODAY
from tests.fast.declaration.declared import shipped_platform

if TYPE_CHECKING:
    from infra.neutron.snapshot import Port, Snapshot
    from tests.fast.components.recording import Declared, RecordingCloud

pytestmark = pytest.mark.fast
TENANTS = ("acme", "globex")
FOREIGN = {"backbone-id": names.BACKBONE, "backbone-subnet-id": names.BACKBONE, "pool-id": names.MANAGEMENT_POOL}
"""What tenants' stacks know by an output of the platform's."""


@cache
def built() -> tuple[RecordingCloud, ...]:
    """Return what the stacks of this repository would make."""
    return (recording.platform(), *map(recording.tenant, TENANTS))


@cache
def proven() -> Snapshot:
    """Return what is proven before they do."""
    platform = shipped_platform()
    return declared_snapshot(platform, [load_tenant(ROOT / f"Pulumi.{name}.yaml", platform, today=TODAY) for name in TENANTS])


def made(kind: str) -> list[Declared]:
    """Return the resources of a kind of all stacks."""
    found = [resource for cloud in built() for resource in cloud.of(kind)]
    assert found
    return found


def name_of(id_: str) -> str:
    """Return the name of what has an id."""
    return FOREIGN.get(id_, id_.removesuffix("-id"))


def fixed(inputs: dict[str, Any]) -> dict[str, str]:
    """Return a recorded port's addresses by subnet; empty where Neutron chooses one."""
    return {name_of(entry["subnetId"]): entry.get("ipAddress", "") for entry in inputs["fixedIps"]}


def test_networks_and_who_may_use_them_are_those_that_are_proven() -> None:
    """Each network that is built, and each that is lent."""
    snapshot = proven()
    inside = {network.id for network in snapshot.networks if not network.external}
    assert {network.name for network in made("Network")} == inside
    lent = {(name_of(row.inputs["objectId"]), row.inputs["action"], name_of(row.inputs["targetTenant"])) for row in made("RbacPolicyV2")}
    assert lent == {(policy.object_id, policy.action, policy.target_project) for policy in snapshot.rbac_policies}


def test_subnets_are_those_that_are_proven() -> None:
    """Network, prefix or pool, gateway, DHCP, and routes for servers."""
    snapshot = proven()
    inside = {network.id for network in snapshot.networks if not network.external}
    wanted = {
        subnet.id: (subnet.network_id, "" if subnet.subnetpool_id else subnet.cidr, subnet.subnetpool_id, subnet.gateway_ip, False)
        for subnet in snapshot.subnets
        if subnet.network_id in inside
    }
    found = {}
    for subnet in made("Subnet"):
        inputs = subnet.inputs
        pool = name_of(inputs["subnetpoolId"]) if "subnetpoolId" in inputs else None
        where = (name_of(inputs["networkId"]), inputs.get("cidr", ""), pool, inputs.get("gatewayIp"), inputs["enableDhcp"])
        found[subnet.name] = where
        assert (inputs.get("noGateway") is True) is (where[3] is None)
    assert found == wanted
    routes = {(name_of(route.inputs["subnetId"]), route.inputs["destinationCidr"]) for route in made("SubnetRoute")}
    assert routes == {(subnet.id, route.destination) for subnet in snapshot.subnets for route in subnet.host_routes}


def test_routers_and_their_interfaces_are_those_that_are_proven() -> None:
    """Which router leads outside, and on which subnet each is plugged in."""
    snapshot = proven()
    assert {router.name: "externalNetworkId" in router.inputs for router in made("Router")} == {
        router.id: bool(router.gateways) for router in snapshot.routers
    }
    ports = {port.name: set(fixed(port.inputs)) for port in made("Port")}
    found = {
        (name_of(leg.inputs["router_id"]), frozenset(ports[leg.name] if "port_id" in leg.inputs else {name_of(leg.inputs["subnet_id"])}))
        for leg in made("RouterLeg")
    }
    assert found == {
        (port.device_id, frozenset(entry.subnet_id for entry in port.fixed_ips))
        for port in snapshot.ports
        if port.device_owner == ROUTER_INTERFACE
    }


def test_servers_ports_are_those_that_are_proven() -> None:
    """Network, addresses where they are declared, and security groups."""
    snapshot = proven()
    wanted = {port.id: port for port in snapshot.ports if port.device_owner != ROUTER_INTERFACE}
    found = {port.name: port.inputs for port in made("Port") if "securityGroupIds" in port.inputs}
    assert found.keys() == wanted.keys()
    for name, inputs in found.items():
        port: Port = wanted[name]
        assert name_of(inputs["networkId"]) == port.network_id
        assert tuple(map(name_of, inputs["securityGroupIds"])) == port.security_groups
        where = {entry.subnet_id: entry.ip_address for entry in port.fixed_ips}
        assert {subnet: address or where[subnet] for subnet, address in fixed(inputs).items()} == where


def test_public_addresses_are_those_that_are_proven() -> None:
    """Which port has one."""
    assert {(public.name, name_of(public.inputs["portId"])) for public in made("FloatingIp")} == {
        (public.id, public.port_id) for public in proven().floating_ips
    }
