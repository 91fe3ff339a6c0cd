"""Values that Neutron will assign: the next free prefix of a pool, the next free address of a subnet."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from infra.errors import Problem, SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.neutron.snapshot import FloatingIp, Port, Router, Subnet, SubnetPool


class Allocation:
    """What is taken, and the next that is free."""

    def __init__(self, subnets: Iterable[Subnet], ports: Iterable[Port], routers: Iterable[Router], floating: Iterable[FloatingIp]) -> None:
        """Note everything that the base snapshot uses."""
        self._prefixes = [ip_network(subnet.cidr) for subnet in subnets]
        gateways = (subnet.gateway_ip for subnet in subnets)
        fixed = (item.ip_address for port in ports for item in port.fixed_ips)
        outer = (item.ip_address for router in routers for gateway in router.gateways for item in gateway.external_fixed_ips)
        public = (item.floating_ip_address for item in floating)
        self._taken = {str(ip_address(text)) for texts in (gateways, fixed, outer, public) for text in texts if text}

    def take(self, address: str) -> None:
        """Note an address that is used."""
        self._taken.add(str(ip_address(address)))

    def prefix(self, pool: SubnetPool, length: int) -> str:
        """Return a free prefix of a pool. Raises ``SnapshotError`` when there is none."""
        for text in pool.prefixes:
            for candidate in ip_network(text).subnets(new_prefix=length):
                if not any(candidate.version == used.version and candidate.overlaps(used) for used in self._prefixes):
                    self._prefixes.append(candidate)
                    return str(candidate)
        raise SnapshotError(Problem("the pool has no prefix left", where=f"subnet pool {pool.id}", expected=f"a free /{length}"))

    @staticmethod
    def first(cidr: str) -> str:
        """Return the gateway address that Neutron gives a subnet which names none: the first, whoever uses it elsewhere."""
        return str(next(iter(ip_network(cidr, strict=False).hosts())))

    def address(self, cidr: str) -> str:
        """Return a free address of a subnet. Raises ``SnapshotError`` when there is none."""
        for candidate in ip_network(cidr).hosts():
            if str(candidate) not in self._taken:
                self._taken.add(str(candidate))
                return str(candidate)
        raise SnapshotError(Problem("the subnet has no address left", where=cidr, hint="make it larger, or release addresses in it"))
