"""The route to one tenant's management segment on a router of the platform, in a list that all tenants' stacks share.

Two requests, because Neutron's database and its network (ML2/OVN) are two things (docs/adr/0005):

1. Neutron's own call for one route (extension ``extraroute-atomic``). The database is right whatever others do at the same time. The
   network need not be: what the call writes there is the list as it was before it waited for another's turn.
2. An update of the router that names nothing to be changed. Neutron writes to the network what the database then holds, unless the network
   has a later revision already. A stack that wrote an old list makes its update after that, so what is written last is the whole list.
"""

from __future__ import annotations

from ipaddress import ip_network
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource

from infra.dynamic.base import Lifecycle, Props
from infra.dynamic.clouds import admin
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

FULL = ("RoutesExhausted", "router_route")
"""What Neutron names when a router has as many routes as it may: the error's type before 2026.2, the quota since."""
MOST = 30
"""Neutron's default for the number of routes on a router."""


def route(props: Mapping[str, str]) -> dict[str, str]:
    """Return the route as Neutron writes it."""
    return {"destination": props["destination"], "nexthop": props["next_hop"]}


def changed(props: Props, verb: Literal["add", "remove"]) -> list[dict[str, str]]:
    """Make the two requests and return the router's routes."""
    path, network = f"/routers/{props['router_id']}", admin().network
    network.put(f"{path}/{verb}_extraroutes", json={"router": {"routes": [route(props)]}}, raise_exc=True)
    routes: list[dict[str, str]] = network.put(path, json={"router": {}}, raise_exc=True).json()["router"]["routes"]
    return routes


def change(props: Props, verb: Literal["add", "remove"]) -> None:
    """Add or remove the route and leave all others alone, in the database and in the network.

    A route that is there (or gone) already is written to the network all the same: an earlier run may have broken off between the two
    requests. Raises :class:`CloudError` when Neutron says yes and has not done it.
    """
    routes = changed(props, verb)
    if (route(props) in routes) != (verb == "add"):
        raise CloudError.of(
            f"the router's route to {props['destination']} was not changed",
            where=f"router {props['router_id']}",
            expected=f"{verb} via {props['next_hop']}",
            got=f"{len(routes)} routes: " + ", ".join(f"{known['destination']} via {known['nexthop']}" for known in routes),
            hint="somebody else writes the whole list of this router's routes; run pulumi up again when nobody does",
        )


def is_full(error: Exception) -> bool:
    """Tell whether Neutron refused a route because the router has as many as it may have, by setting or (since 2026.2) by quota."""
    return any(word in str(getattr(getattr(error, "response", None), "text", "")) for word in FULL)


def places_left(routes: list[dict[str, str]], destination: str, most: int) -> int:
    """Return how many routes fit in beside these. One place is kept for the way to the next router, unless that is there."""
    inner = ip_network(destination)
    others = [ip_network(known["destination"]) for known in routes]
    has_way = any(other.version == inner.version and other != inner and inner.subnet_of(other) for other in others)  # type: ignore[arg-type]  # of one family
    return most - len(routes) - (not has_way)


def added(props: Props) -> bool:
    """Add the route if there is a place for it; two stacks that both see the last place may both have to go on."""
    router = admin().network.find_router(props["router_id"], ignore_missing=True)
    if router is None:
        return False
    known = list(router.routes or [])
    most = int(props.get("max_routes") or MOST)
    if route(props) not in known and places_left(known, props["destination"], most) < 1:
        return False
    try:
        change(props, "add")
    except Exception as error:
        if not is_full(error):
            raise
        return False
    routes = admin().network.find_router(props["router_id"], ignore_missing=False).routes
    if route(props) not in known and places_left(routes, props["destination"], most) < 0:
        change(props, "remove")
        return False
    return True


def routers(props: Props) -> list[str]:
    """Return the routers that may have the route, the first one first."""
    return [str(props["router_id"]), *map(str, props.get("further") or ())]


