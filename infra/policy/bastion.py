"""The rules of the platform's own servers: who may enter the bastion, where it may go, and what the services server's port lets pass.

Their security groups, their packet filters, the declared snapshot and the proof's intent are rendered from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.model import Protocol
from infra.policy.rules import Direction, Family, Match, Origin, Rule
from infra.policy.services import client_rules, services_rules

if TYPE_CHECKING:
    from infra.declaration.model import Network, Platform

MANAGEMENT_FLOW = "management"
"""What the rules of logging in are called: nobody declares them, and every server has them."""
REASON = "operators work through the bastion"


def login_rules(platform: Platform, tenant: str = names.PLATFORM) -> tuple[Rule, ...]:
    """Return what a management NIC lets in so that operators can work: SSH from the bastion; ``tenant`` is whose rules they are."""
    bastion = addresses.single(addresses.bastion_address(platform))
    return (Rule(Direction.INGRESS, Family.IPV4, _ssh(platform), bastion, Origin(tenant, MANAGEMENT_FLOW, names.PLATFORM, REASON)),)


def bastion_rules(platform: Platform) -> tuple[Rule, ...]:
    """Return the rules of the bastion's only port.

    SSH in from the operators; SSH out to the servers' management addresses and, where the platform declares services, to their server,
    whose client the bastion is as well.
    """
    origin, ssh = Origin(names.PLATFORM, MANAGEMENT_FLOW, names.PLATFORM, REASON), _ssh(platform)
    ends: list[tuple[Direction, Network]] = [(Direction.INGRESS, prefix) for prefix in platform.bastion.allowed_from]
    ends.append((Direction.EGRESS, platform.pool.cidr))
    services = addresses.services_address(platform)
    if services is not None:
        ends.append((Direction.EGRESS, addresses.single(services)))
    return (*(Rule(direction, Family.IPV4, ssh, prefix, origin) for direction, prefix in ends), *client_rules(platform))


def services_server_rules(platform: Platform) -> tuple[Rule, ...]:
    """Return the rules of the services server's only port: SSH from the bastion, and its services; none where there is no such server."""
    return (*login_rules(platform), *services_rules(platform)) if platform.services else ()


def platform_servers(platform: Platform) -> dict[str, tuple[Rule, ...]]:
    """Return the rules of each server of the platform, by its name, which is also its port's and its security group's."""
    bastion = {names.BASTION: bastion_rules(platform)}
    return bastion | ({names.SERVICES: services_server_rules(platform)} if platform.services else {})


def _ssh(platform: Platform) -> Match:
    return Match(Protocol.TCP, platform.ssh_port, platform.ssh_port)
