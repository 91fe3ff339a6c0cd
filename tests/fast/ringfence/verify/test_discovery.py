"""What is asked of the cloud before packets are sent: where its APIs are."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from ringfence.verify.cloud import discovery

if TYPE_CHECKING:
    from openstack.connection import Connection

pytestmark = pytest.mark.fast


def cloud(*urls: str) -> Connection:
    """A cloud with these endpoints, whose external network has the gateway 192.0.2.1."""
    catalog = [{"endpoints": [{"url": url} for url in urls]}]
    network = SimpleNamespace(subnets=lambda **_: [SimpleNamespace(gateway_ip="192.0.2.1")])
    return cast("Connection", SimpleNamespace(service_catalog=catalog, network=network))


def test_a_name_that_only_the_inside_of_the_cloud_knows_is_told_and_hides_no_other_endpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """Internal endpoints of many clouds have such names. An address is no name: it is tried."""

    def resolve(host: str, port: int, **_: object) -> list[tuple[Any, ...]]:
        if host == "api.inside":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(0, 0, 0, "", (host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    places, nameless = discovery.api(cloud("http://api.inside:5000/v3", "https://198.51.100.7/v3", "https://127.0.0.1:9696"), "outside")
    assert {(str(address), port) for address, port in places} == {("198.51.100.7", 443), ("192.0.2.1", 9696)}
    assert nameless == ["api.inside"]
