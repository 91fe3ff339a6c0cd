"""Checks of the platform's services: where the server stands, whom it asks, and whether its store holds what it is to keep."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra.declaration import reserved
from infra.declaration.services import OFFERED, SECURITY_SUFFIX
from infra.declaration.traffic import Protocol
from infra.declaration.values import ADDRESS4
from infra.declaration.yaml.source import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address

    from infra.declaration.model import Platform
    from infra.declaration.services import Mirror
    from infra.declaration.yaml.source import KeyPath


def place(platform: Platform) -> Iterator[Mistake]:
    """The services server has an address of its own on the backbone."""
    if platform.services is None:
        return
    backbone, number = platform.backbone, platform.services.host
    last, path = backbone.cidr.num_addresses - 2, ("services", "host")
    if number > last:
        yield Mistake(path, "the backbone has no such host number", f"2 to {last} in {backbone.cidr}", str(number))
    for owner, taken in (("router", backbone.router), ("bastion", backbone.bastion)):
        if number == taken:
            yield Mistake(path, f"the {owner} has this host number already", "a number of its own", str(number))


def something(platform: Platform) -> Iterator[Mistake]:
    """A services server offers something."""
    if platform.services is not None and not any(getattr(platform.services, kind) for kind in OFFERED):
        hint = "leave `services` out where the platform offers none"
        yield Mistake(("services",), "no service is declared", f"at least one of {', '.join(OFFERED)}", "none", hint)


def ports(platform: Platform) -> Iterator[Mistake]:
    """SSH is no service's port: who may open the service could log in at the services server."""
    if platform.services is None:
        return
    for service, parts in OFFERED.items():
        if getattr(platform.services, service) is not None and (Protocol.TCP, platform.ssh_port) in parts:
            what = f"the port is that of services.{service}"
            yield Mistake(("ssh_port",), what, "a port that no declared service has", str(platform.ssh_port))


def time_sources(platform: Platform) -> Iterator[Mistake]:
    """Time comes from servers outside, each named once."""
    known: set[IPv4Address] = set()
    for index, source in enumerate(platform.services.time.upstream if platform.services and platform.services.time else ()):
        path = ("services", "time", "upstream", index, "address")
        if source.address in known:
            yield Mistake(path, "the server is listed twice", "each server once", str(source.address))
        known.add(source.address)
        yield from _is_outside(platform, path, source.address)


def mirrors(platform: Platform) -> Iterator[Mistake]:
    """Each mirror has exactly one address, which is outside."""
    for name, mirror in (platform.services.packages.mirrors if platform.services and platform.services.packages else {}).items():
        path = ("services", "packages", "mirrors", name)
        yield from _address(path, mirror)
        if mirror.server is not None:
            yield from _is_outside(platform, (*path, "address" if mirror.address else "url"), mirror.server)
        for index, suite in enumerate(mirror.suites):
            if suite in mirror.suites[:index]:
                yield Mistake((*path, "suites", index), "the suite is listed twice", "each suite once", suite)


def security(platform: Platform) -> Iterator[Mistake]:
    """Say that no mirror has security updates. It is no mistake: packages may be all that is wanted; but nothing is ever updated."""
    packages = platform.services.packages if platform.services else None
    suites = [suite for mirror in packages.mirrors.values() for suite in mirror.suites] if packages else []
    if suites and not any(suite.endswith(SECURITY_SUFFIX) for suite in suites):
        path = ("services", "packages", "mirrors")
        expected = f"a suite whose name ends in {SECURITY_SUFFIX}: servers install updates of such suites only"
        yield Mistake(path, "no mirror has security updates, so no server ever installs any", expected, ", ".join(suites))


def room(platform: Platform) -> Iterator[Mistake]:
    """The store holds the cache, the logs and the recordings at once."""
    offered = platform.services
    if offered is None:
        return
    parts = {
        "packages.cache": offered.packages.cache if offered.packages else 0,
        "logs.size": offered.logs.size if offered.logs else 0,
        "sessions.size": offered.sessions.size if offered.sessions else 0,
    }
    needed = sum(parts.values()) + 1
    if needed > offered.store:
        got = " + ".join(f"{key} {size}" for key, size in parts.items() if size)
        expected = f"{needed} or more: {got}, and 1 for the file system"
        yield Mistake(("services", "store"), "the store is too small for what it is to keep", expected, str(offered.store))


def _address(path: KeyPath, mirror: Mirror) -> Iterator[Mistake]:
    """Say where a mirror has no address, two of them, or none that is one."""
    named = not re.fullmatch(ADDRESS4, mirror.host)
    if named and mirror.host.replace(".", "").isdigit():
        yield Mistake((*path, "url"), "the host is not an IPv4 address", "a name, or an address such as 198.51.100.4", mirror.host)
    elif named and mirror.address is None:
        hint = "a packet filter knows no names: write the address that the name stands for"
        yield Mistake((*path, "address"), "a name without an address", "the mirror's IPv4 address", "", hint)
    elif not named and mirror.address is not None and str(mirror.address) != mirror.host:
        yield Mistake((*path, "address"), "the URL has another address", mirror.host, str(mirror.address))


def _is_outside(platform: Platform, path: KeyPath, address: IPv4Address) -> Iterator[Mistake]:
    """Nobody is asked who is on the management network itself, nor at an address that no router forwards to."""
    inside = {"the management pool": platform.pool.cidr, "the management backbone": platform.backbone.cidr}
    for owner, network in inside.items():
        if address in network:
            yield Mistake(path, f"the address is in {owner}", f"addresses outside {network}", str(address))
    if use := reserved.use_of(IPv4Network(address)):
        yield Mistake(path, "the address is reserved", "an address that can be routed", f"{address}: {use}")
