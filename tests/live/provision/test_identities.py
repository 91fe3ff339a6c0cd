"""What the operator's deployer and the customer's reader may not do, tried as them; each "no" has a "yes" of the same kind beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from keystoneauth1.exceptions.http import HttpError
from openstack.config import get_cloud_region
from openstack.connection import Connection
from openstack.exceptions import ConflictException
from openstack.exceptions import HttpException as SdkError

from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

# The SDK warns about its own use of itself.
quiet = [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in ("DeprecationWarning", "PendingDeprecationWarning")]
pytestmark = [pytest.mark.live, *quiet]
DENIED = frozenset({400, 403, 404, 409})
"""Bad request counts where Neutron refuses what it cannot do for this project, such as a leg on a segment without a gateway."""
FORBIDDEN = frozenset({403, 404})
"""For the reader only a policy's "no" counts: a quota or a state that happens to be in the way is none."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a connection of their own, and what the stack says about the tenant and the platform."""

    cloud: Connection
    tenant: dict[str, Any]
    platform: dict[str, Any]

    @property
    def management_port(self) -> str:
        """The management port of the tenant's first server."""
        return str(next(iter(self.tenant["servers"].values()))["management_port_id"])

    @property
    def server(self) -> str:
        """The tenant's first server."""
        return str(next(iter(self.tenant["servers"].values()))["id"])

    @property
    def zone(self) -> dict[str, Any]:
        """The tenant's first zone."""
        zone: dict[str, Any] = next(iter(self.tenant["zones"].values()))
        return zone


def connect(values: dict[str, str]) -> Connection:
    """Connect with an exported credential, leaving the environment out of account."""
    if "application_credential_id" in values:
        auth = {name: values[name] for name in ("auth_url", "application_credential_id", "application_credential_secret")}
        kind = "v3applicationcredential"
    else:
        auth = {name: values[name] for name in ("auth_url", "user_id", "password", "project_id")}
        kind = "v3password"
    region = get_cloud_region(load_envvars=False, load_yaml_config=False, auth_type=kind, auth=auth, region_name=values["region"])
    return Connection(config=region)


@pytest.fixture(scope="module")
def tenant_name(tenants: tuple[str, ...]) -> str:
    """The tenant whose people these are."""
    return tenants[0] if tenants else "acme"


@pytest.fixture(scope="module")
def deployer(tenant_name: str) -> Iterator[Person]:
    """The operator's deployer."""
    facts = stacks.tenant(tenant_name)
    with connect(facts.deployer.values) as cloud:
        yield Person(cloud, msgspec.to_builtins(facts.facts), msgspec.to_builtins(stacks.platform()))


@pytest.fixture(scope="module")
def reader(tenant_name: str) -> Iterator[Person]:
    """One of the customer's people."""
    facts = stacks.tenant(tenant_name)
    with connect(facts.reader.values) as cloud:
        yield Person(cloud, msgspec.to_builtins(facts.facts), msgspec.to_builtins(stacks.platform()))


def refused(attempt: Callable[[], object], answers: Collection[int] = DENIED) -> None:
    """Expect the cloud to say no. A server error or a success is not a no."""
    with pytest.raises((SdkError, HttpError)) as error:
        attempt()
    status = getattr(error.value, "status_code", None) or getattr(error.value, "http_status", None)
    assert status in answers, str(error.value)


def send(person: Person, verb: str, path: str, body: dict[str, Any] | None = None) -> object:
    """Send one request to Neutron and raise for every refusal."""
    return person.cloud.network.request(path, verb, json=body, raise_exc=True)


