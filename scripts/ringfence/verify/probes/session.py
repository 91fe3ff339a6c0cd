"""Everything that a verification needs open at once: logins, the guests' programs, the host outside. Closed again whatever happens.

Whoever cannot be logged in to is named with the reason, and the others are worked with.
"""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from ipaddress import ip_address
from typing import TYPE_CHECKING

from infra.errors import GuestError, RingfenceError
from infra.ssh.access import JumpHost, Session, Target, open_bastion, open_server
from ringfence.verify import failures
from ringfence.verify.inventory import SERVICES
from ringfence.verify.model import Node, NodeNic, NodeRole
from ringfence.verify.probes.link import Link, through_command, through_ssh

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from concurrent.futures import Future

    from ringfence.verify.inventory import Inventory

INTERNET_VARIABLE = "RINGFENCE_INTERNET_EXEC"
"""A command prefix that runs on a host outside all tenants."""
OUTSIDE = "internet/host"
BASTION = "platform/bastion"
NO_OUTSIDE = f"no host outside: {INTERNET_VARIABLE} is not set"
PATIENCE_SECONDS = 8.0
"""How long a login that fails is begun again. One attempt takes at most 30 s, so whoever is dead is named before 40 s are over."""

Begun = tuple[contextlib.ExitStack, Link]
"""A program that runs, and how it is ended."""


@dataclass(slots=True)
class Logins:
    """The programs that run, and why the others do not, by the node's name. ``outside`` is the host outside, when it is among the first."""

    links: dict[str, Link] = field(default_factory=dict)
    lost: dict[str, RingfenceError] = field(default_factory=dict)
    outside: Node | None = None

    def complete(self) -> dict[str, Link]:
        """Return the links; raises the error of the first node that has none."""
        for problem in self.lost.values():
            raise problem
        return self.links


@contextlib.contextmanager
def logins(inventory: Inventory, patience: float = PATIENCE_SECONDS) -> Iterator[Logins]:
    """Log in everywhere at the same time, over one connection to the bastion, and start the programs."""
    with contextlib.ExitStack() as stack:
        yield _logged_in(stack, inventory, patience)


def _logged_in(stack: contextlib.ExitStack, inventory: Inventory, patience: float) -> Logins:
    made, servers = Logins(), targets(inventory)
    with ThreadPoolExecutor(len(servers) + 2) as pool:
        waiting: dict[str, Future[Begun]] = {}
        try:
            if prefix := os.environ.get(INTERNET_VARIABLE, ""):
                waiting[OUTSIDE] = pool.submit(_begin, OUTSIDE, lambda _: through_command(OUTSIDE, prefix))
            try:
                way = jump_host(inventory)
                bastion = stack.enter_context(open_bastion(way, patience=patience))
            except GuestError as problem:
                made.lost |= {BASTION: problem, **{name: _no_way(name, problem) for name in servers}}
            else:
                waiting[BASTION] = pool.submit(_begin, BASTION, lambda _: through_ssh(BASTION, bastion.client))
                for name, target in servers.items():
                    waiting[name] = pool.submit(_begin, name, partial(_through, name, (way, target, bastion), patience))
            _collect(stack, made, waiting)
        except BaseException:
            # Whoever still waits for a server stops waiting when the connection to the bastion is closed.
            stack.close()
            for future in waiting.values():
                future.add_done_callback(_end)
            raise
    _look_outside(made, str(inventory.platform_facts.bastion.address))
    return made


def _through(name: str, way: tuple[JumpHost, Target, Session], patience: float, own: contextlib.ExitStack) -> Link:
    """Log in to a server, to be logged out of with ``own``, and start the program there."""
    jump_host, target, bastion = way
    session = own.enter_context(open_server(jump_host, target, via=bastion, patience=patience))
    return through_ssh(name, session.client)


def _begin(name: str, start: Callable[[contextlib.ExitStack], Link]) -> Begun:
    with failures.translated(f"logging in to {name}"), contextlib.ExitStack() as own:
        link = own.enter_context(contextlib.closing(start(own)))
        return own.pop_all(), link


def _collect(stack: contextlib.ExitStack, made: Logins, waiting: Mapping[str, Future[Begun]]) -> None:
    for name, future in waiting.items():
        try:
            own, link = future.result()
        except RingfenceError as problem:
            made.lost[name] = problem
        else:
            stack.enter_context(own)
            made.links[name] = link


def _end(future: Future[Begun]) -> None:
    """End a program that nobody has taken over."""
    if not future.cancelled() and future.exception() is None:
        future.result()[0].close()


def _no_way(server: str, bastion: GuestError) -> GuestError:
    hint = "mend the bastion first"
    return GuestError.of("the server cannot be reached without the bastion", where=server, got=bastion.problems[0].what, hint=hint)


def _look_outside(made: Logins, towards: str) -> None:
    """Find out where the host outside is; one that cannot tell takes no part."""
    if OUTSIDE not in made.links:
        return
    try:
        made.outside = outside_node(made.links[OUTSIDE], towards)
    except GuestError as problem:
        made.lost[OUTSIDE] = problem
        del made.links[OUTSIDE]


def outside_node(link: Link, towards: str) -> Node:
    """Return the host outside as a node: the NIC and the address by which it reaches a public address of the cloud."""
    words = link.run("ip", "-o", "route", "get", towards).split()
    if not {"dev", "src"} <= set(words):
        raise GuestError.of("the host outside has no route to the cloud", where=OUTSIDE, expected="dev and src", got=" ".join(words))
    device, address = words[words.index("dev") + 1], ip_address(words[words.index("src") + 1])
    mac = link.run("cat", f"/sys/class/net/{device}/address").strip()
    return Node(OUTSIDE, "internet", NodeRole.OUTSIDE, (NodeNic("outside", device, mac, (address,), (), ()),))


def targets(inventory: Inventory) -> dict[str, Target]:
    """Return all servers that are reached through the bastion, by the node's name."""
    made = inventory.platform_facts.services if inventory.services() else None
    services = {SERVICES: Target(made.address, made.host_key, inventory.platform.ssh_port)} if made else {}
    return services | {
        f"{tenant.name}/{name}": Target(server.management, server.host_key, inventory.platform.ssh_port)
        for tenant in inventory.tenants
        for name, server in tenant.facts.servers.items()
    }


def jump_host(inventory: Inventory) -> JumpHost:
    """Return the bastion as the stacks know it and this machine reaches it."""
    bastion = inventory.platform_facts.bastion
    return JumpHost.from_environment(bastion.address, bastion.host_key, inventory.platform.ssh_port)


def with_outside(inventory: Inventory, node: Node | None) -> Inventory:
    """Return the inventory with the host outside in it."""
    return replace(inventory, outside=node)
