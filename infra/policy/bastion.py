"""The bastion's rules: the one place that says who may enter it, and where it may go.

Its security group, its server's packet filter (:mod:`infra.render.bastion`), the declared snapshot and the proof's intent are rendered
from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.model import Protocol
from infra.policy.rules import Direction, Family, Match, Origin, Rule
from infra.policy.services import client_rules

if TYPE_CHECKING:
    from infra.declaration.model import Network, Platform


def bastion_rules(platform: Platform) -> tuple[Rule, ...]:
    """Return the rules of the bastion's only port.

    SSH in from the operators; SSH out to the servers' management addresses and, where the platform declares services, to their server,
    whose client the bastion is as well.
    """
    origin = Origin(names.PLATFORM, names.MANAGEMENT, names.PLATFORM, "operators work through the bastion")
    ssh = Match(Protocol.TCP, platform.ssh_port, platform.ssh_port)
    ends: list[tuple[Direction, Network]] = [(Direction.INGRESS, prefix) for prefix in platform.bastion.allowed_from]
    ends.append((Direction.EGRESS, platform.pool.cidr))
    services = addresses.services_address(platform)
    if services is not None:
        ends.append((Direction.EGRESS, addresses.single(services)))
    return (*(Rule(direction, Family.IPV4, ssh, prefix, origin) for direction, prefix in ends), *client_rules(platform))
