"""The platform router's route to one tenant's management segment, in a list that all tenants' stacks share.

Written with compare-and-swap (the Networking API's ``If-Match: revision_number=N``, extension ``revision-if-match``): a list that somebody
else has changed since it was read is refused, not overwritten. Neutron's own calls for one route (``extraroute-atomic``) keep its database
right and not its network: with ML2/OVN they write the routes that they read before they waited for each other, so of two stacks
that add at once one has no way in, and of two that remove at once one leaves its way in open (docs/adr/0005).
"""

from __future__ import annotations

import random
import time
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar, Literal

from openstack.exceptions import raise_from_response
from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, ReadResult, Resource

from infra.dynamic.base import Lifecycle, Props
from infra.dynamic.clouds import admin
from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

PATIENCE_SECONDS = 120.0
"""How long others may come first. Each of them needs half a second."""
PAUSE_SECONDS = 0.5
"""The longest pause before the list is read again; a random part of it, so that two who met do not meet again."""


def route(props: Mapping[str, str]) -> dict[str, str]:
    """Return the route as Neutron writes it."""
    return {"destination": props["destination"], "nexthop": props["next_hop"]}


def change(props: Props, verb: Literal["add", "remove"]) -> None:
    """Add or remove the route and leave all others alone.

    Ends with a request that found the list as it shall be: Neutron then compares its network with its database and corrects the network. So
    a route that an earlier run got into the database only is there afterwards. Raises :class:`CloudError` when others are always first.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if _write(props, present=verb == "add"):
            return
    raise CloudError.of(
        "the router's routes were changed by others all the time",
        where=f"router {props['router_id']}",
        expected=f"a turn within {PATIENCE_SECONDS:.0f} s to {verb} {props['destination']}",
        got=f"{HTTPStatus.PRECONDITION_FAILED} or another list each time",
        hint="run pulumi up again when fewer stacks run at once",
    )


def _write(props: Props, *, present: bool) -> bool:
    """Write the list once, with or without the route; tell whether that found it so."""
    path, entry, network = f"/routers/{props['router_id']}", route(props), admin().network
    router = network.get(path, raise_exc=True).json()["router"]
    others = [known for known in router["routes"] if known != entry]
    answer = network.put(
        path,
        json={"router": {"routes": [*others, entry] if present else others}},
        headers={"If-Match": f"revision_number={router['revision_number']}"},
        raise_exc=False,
    )
    if answer.status_code == HTTPStatus.PRECONDITION_FAILED:
        time.sleep(random.uniform(0, PAUSE_SECONDS))  # noqa: S311 - the length of a pause: nothing rests on nobody guessing it
        return False
    raise_from_response(answer)
    return (entry in router["routes"]) == present


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
