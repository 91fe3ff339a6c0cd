"""The platform's services on the management network: who may open them, and whom the services server may ask.

Security groups, packet filters, the declared snapshot and the proof's intent are rendered from these rules; the files that configure the
services take their ports from :class:`Service` as well.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.model import Protocol
from infra.declaration.services import OFFERED
from infra.policy.rules import Direction, Family, Match, Origin, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Address

    from infra.declaration.model import Network, Platform


class Service(StrEnum):
    """Everything that the services server may offer; the value is the key in the platform's declaration."""

    TIME = "time"
    PACKAGES = "packages"
    LOGS = "logs"
    SESSIONS = "sessions"

    @property
    def matches(self) -> tuple[Match, ...]:
        """What a client's packets to the service look like above IP."""
        return tuple(Match(protocol, port, port) for protocol, port in OFFERED[self])

    @property
    def port(self) -> int:
        """The service's TCP port; that of time hands out the keys, and the time itself comes by UDP."""
        return next(port for protocol, port in OFFERED[self] if protocol is Protocol.TCP)

    @property
    def reason(self) -> str:
        """Why servers need it."""
        return _REASONS[self]

    @property
    def flow(self) -> str:
        """What its rules are called: the key in the platform's declaration. No flow of a tenant can be called so."""
        return f"services.{self}"


_REASONS = {
    Service.TIME: "servers have authenticated time",
    Service.PACKAGES: "servers without a route to anywhere get security updates",
    Service.LOGS: "logs outlive the server that wrote them",
    Service.SESSIONS: "sessions of operators are recorded off the server",
}


def declared_services(platform: Platform) -> tuple[Service, ...]:
    """Return the services that a platform declares, in the order of :class:`Service`."""
    return tuple(service for service in Service if platform.services and getattr(platform.services, service.value) is not None)


def client_rules(platform: Platform, tenant: str = names.PLATFORM) -> tuple[Rule, ...]:
    """Return what a client's management NIC may send to the services server; ``tenant`` is whose rules they are."""
    address = addresses.services_address(platform)
    if address is None:
        return ()
    server = addresses.single(address)
    return tuple(
        Rule(Direction.EGRESS, Family.IPV4, match, server, _origin(platform, service, tenant))
        for service in declared_services(platform)
        for match in service.matches
    )


def services_rules(platform: Platform) -> tuple[Rule, ...]:
    """Return what the services are to their server's port; nothing without services.

    In: each declared service, from the servers' management addresses and from the bastion. Out: what it asks itself, by address.
    """
    bastion = addresses.single(addresses.bastion_address(platform))
    offered = (
        Rule(Direction.INGRESS, Family.IPV4, match, client, _origin(platform, service, names.PLATFORM))
        for service in declared_services(platform)
        for match in service.matches
        for client in (platform.pool.cidr, bastion)
    )
    return (*offered, *_upstream(platform))


def _upstream(platform: Platform) -> Iterator[Rule]:
    """Yield what the services server may send outside, once each: two mirrors may well be one server."""
    found: dict[tuple[Match, Network], Rule] = {}
    for service, match, address in _asked(platform):
        rule = Rule(Direction.EGRESS, Family.IPV4, match, addresses.single(address), _origin(platform, service, names.PLATFORM))
        found.setdefault((match, rule.peer), rule)
    yield from found.values()


def _asked(platform: Platform) -> Iterator[tuple[Service, Match, IPv4Address]]:
    """Yield whom each service asks outside, and on which port."""
    services = platform.services
    if services is None:
        return
    for source in services.time.upstream if services.time else ():
        for match in Service.TIME.matches:
            if source.nts or match.protocol is Protocol.UDP:  # without NTS there are no keys to ask for
                yield Service.TIME, match, source.address
    for mirror in services.packages.mirrors.values() if services.packages else ():
        if mirror.server is not None:
            yield Service.PACKAGES, Match(Protocol.TCP, mirror.port, mirror.port), mirror.server


def _origin(platform: Platform, service: Service, tenant: str) -> Origin:
    file, line = platform.services.place(service) if platform.services else ("", 0)
    return Origin(tenant, service.flow, names.PLATFORM, service.reason, file, line)
