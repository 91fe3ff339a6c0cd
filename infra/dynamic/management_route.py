"""The platform router's route to one tenant's management segment.

The provider's route resource reads the router's whole list and writes it back: two stacks that run at once lose a route. Neutron
has atomic calls (``extraroute-atomic``), which touch the named route only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource

from infra.dynamic.base import Lifecycle, Props
from infra.dynamic.clouds import admin

if TYPE_CHECKING:
    from collections.abc import Mapping


def route(props: Mapping[str, str]) -> dict[str, str]:
    """Return the route as Neutron writes it."""
    return {"destination": props["destination"], "nexthop": props["next_hop"]}


def change(props: Props, verb: str) -> None:
    """Add or remove the route: ``verb`` is ``add`` or ``remove``. Both are idempotent in Neutron."""
    path = f"/routers/{props['router_id']}/{verb}_extraroutes"
    admin().network.put(path, json={"router": {"routes": [route(props)]}}, raise_exc=True)


class ManagementRouteLifecycle(Lifecycle):
    """Add, look for and remove one route of a router."""

    identity: ClassVar[tuple[str, ...]] = ("router_id", "destination", "next_hop")

    def create(self, props: Props) -> CreateResult:
        """Add the route to whatever the router has."""
        change(props, "add")
        return CreateResult(f"{props['router_id']}/{props['destination']}", dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell whether the router still has the route."""
        router = admin().network.find_router(props["router_id"], ignore_missing=True)
        if router is None or route(props) not in (router.routes or []):
            return ReadResult(None, {})
        return ReadResult(id_, dict(props))

    def delete(self, _id: str, _props: Props) -> None:
        """Remove this route only; a router that is gone has none."""
        if admin().network.find_router(_props["router_id"], ignore_missing=True) is not None:
            change(_props, "remove")


class ManagementRoute(Resource, module="ringfence", name="ManagementRoute"):
    """The router sends packets for ``destination`` to ``next_hop``."""

    destination: Output[str]

    def __init__(
        self,
        name: str,
        *,
        router_id: Input[str],
        destination: Input[str],
        next_hop: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare one route of a router."""
        props = {"router_id": router_id, "destination": destination, "next_hop": next_hop}
        super().__init__(ManagementRouteLifecycle(), name, props, opts)
