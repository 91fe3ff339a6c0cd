"""The platform's router is shared by all stacks: what OVN routes is what Neutron was asked for, also when several ask at once."""

from __future__ import annotations

import functools
import itertools
import os
import re
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Literal

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
ROUNDS = 8
LATEST_SECONDS = 1.5
"""How much later than the first a stack may come: a change takes about as long here, so that some meet at each of its steps."""
TENANTS = tuple(IPNetwork("192.0.2.0/26").subnet(28))
"""Segments of tenants that do not exist (RFC 5737)."""
pytestmark = [pytest.mark.live, pytest.mark.skipif(os.environ.get("OS_CLOUD") != LAB, reason="only the lab's OVN may be looked into")]


@pytest.fixture
def routes() -> Iterator[list[Props]]:
    """Give a route for each of the tenants, to unused addresses of the backbone; none of them stays."""
    router = str(stacks.platform().router_id)
    backbone = IPNetwork(str(load_platform(ROOT / "Pulumi.platform.yaml").platform.backbone.cidr))
    hops = [str(backbone[-2 - place]) for place in range(len(TENANTS))]
    asked = [{"router_id": router, "destination": str(segment), "next_hop": hop} for segment, hop in zip(TENANTS, hops, strict=True)]
    yield asked
    for route in asked:
        management_route.change(route, "remove")


def in_neutron(router: str) -> set[tuple[str, str]]:
    """Return destination and next hop of each route in Neutron's database."""
    return {(route["destination"], route["nexthop"]) for route in clouds.admin().network.get_router(router).routes}


def in_ovn(router: str) -> set[tuple[str, str]]:
    """Return the same of OVN's northbound database, without the default route that comes with the gateway."""
    command = (ROOT / "scripts/lab", "exec", "ovn-nbctl", "lr-route-list", f"neutron-{router}")
    listed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout
    return {(to, hop) for to, hop in re.findall(r"^ +(\d\S+/\d+) +(\S+)", listed, re.MULTILINE) if not to.endswith("/0")}


def test_stacks_at_once_lose_no_route_and_leave_none(routes: list[Props]) -> None:
    """They add their routes at once and remove them at once; each time OVN has what Neutron has, and that is what was asked for."""
    router = str(routes[0]["router_id"])
    before, ours = in_neutron(router), {(str(route["destination"]), str(route["next_hop"])) for route in routes}
    assert before
    assert in_ovn(router) == before
    steps: list[tuple[Literal["add", "remove"], set[tuple[str, str]]]] = [("add", before | ours), ("remove", before)]
    with ThreadPoolExecutor(len(routes)) as pool:
        for number, (verb, wanted) in itertools.product(range(ROUNDS), steps):
            later = [LATEST_SECONDS * (number * place % ROUNDS) / ROUNDS for place in range(len(routes))]
            list(pool.map(functools.partial(change_later, verb), routes, later))
            assert (in_neutron(router), in_ovn(router)) == (wanted, wanted)


def change_later(verb: Literal["add", "remove"], route: Props, seconds: float) -> None:
    """Be a stack that comes a little later than another."""
    time.sleep(seconds)
    management_route.change(route, verb)
