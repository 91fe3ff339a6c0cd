"""A leg of a router on a subnet, made so that a run which broke off can be run again.

The provider's ``RouterInterface`` waits ten seconds before it looks for the first time, and knows nothing of a leg whose answer never
arrived: Neutron then refuses the same request for ever ("port already has an attached device"). This one looks first, takes over what is
there, and gives Neutron the time to repair it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource

from infra.dynamic.base import Lifecycle, Props, neutron_repair_seconds, required
from infra.dynamic.clouds import admin
from infra.errors import CloudError
from infra.neutron.owners import is_router_interface

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.network.v2.port import Port

WHERE = "router interface"
GONE = 404
"""What Neutron answers when there is nothing to unplug; 409 would be a leg that routes or floating IPs still need."""
ACTIVE = "ACTIVE"
"""The status of a port that the network has as well (api-ref: ports, ``status``)."""


def legs(router_id: str) -> Iterator[Port]:
    """Yield the ports by which a router is plugged in; Neutron itself removes the others that a router has."""
    for port in admin().network.ports(device_id=router_id):
        if is_router_interface(port.device_owner):
            yield port


def plugged(props: Props) -> Port | None:
    """Return the port of the leg that is asked for, ``None`` when the router does not have it."""
    for port in legs(required(props, "router_id", WHERE)):
        subnets = {fixed["subnet_id"] for fixed in port.fixed_ips}
        if port.id == props.get("port_id") or (not props.get("port_id") and props.get("subnet_id") in subnets):
            return port
    return None


def taken_over(props: Props) -> str:
    """Return the port of a leg that was there already, once the network has it too. Raises :class:`CloudError` when it has not.

    The port's status alone does not tell: on the lab a port was active whose router's half was missing in OVN.
    """
    patience = neutron_repair_seconds()
    time.sleep(patience)
    port = plugged(props)
    if port is None or port.status != ACTIVE:
        raise CloudError.of(
            "the router is plugged in in Neutron's database and not in the network",
            where=f"router {props['router_id']}",
            expected=f"a port with the status {ACTIVE} after {patience:.0f} s, Neutron's time to repair what its crash left",
            got=str(port.status) if port else "no such port any more",
            hint="look for errors of the maintenance in Neutron's log, then run pulumi up again",
        )
    return str(port.id)


def unplug(router_id: str, port_id: str) -> None:
    """Unplug one leg; Neutron deletes its port with it. What is not there needs no unplugging."""
    answer = admin().network.put(f"/routers/{router_id}/remove_router_interface", json={"port_id": port_id}, raise_exc=False)
    if answer.status_code != GONE:
        answer.raise_for_status()


class RouterLegLifecycle(Lifecycle):
    """Plug a router in by a port of one's own (``port_id``) or at a subnet's gateway address (``subnet_id``)."""

    identity: ClassVar[tuple[str, ...]] = ("router_id", "subnet_id", "port_id")

    def create(self, props: Props) -> CreateResult:
        """Plug it in, unless it is."""
        if plugged(props):
            port_id = taken_over(props)
        else:
            wanted = {"port_id": props["port_id"]} if props.get("port_id") else {"subnet_id": required(props, "subnet_id", WHERE)}
            path = f"/routers/{props['router_id']}/add_router_interface"
            port_id = str(admin().network.put(path, json=wanted, raise_exc=True).json()["port_id"])
        return CreateResult(f"{props['router_id']}/{port_id}", dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell whether the router still has the leg."""
        return ReadResult(id_, dict(props)) if plugged(props) else ReadResult(None, {})

    def delete(self, _id: str, _props: Props) -> None:
        """Unplug it."""
        router_id, _, port_id = _id.partition("/")
        unplug(router_id, port_id)


class RouterLeg(Resource, module="ringfence", name="RouterLeg"):
    """The router is plugged in at the subnet, or by the port."""

    router_id: Output[str]

    def __init__(
        self,
        name: str,
        *,
        router_id: Input[str],
        subnet_id: Input[str] | None = None,
        port_id: Input[str] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare one leg; exactly one of ``subnet_id`` and ``port_id`` says where."""
        where = {"subnet_id": subnet_id} if port_id is None else {"port_id": port_id}
        super().__init__(RouterLegLifecycle(), name, {"router_id": router_id, **where}, opts)


class UnpluggedLifecycle(Lifecycle):
    """Nothing while the router is there; before it is deleted, it loses every leg, those that no state knows included."""

    identity: ClassVar[tuple[str, ...]] = ("router_id",)

    def create(self, props: Props) -> CreateResult:
        """Remember the router."""
        return CreateResult(required(props, "router_id", "router"), dict(props))

    def delete(self, _id: str, _props: Props) -> None:
        """Unplug what is still plugged in."""
        for port in list(legs(_id)):
            unplug(_id, port.id)


class Unplugged(Resource, module="ringfence", name="Unplugged"):
    """A router can be deleted after a run that broke off: Neutron refuses to delete one with legs."""

    router_id: Output[str]

    def __init__(self, name: str, router_id: Input[str], opts: ResourceOptions | None = None) -> None:
        """Declare it after the router and before its legs, so that it is deleted between them."""
        super().__init__(UnpluggedLifecycle(), name, {"router_id": router_id}, opts)
