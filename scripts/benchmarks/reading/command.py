"""The command: a cloud is filled, read by ringfence and by openstacksdk alone in turn, and cleared."""

from __future__ import annotations

import sys
import time
from statistics import median
from typing import TYPE_CHECKING, Annotated

import openstack
import typer

from benchmarks.document import machine
from benchmarks.reading.filling import Filling, Size
from infra.errors import RingfenceError
from infra.neutron.sources import cloud as source

if TYPE_CHECKING:
    from collections.abc import Callable

    from openstack.connection import Connection

BAR = 1.0
"""Of the time of the plain listing."""
FAILED, REFUSED = 1, 2


def plain(cloud: Connection) -> int:
    """List the sections that ringfence reads with openstacksdk's own methods, one after another; how many objects."""
    network = cloud.network
    lists = (
        cloud.list_domains,
        cloud.list_projects,
        network.extensions,
        network.address_scopes,
        network.subnet_pools,
        network.networks,
        network.subnets,
        network.address_groups,
        network.routers,
        network.security_groups,
        network.ports,
        network.rbac_policies,
        network.ips,
        network.trunks,
        network.default_security_group_rules,
        lambda: cloud.compute.servers(all_projects=True),
    )
    return sum(1 for listed in lists for _ in listed())


def ours(cloud: Connection) -> int:
    """Read them as every verb does; how many records."""
    return sum(1 for _ in source.records(cloud))


def timed(read: Callable[[Connection], int]) -> tuple[float, int]:
    """Read with a connection of its own; seconds and how many objects."""
    cloud = openstack.connect()
    cloud.authorize()
    began = time.perf_counter()
    count = read(cloud)
    return time.perf_counter() - began, count


def run(
    *,
    rules: Annotated[int, typer.Option(min=0, help="How many rules are made before.")] = 20_000,
    ports: Annotated[int, typer.Option(min=0, help="How many ports are made before.")] = 2_000,
    rounds: Annotated[int, typer.Option(min=1, help="How often each reads, in turn.")] = 3,
    keep: Annotated[bool, typer.Option("--keep", help="Leave what was made: for a cloud that is thrown away.")] = False,
) -> None:
    """Read a cloud full of rules and ports, in turn with a plain listing of the same sections: exit 0 when ringfence takes no longer.

    The credential of OS_CLOUD makes a project `ringfence-bench-reading`, fills it, and deletes all of it in the end or at the next run.

    Examples: `./scripts/bench reading`; `./scripts/bench reading --rules 2000 --ports 200 --rounds 1`
    """
    filling = Filling(openstack.connect(), lambda text: print(f"\r\x1b[K{text}" if sys.stderr.isatty() else text, file=sys.stderr))
    try:
        share = _share(filling, Size(rules, ports), rounds, keep=keep)
    except RingfenceError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    print(machine(f"./scripts/bench reading --rules {rules} --ports {ports} --rounds {rounds}"))
    print(f"ringfence takes {share:.2f} of the plain listing (bar {BAR}): {'met' if share <= BAR else 'missed'}")
    if share > BAR:
        raise typer.Exit(FAILED)


def _share(filling: Filling, size: Size, rounds: int, *, keep: bool) -> float:
    """Fill, read in turn, and clear; how long ringfence takes as a share of the plain listing, of the medians."""
    filling.clear()
    took: dict[str, list[float]] = {"plain": [], "ringfence": []}
    try:
        filling.fill(size)
        for _ in range(rounds):
            for name, read in (("plain", plain), ("ringfence", ours)):
                seconds, count = timed(read)
                took[name].append(seconds)
                print(f"{name}: {seconds:.2f} s, {count} objects")
    finally:
        if not keep:
            filling.clear()
    return median(took["ringfence"]) / median(took["plain"])
