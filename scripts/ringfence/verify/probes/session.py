"""Everything that a verification needs open at once: logins, the guests' programs, the host outside. Closed again whatever happens."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from ipaddress import ip_address
from typing import TYPE_CHECKING

from hardening.access import Entrance, Session, Target, open_bastion, open_server
from ringfence.verify.model import Card, Node, Role
from ringfence.verify.probes.link import Link, through_command, through_ssh

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.inventory import World

INTERNET_VARIABLE = "RINGFENCE_INTERNET_EXEC"
"""A command prefix that runs on a host outside all tenants."""
OUTSIDE = "internet/host"
NO_OUTSIDE = f"no host outside: {INTERNET_VARIABLE} is not set"


@contextlib.contextmanager
def outside() -> Iterator[Link | None]:
    """Start the program on the host outside, if there is one."""
    prefix = os.environ.get(INTERNET_VARIABLE, "")
    if not prefix:
        yield None
        return
    with contextlib.closing(through_command(OUTSIDE, prefix)) as link:
        yield link


def outside_node(link: Link, towards: str) -> Node:
    """Return the host outside as a node: the card and the address by which it reaches a public address of the cloud."""
    words = link.run("ip", "-o", "route", "get", towards).split()
    device, address = words[words.index("dev") + 1], ip_address(words[words.index("src") + 1])
    mac = link.run("cat", f"/sys/class/net/{device}/address").strip()
    return Node(OUTSIDE, "internet", Role.OUTSIDE, (Card("outside", device, mac, (address,), (), ()),))


@contextlib.contextmanager
def links(world: World, wanted: frozenset[str] = frozenset()) -> Iterator[dict[str, Link]]:
    """Log in everywhere over one connection to the bastion and start the programs; ``wanted`` narrows the servers, empty means all."""
    with contextlib.ExitStack() as stack:
        bastion = stack.enter_context(open_bastion(entrance(world)))
        targets = {
            f"{tenant.name}/{name}": Target(server["management"], server["host_key"], world.platform.ssh_port)
            for tenant in world.tenants
            for name, server in tenant.facts["servers"].items()
            if not wanted or f"{tenant.name}/{name}" in wanted
        }

        def begin(name: str) -> tuple[contextlib.ExitStack, Link]:
            with contextlib.ExitStack() as own:
                session = own.enter_context(open_server(entrance(world), targets[name], via=bastion))
                link = own.enter_context(contextlib.closing(through_ssh(name, session.client)))
                return own.pop_all(), link

        def bastion_link() -> tuple[contextlib.ExitStack, Link]:
            with contextlib.ExitStack() as own:
                link = own.enter_context(contextlib.closing(through_ssh("platform/bastion", bastion.client)))
                return own.pop_all(), link

        with ThreadPoolExecutor(len(targets) + 1) as pool:
            begun = {name: pool.submit(begin, name) for name in targets}
            begun["platform/bastion"] = pool.submit(bastion_link)
        opened: dict[str, Link] = {}
        failures = []
        for name, future in begun.items():
            if future.exception():
                failures.append(future.exception())
                continue
            own, opened[name] = future.result()
            stack.enter_context(own)
        if failures and failures[0]:
            raise failures[0]
        yield opened


def entrance(world: World) -> Entrance:
    """Return the bastion as the stacks know it and this machine reaches it."""
    bastion = world.platform_facts["bastion"]
    return Entrance.from_environment(bastion["address"], bastion["host_key"], world.platform.ssh_port)


def with_outside(world: World, node: Node | None) -> World:
    """Return the world with the host outside in it."""
    return replace(world, outside=node)


__all__ = ["NO_OUTSIDE", "OUTSIDE", "Session", "entrance", "links", "outside", "outside_node", "with_outside"]