DEPLOYER_MAY_NOT: dict[str, Callable[[Person], object]] = {
    "turn port security off on its management port": lambda p: send(
        p, "PUT", f"/ports/{p.management_port}", {"port": {"port_security_enabled": False, "security_groups": []}}
    ),
    "let its management port speak for other addresses": lambda p: send(
        p, "PUT", f"/ports/{p.management_port}", {"port": {"allowed_address_pairs": [{"ip_address": "0.0.0.0/0"}]}}
    ),
    "choose another address on the management segment": lambda p: send(
        p, "PUT", f"/ports/{p.management_port}", {"port": {"fixed_ips": [{"ip_address": "172.30.255.250"}]}}
    ),
    "give the management segment a gateway": lambda p: send(
        p, "PUT", f"/subnets/{p.tenant['management']['subnet_id']}", {"subnet": {"gateway_ip": "172.30.0.1"}}
    ),
    "add a route to the management segment": lambda p: send(
        p,
        "PUT",
        f"/subnets/{p.tenant['management']['subnet_id']}",
        {"subnet": {"host_routes": [{"destination": "0.0.0.0/0", "nexthop": "172.30.0.1"}]}},
    ),
    "rename the management network": lambda p: send(
        p, "PUT", f"/networks/{p.tenant['management']['network_id']}", {"network": {"name": "mine"}}
    ),
    "turn port security off on the management network": lambda p: send(
        p, "PUT", f"/networks/{p.tenant['management']['network_id']}", {"network": {"port_security_enabled": False}}
    ),
    "delete the management network": lambda p: send(p, "DELETE", f"/networks/{p.tenant['management']['network_id']}"),
    "share the management network with others": lambda p: send(
        p,
        "POST",
        "/rbac-policies",
        {
            "rbac_policy": {
                "object_type": "network",
                "object_id": p.tenant["management"]["network_id"],
                "action": "access_as_shared",
                "target_tenant": "*",
            }
        },
    ),
    "make a router": lambda p: send(p, "POST", "/routers", {"router": {"name": "mine"}}),
    "see or change the management router": lambda p: send(
        p, "PUT", f"/routers/{p.tenant['management']['router_id']}", {"router": {"name": "mine"}}
    ),
    "give the management router a way out": lambda p: send(
        p,
        "PUT",
        f"/routers/{p.tenant['management']['router_id']}",
        {"router": {"external_gateway_info": {"network_id": p.platform["external_network_id"]}}},
    ),
    "plug the management segment into the edge router": lambda p: send(
        p, "PUT", f"/routers/{p.tenant['edge_router_id']}/add_router_interface", {"subnet_id": p.tenant["management"]["subnet_id"]}
    ),
    "plug its management port into the edge router": lambda p: send(
        p, "PUT", f"/routers/{p.tenant['edge_router_id']}/add_router_interface", {"port_id": p.management_port}
    ),
    "add a route to the platform's router": lambda p: send(
        p,
        "PUT",
        f"/routers/{p.platform['router_id']}/add_extraroutes",
        {"router": {"routes": [{"destination": "10.0.0.0/8", "nexthop": "172.29.0.1"}]}},
    ),
    "plug into the backbone": lambda p: send(
        p, "POST", "/ports", {"port": {"network_id": p.platform["backbone"]["network_id"], "name": "mine"}}
    ),
    "make a provider network": lambda p: send(
        p, "POST", "/networks", {"network": {"name": "mine", "provider:network_type": "flat", "provider:physical_network": "public"}}
    ),
    "raise its own limits": lambda p: send(p, "PUT", f"/quotas/{p.tenant['project_id']}", {"quota": {"router": 5}}),
    "look at the bastion": lambda p: p.cloud.compute.get_server(p.platform["bastion"]["id"]),
    "make another application credential": lambda p: p.cloud.identity.post(
        f"/users/{p.tenant['deployer']['user_id']}/application_credentials",
        json={"application_credential": {"name": "second"}},
        raise_exc=True,
    ),
    "make a user": lambda p: p.cloud.identity.post("/users", json={"user": {"name": "mine", "password": "x"}}, raise_exc=True),
    "take the encryption off the volume type": lambda p: p.cloud.block_storage.post(
        "/types", json={"volume_type": {"name": "mine"}}, raise_exc=True
    ),
}


@pytest.mark.parametrize("what", DEPLOYER_MAY_NOT)
def test_the_deployer_may_not(deployer: Person, what: str) -> None:
    """The ring fence is the platform's; the deployer builds inside it."""
    refused(lambda: DEPLOYER_MAY_NOT[what](deployer))


