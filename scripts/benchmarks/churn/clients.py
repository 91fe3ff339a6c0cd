"""Clients of a cloud that make servers, routers, floating IPs, networks, ports and groups, and delete them, until told to stop."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import openstack
from openstack.exceptions import NotFoundException, SDKException

if TYPE_CHECKING:
    from collections.abc import Callable

    from openstack.connection import Connection

WITH_ROUTERS, WITH_SERVERS = 2, 2
"""How many of the clients make routers with floating IPs as well, and how many servers; the others make what these need."""
TRIES, PAUSE_SECONDS, SERVER_SECONDS = 10, 1.0, 60


@dataclass
class Client:
    """One client: ``rounds`` of its life are over, and ``troubles`` are what the cloud refused it."""

    number: int
    router: bool = False
    server: bool = False
    rounds: int = 0
    troubles: list[str] = field(default_factory=list)

    def live(self, stop: Event) -> None:
        """Make and delete until told to stop; what was made is deleted in any case."""
        cloud = openstack.connect()
        while not stop.is_set():
            try:
                with ExitStack() as made:
                    self._round(cloud, made)
                self.rounds += 1
            except SDKException as error:
                self.troubles.append(str(error))
                time.sleep(PAUSE_SECONDS)

    def _round(self, cloud: Connection, made: ExitStack) -> None:
        neutron, name = cloud.network, f"churn-{self.number}-{uuid4().hex[:8]}"
        network = neutron.create_network(name=name)
        made.callback(self._gone, neutron.delete_network, network.id)
        subnet = neutron.create_subnet(network_id=network.id, name=name, cidr=f"10.{200 + self.number}.0.0/24", ip_version=4)
        group = neutron.create_security_group(name=name)
        made.callback(self._gone, neutron.delete_security_group, group.id)
        rule = {"security_group_id": group.id, "direction": "ingress", "ether_type": "IPv4", "remote_group_id": group.id}
        neutron.create_security_group_rule(**rule)
        port = neutron.create_port(network_id=network.id, name=name, security_groups=[group.id])
        made.callback(self._gone, neutron.delete_port, port.id)
        if self.router:
            self._routed(cloud, made, name, (subnet.id, port.id))
        if self.server:
            self._served(cloud, made, name, port.id)

    def _routed(self, cloud: Connection, made: ExitStack, name: str, ends: tuple[str, str]) -> None:
        neutron, outside = cloud.network, next(iter(cloud.network.networks(is_router_external=True)))
        router = neutron.create_router(name=name, external_gateway_info={"network_id": outside.id})
        made.callback(self._gone, neutron.delete_router, router.id)
        neutron.add_interface_to_router(router, subnet=ends[0])
        made.callback(self._gone, lambda identifier: neutron.remove_interface_from_router(identifier, subnet=ends[0]), router.id)
        address = neutron.create_ip(floating_network_id=outside.id, port_id=ends[1])
        made.callback(self._gone, neutron.delete_ip, address.id)

    def _served(self, cloud: Connection, made: ExitStack, name: str, port: str) -> None:
        flavor = min(cloud.compute.flavors(), key=lambda each: each.ram)
        image = next(iter(cloud.image.images()))
        server = cloud.compute.create_server(name=name, flavor_id=flavor.id, image_id=image.id, networks=[{"port": port}])
        made.callback(self._gone, lambda _: cloud.compute.wait_for_delete(server, wait=SERVER_SECONDS), server.id)
        made.callback(self._gone, cloud.compute.delete_server, server.id)

    def _gone(self, delete: Callable[[str], Any], identifier: str) -> None:
        """Delete, again and again while something still holds on to it; what is left over is told."""
        for left in reversed(range(TRIES)):
            try:
                delete(identifier)
            except NotFoundException:
                return
            except SDKException as error:
                if not left:
                    self.troubles.append(f"left over: {identifier}: {error}")
                time.sleep(PAUSE_SECONDS)
            else:
                return


def start(count: int, stop: Event) -> list[tuple[Client, Thread]]:
    """Let some clients live."""
    clients = [Client(number, number < WITH_ROUTERS, WITH_ROUTERS <= number < WITH_ROUTERS + WITH_SERVERS) for number in range(count)]
    threads = [(client, Thread(target=client.live, args=(stop,), daemon=True)) for client in clients]
    for _, thread in threads:
        thread.start()
    return threads