class ManagementRouteLifecycle(Lifecycle):
    """Add, look for and remove one route, on the first router that has a place for it.

    Which one that was, the id tells. ``further`` routers may come and go without moving a route that is there.
    """

    identity: ClassVar[tuple[str, ...]] = ("router_id", "destination", "next_hop")

    def create(self, props: Props) -> CreateResult:
        """Add the route to whatever the router has."""
        for router in routers(props):
            if added({**props, "router_id": router}):
                return CreateResult(f"{router}/{props['destination']}", dict(props))
        raise CloudError.of(
            f"no router of the platform has a place for the route to {props['destination']}",
            where=", ".join(routers(props)),
            expected=f"fewer than {int(props.get('max_routes') or MOST) - 1} tenants on one of them",
            hint="raise backbone.routers in Pulumi.platform.yaml, then pulumi up -s platform",
        )

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell whether a router still has the route."""
        for router in dict.fromkeys([id_.partition("/")[0], *routers(props)]):
            if has(router, props):
                return ReadResult(f"{router}/{props['destination']}", dict(props))
        return ReadResult(None, {})

    def delete(self, _id: str, _props: Props) -> None:
        """Remove this route only; a router that is gone has none."""
        own = _id.partition("/")[0]
        if admin().network.find_router(own, ignore_missing=True) is not None:
            change({**_props, "router_id": own}, "remove")
        for router in routers(_props):
            if router != own and has(router, _props):
                change({**_props, "router_id": router}, "remove")


def has(router_id: str, props: Props) -> bool:
    """Tell whether a router has the route."""
    router = admin().network.find_router(router_id, ignore_missing=True)
    return router is not None and route(props) in (router.routes or [])


class ManagementRoute(Resource, module="ringfence", name="ManagementRoute"):
    """A router of the platform sends packets for ``destination`` to ``next_hop``: the first one, or one of the ``further`` ones."""

    destination: Output[str]

    def __init__(
        self,
        name: str,
        *,
        router_id: Input[str],
        destination: Input[str],
        next_hop: Input[str],
        further: Input[list[str]],
        max_routes: int,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare one route."""
        props = {"router_id": router_id, "destination": destination, "next_hop": next_hop, "further": further, "max_routes": max_routes}
        super().__init__(ManagementRouteLifecycle(), name, props, opts)


class PoolRouteLifecycle(Lifecycle):
    """The way from one router of the platform to the next, for all tenants that the first one does not know."""

    identity: ClassVar[tuple[str, ...]] = ("router_id", "destination", "next_hop")

    def create(self, props: Props) -> CreateResult:
        """Add the route; the place for it was kept."""
        change(props, "add")
        return CreateResult(f"{props['router_id']}/{props['destination']}", dict(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Tell whether the router still has the route."""
        return ReadResult(id_, dict(props)) if has(props["router_id"], props) else ReadResult(None, {})

    def delete(self, _id: str, _props: Props) -> None:
        """Remove the route, unless tenants are reached by it. Raises :class:`CloudError` when some are."""
        following = admin().network.find_router(_props["next_router_id"], ignore_missing=True)
        if following is not None and following.routes:
            raise CloudError.of(
                "tenants are reached through this router",
                where=f"router {following.name}",
                expected="no route any more",
                got=", ".join(str(known["destination"]) for known in following.routes),
                hint="destroy these tenants first, or leave backbone.routers in Pulumi.platform.yaml as it was",
            )
        if has(_props["router_id"], _props):
            change(_props, "remove")


class PoolRoute(Resource, module="ringfence", name="PoolRoute"):
    """A router sends what it has no route for itself, of the management pool, to the next router."""

    destination: Output[str]

    def __init__(
        self,
        name: str,
        *,
        router_id: Input[str],
        destination: Input[str],
        next_hop: Input[str],
        next_router_id: Input[str],
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare the way from one router to the next."""
        props: dict[str, Any] = {
            "router_id": router_id,
            "destination": destination,
            "next_hop": next_hop,
            "next_router_id": next_router_id,
        }
        super().__init__(PoolRouteLifecycle(), name, props, opts)