def test_the_deployer_may_build_inside(deployer: Person) -> None:
    """The positive twin: with the same connection it changes and restores something of its own."""
    path = f"/networks/{deployer.zone['network_id']}"
    send(deployer, "PUT", path, {"network": {"description": "touched"}})
    send(deployer, "PUT", path, {"network": {"description": ""}})
    assert deployer.cloud.compute.get_server(deployer.server).status == "ACTIVE"
    assert deployer.cloud.current_project_id == deployer.tenant["project_id"]


READER_MAY_NOT: dict[str, Callable[[Person], object]] = {
    "open a security group": lambda p: send(
        p,
        "POST",
        "/security-group-rules",
        {"security_group_rule": {"security_group_id": next(iter(p.tenant["groups"].values())), "direction": "ingress"}},
    ),
    "change a port": lambda p: send(p, "PUT", f"/ports/{p.management_port}", {"port": {"name": "mine"}}),
    "change a network": lambda p: send(p, "PUT", f"/networks/{p.zone['network_id']}", {"network": {"name": "mine"}}),
    "make a port": lambda p: send(p, "POST", "/ports", {"port": {"network_id": p.zone["network_id"]}}),
    "make a floating address": lambda p: send(
        p, "POST", "/floatingips", {"floatingip": {"floating_network_id": p.platform["external_network_id"]}}
    ),
    "stop a server": lambda p: p.cloud.compute.post(f"/servers/{p.server}/action", json={"os-stop": None}, raise_exc=True),
    "read a server's console": lambda p: p.cloud.compute.post(
        f"/servers/{p.server}/remote-consoles",
        json={"remote_console": {"protocol": "vnc", "type": "novnc"}},
        microversion="2.6",
        raise_exc=True,
    ),
    "delete a server": lambda p: p.cloud.compute.delete(f"/servers/{p.server}", raise_exc=True),
    "delete a volume": lambda p: p.cloud.block_storage.delete(
        f"/volumes/{next(iter(p.tenant['servers'].values()))['volumes']['root']}", raise_exc=True
    ),
    "make a volume": lambda p: p.cloud.block_storage.post("/volumes", json={"volume": {"size": 1}}, raise_exc=True),
    "store a key": lambda p: p.cloud.key_manager.post("/v1/secrets", json={"name": "mine"}, raise_exc=True),
    "make a user": lambda p: p.cloud.identity.post("/users", json={"user": {"name": "mine", "password": "x"}}, raise_exc=True),
}


@pytest.mark.parametrize("what", READER_MAY_NOT)
def test_the_reader_may_not(reader: Person, what: str) -> None:
    """The customer's people see their tenant and change nothing."""
    refused(lambda: READER_MAY_NOT[what](reader), FORBIDDEN)


def test_the_reader_sees_the_tenant(reader: Person) -> None:
    """The positive twin: servers, zones, groups and volumes of the tenant, and nobody else's."""
    assert {server.id for server in reader.cloud.compute.servers()} == {entry["id"] for entry in reader.tenant["servers"].values()}
    seen = {network.id for network in reader.cloud.network.networks()}
    assert {zone["network_id"] for zone in reader.tenant["zones"].values()} <= seen
    assert set(reader.tenant["groups"].values()) <= {group.id for group in reader.cloud.network.security_groups()}
    assert len(list(reader.cloud.block_storage.volumes())) == sum(
        1 + len(entry["volumes"]["data"]) for entry in reader.tenant["servers"].values()
    )


def test_a_spare_port_does_not_help(deployer: Person) -> None:
    """Neutron lets a project plug a router of its own into a shared network; without a router there is nothing to plug in.

    The port quota leaves room; whoever takes it still finds no router of this project.
    """
    try:
        port = deployer.cloud.network.create_port(network_id=deployer.tenant["management"]["network_id"], name="spare")
    except ConflictException:
        return  # not even a port
    try:
        for router in (deployer.tenant["edge_router_id"], deployer.tenant["management"]["router_id"], deployer.platform["router_id"]):
            path = f"/routers/{router}/add_router_interface"
            refused(lambda path=path: send(deployer, "PUT", path, {"port_id": port.id}))  # type: ignore[misc]
        assert not list(deployer.cloud.network.routers())
    finally:
        deployer.cloud.network.delete_port(port.id)
