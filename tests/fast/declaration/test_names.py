"""Names, tags and addresses: what a declaration's entries are called and where they are."""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING

import pytest

from infra.declaration import addresses, names
from infra.declaration.addresses import EndpointKind
from tests.fast.declaration import declared

if TYPE_CHECKING:
    from pathlib import Path

    from infra.declaration.model import Tenant


@pytest.fixture
def tenant(tmp_path: Path) -> Tenant:
    """Give the tenant that the cases are about."""
    return declared.tenant(tmp_path).tenant


def test_every_resource_says_whose_it_is(tenant: Tenant) -> None:
    """Tags carry tenant, service, zone, classification and who manages the resource, in Neutron's order."""
    tags = names.tags(tenant, "app")
    assert names.tag_list(tags) == ["classification=confidential", "managed-by=ringfence", "service=shop", "tenant=acme", "zone=app"]
    assert "zone" not in names.tags(tenant)


def test_names_are_an_interface() -> None:
    """The names that state, tools and evidence refer to; a change here is a breaking one and needs aliases."""
    assert [
        names.project("acme"),
        names.deployer("acme"),
        names.reader("acme"),
        names.network("acme", "app"),
        names.subnet("acme", "app", 6),
        names.edge_router("acme"),
        names.management("acme"),
        names.group("acme", names.zone_group("app")),
        names.group("acme", names.server_group("web")),
        names.address_group("acme", "internet", 4),
        names.port("acme", "web", "app"),
        names.management_port("acme", "web"),
        names.server("acme", "web"),
        names.root_volume("acme", "web"),
        names.data_volume("acme", "web", "db"),
    ] == [
        "acme",
        "acme-deployer",
        "acme-reader",
        "acme-app",
        "acme-app-6",
        "acme-edge",
        "acme-management",
        "acme-zone-app",
        "acme-server-web",
        "acme-internet-4",
        "acme-web-app",
        "acme-web-management",
        "acme-web",
        "acme-web-root",
        "acme-web-db",
    ]


def test_a_server_has_its_host_number_in_each_family(tenant: Tenant) -> None:
    """Network address plus host number, IPv4 first; the gateway has number 1."""
    assert [str(one) for one in addresses.server_addresses(tenant, "web", "app")] == ["10.0.0.11", "fd00:1:2::b"]
    assert [str(one) for one in addresses.server_addresses(tenant, "db", "data")] == ["10.0.1.13"]
    assert [str(one) for one in addresses.gateway(tenant.zones["app"])] == ["10.0.0.1", "fd00:1:2::1"]


def test_an_endpoint_is_a_set_of_prefixes(tenant: Tenant) -> None:
    """A zone is its prefixes, a server its addresses in all its zones, an external what it says, the internet everything."""
    assert addresses.endpoint(tenant, "app") == (ip_network("10.0.0.0/24"), ip_network("fd00:1:2::/64"))
    assert [str(one) for one in addresses.endpoint(tenant, "both")] == ["10.0.0.12/32", "fd00:1:2::c/128", "10.0.1.12/32"]
    assert [str(one) for one in addresses.endpoint(tenant, "partner")] == ["198.51.100.0/24"]
    assert [str(one) for one in addresses.endpoint(tenant, "internet")] == ["0.0.0.0/0", "::/0"]
    with pytest.raises(KeyError, match="nobody"):
        addresses.endpoint(tenant, "nobody")


def test_a_name_stands_for_one_kind_of_thing(tenant: Tenant) -> None:
    """Kinds are told by the name alone, and only zones and servers are inside the tenant."""
    kinds = {name: addresses.kind(tenant, name) for name in ("app", "web", "partner", "internet", "nobody")}
    assert kinds == {
        "app": EndpointKind.ZONE,
        "web": EndpointKind.SERVER,
        "partner": EndpointKind.EXTERNAL,
        "internet": EndpointKind.INTERNET,
        "nobody": None,
    }
    assert [kind for kind in EndpointKind if kind.is_inside] == [EndpointKind.ZONE, EndpointKind.SERVER]


def test_operators_come_from_one_address(tmp_path: Path) -> None:
    """The bastion is found at its host number on the backbone."""
    assert str(addresses.bastion_address(declared.platform(tmp_path).platform)) == "172.29.0.10"
