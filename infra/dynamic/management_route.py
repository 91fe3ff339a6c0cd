"""The platform router's route to one tenant's management segment, in a list that all tenants' stacks share.

Two requests, because Neutron's database and its network (ML2/OVN) are two things (docs/adr/0005):

1. Neutron's own call for one route (extension ``extraroute-atomic``). The database is right whatever others do at the same time. The
   network need not be: what the call writes there is the list as it was before it waited for another's turn.
2. An update of the router that names nothing to be changed. Neutron writes to the network what the database then holds, unless the network
   has a later revision already. A stack that wrote an old list makes its update after that, so what is written last is the whole list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource

from infra.dynamic.base import Lifecycle, Props
from infra.dynamic.clouds import admin
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping


def route(props: Mapping[str, str]) -> dict[str, str]:
    """Return the route as Neutron writes it."""
    return {"destination": props["destination"], "nexthop": props["next_hop"]}


def change(props: Props, verb: Literal["add", "remove"]) -> None:
    """Add or remove the route and leave all others alone, in the database and in the network.

    A route that is there (or gone) already is written to the network all the same: an earlier run may have broken off between the two
    requests. Raises :class:`CloudError` when Neutron says yes and has not done it.
    """
    path, network = f"/routers/{props['router_id']}", admin().network
    network.put(f"{path}/{verb}_extraroutes", json={"router": {"routes": [route(props)]}}, raise_exc=True)
    routes = network.put(path, json={"router": {}}, raise_exc=True).json()["router"]["routes"]
    if (route(props) in routes) != (verb == "add"):
        raise CloudError.of(
            f"the router's route to {props['destination']} was not changed",
            where=f"router {props['router_id']}",
            expected=f"{verb} via {props['next_hop']}",
            got=f"{len(routes)} routes: " + ", ".join(f"{known['destination']} via {known['nexthop']}" for known in routes),
            hint="somebody else writes the whole list of this router's routes; run pulumi up again when nobody does",
        )


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
