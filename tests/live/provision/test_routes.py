"""The platform's router is shared by all stacks: what OVN routes is what Neutron was asked for, also when two stacks ask at once."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from netaddr import IPNetwork

from infra.declaration import load_platform
from infra.dynamic import clouds, management_route
from ringfence.project import ROOT
from ringfence.verify import stacks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.dynamic.base import Props

LAB = "lab"
ROUNDS = 4
TENANTS = ("192.0.2.0/28", "192.0.2.16/28")
"""Segments of tenants that do not exist (RFC 5737)."""
pytestmark = [pytest.mark.live, pytest.mark.skipif(os.environ.get("OS_CLOUD") != LAB, reason="only the lab's OVN may be looked into")]


@pytest.fixture
def routes() -> Iterator[list[Props]]:
    """Give a route for each of two tenants, to unused addresses of the backbone; none of them stays."""
    router = str(stacks.platform()["router_id"])
    backbone = IPNetwork(str(load_platform(ROOT / "Pulumi.platform.yaml").platform.backbone.cidr))
    asked = [{"router_id": router, "destination": segment, "next_hop": str(backbone[-2 - place])} for place, segment in enumerate(TENANTS)]
    yield asked
    for route in asked:
        management_route.change(route, "remove")


def in_neutron(router: str) -> set[tuple[str, str]]:
    """Return destination and next hop of each route in Neutron's database."""
    return {(route["destination"], route["nexthop"]) for route in clouds.admin().network.get_router(router).routes}


def in_ovn(router: str) -> set[tuple[str, str]]:
    """Return the same of OVN's northbound database, without the default route that comes with the gateway."""
    command = (ROOT / "scripts/lab", "exec", "ovn-nbctl", "lr-route-list", f"neutron-{router}")
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return {(to, hop) for to, hop in re.findall(r"^ +(\d\S+/\d+) +(\S+)", listed, re.MULTILINE) if not to.endswith("/0")}


def test_two_stacks_at_once_lose_no_route_and_leave_none(routes: list[Props]) -> None:
    """Two add their routes at once and remove them at once; each time OVN has what Neutron has, and that is what was asked for."""
    router = str(routes[0]["router_id"])
    before, ours = in_neutron(router), {(str(route["destination"]), str(route["next_hop"])) for route in routes}
    assert before
    assert in_ovn(router) == before
    with ThreadPoolExecutor(len(routes)) as pool:
        for _ in range(ROUNDS):
            list(pool.map(lambda route: management_route.change(route, "add"), routes))
            assert (in_neutron(router), in_ovn(router)) == (before | ours, before | ours)
            list(pool.map(lambda route: management_route.change(route, "remove"), routes))
            assert (in_neutron(router), in_ovn(router)) == (before, before)
