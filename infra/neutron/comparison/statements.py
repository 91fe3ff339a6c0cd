"""Everything in a snapshot that joins, opens, lends or stops something, as statements that two states can be compared by.

What rules let pass is not here: that is compared as sets of packets (:mod:`infra.proof.declared`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import chain
from typing import TYPE_CHECKING

from infra.neutron.comparison.references import Reference, References
from infra.neutron.owners import METADATA, is_gateway, is_metadata, is_router_interface, is_router_port, is_trusted
from infra.neutron.pools import whole
from infra.neutron.snapshot import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.snapshot import FloatingIp, Network, Port, Router, Snapshot, Subnet

Key = tuple[object, ...]
DEFAULT_GROUP = "default"
"""The group that Neutron makes in every project."""
_REPLICAS = "network:router_ha_interface"
_UNBOUND = frozenset({"unbound", "binding_failed"})


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing that is so.

    ``key`` is equal for equal things in two states, ``about`` are those whom it concerns. ``exists``: it says no more than that an object
    is there.
    """

    key: Key
    about: frozenset[Reference]
    project: str
    text: str
    exists: bool = False


class Wiring:
    """What one snapshot says."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Look at every object once."""
        self._snapshot = snapshot
        self._found = References(snapshot)
        self._subnets = {subnet.id: subnet for subnet in snapshot.subnets}
        self._networks = {network.id: network for network in snapshot.networks}
        self._servers = {server.id for server in snapshot.servers}
        self._near: dict[str, list[str]] = defaultdict(list)
        self._on: dict[str, list[Port]] = defaultdict(list)
        for port in snapshot.ports:
            if is_trusted(port.device_owner):
                self._on[port.network_id].append(port)
            if is_router_port(port.device_owner):
                self._near[port.device_id].append(port.network_id)
        self._from_pool = {subnet.cidr: subnet for subnet in snapshot.subnets if subnet.subnetpool_id}

    def objects(self) -> frozenset[Reference]:
        """Return the tenants and all objects that have a name, but for the networks outside: those are the cloud's own."""
        found, snapshot = self._found, self._snapshot
        platform = {project.id for project in snapshot.projects if project.role is Role.PLATFORM}
        own = {found.project(project.id) for project in snapshot.projects if project.id not in platform}
        own |= {found.of("network", network.id) for network in snapshot.networks if not network.external}
        own |= {found.of("router", router.id) for router in snapshot.routers}
        own |= {found.of("group", group.id) for group in snapshot.security_groups if group.name != DEFAULT_GROUP}
        own |= {found.of("address group", group.id) for group in snapshot.address_groups}
        own |= {found.of("pool", pool.id) for pool in snapshot.subnet_pools}
        own |= {found.of("server", server.id) for server in snapshot.servers}
        own |= {found.of("port", port.id) for port in snapshot.ports if not is_router_port(port.device_owner)}
        return frozenset(one for one in own if one.name)

    def statements(self, without: frozenset[str] = frozenset()) -> Iterator[Statement]:
        """Yield everything, section by section, but for what ports of the ids in ``without`` say of themselves."""
        snapshot = self._snapshot
        return chain(
            chain.from_iterable(map(self._of_network, snapshot.networks)),
            chain.from_iterable(map(self._of_subnet, snapshot.subnets)),
            chain.from_iterable(self._of_port(port) for port in snapshot.ports if port.id not in without),
            chain.from_iterable(map(self._of_router, snapshot.routers)),
            self._of_groups(),
            self._of_pools(),
            self._shares(),
            self._public(),
            chain.from_iterable(map(self._forwardings, snapshot.floating_ips)),
            self._trunks(),
            self._of_servers(),
        )

    def _one(self, word: str, about: tuple[tuple[str, str], ...], text: str, *more: object, exists: bool = False) -> Statement:
        """Return a statement about objects, given as (kind, id); the first one's project is the one to look in."""
        refs = tuple(self._found.of(kind, identifier) for kind, identifier in about)
        owner = self._found.owner(*about[0])
        concerned = {ref.imitated if ref.name else ref for ref in refs} | {self._found.project(owner)}
        return Statement((word, *refs, *more), frozenset(concerned), self._found.party(owner), text, exists)

    def _of_network(self, network: Network) -> Iterator[Statement]:
        me, name = (("network", network.id),), self._found.name(network.id)
        yield self._one("network", me, f"network {name}", exists=True)
        if network.external:
            yield self._one("external", me, f"network {name} is a network towards the outside")
        elif network.shared:
            yield self._one("shared", me, f"network {name} is shared with everybody")
        if not network.admin_state_up:
            yield self._one("down", me, f"network {name} is switched off")
        if not network.port_security_enabled:
            yield self._one("unprotected", me, f"new ports on network {name} have no port security")

    def _of_subnet(self, subnet: Subnet) -> Iterator[Statement]:
        me, name = (("network", subnet.network_id),), self._found.name(subnet.network_id)
        prefix = self._prefix(subnet)
        what = f"subnet {subnet.cidr} of {name}"
        gateway = f"{what} with the gateway {subnet.gateway_ip}" if subnet.gateway_ip else f"{what} without a gateway"
        yield self._one("subnet", me, gateway, prefix, subnet.gateway_ip or "")
        if subnet.project_id and subnet.project_id != self._found.owner("network", subnet.network_id):
            yield self._one("foreign subnet", me, f"{what} is of project {self._found.party(subnet.project_id)}", prefix)
        if subnet.enable_dhcp:
            yield self._one("dhcp", me, f"{what} has DHCP on", prefix)
        for server in subnet.dns_nameservers:
            yield self._one("dns", me, f"{what} names the DNS server {server}", prefix, server)
        for route in subnet.host_routes:
            text = f"{what} gives hosts a route to {route.destination} via {route.nexthop}"
            yield self._one("host route", me, text, prefix, route.destination, self._hop(subnet.network_id, route.nexthop))
        pools = [(ip_address(pool.start), ip_address(pool.end)) for pool in subnet.allocation_pools]
        if pools and sorted(pools, key=str) != sorted(whole(subnet.cidr, subnet.gateway_ip), key=str):
            ranges = ", ".join(f"{first}-{last}" for first, last in pools)
            yield self._one("allocation", me, f"{what} hands out {ranges} only", prefix, ranges)

    def _prefix(self, subnet: Subnet) -> str:
        return "from a pool" if subnet.subnetpool_id else subnet.cidr

    def _of_port(self, port: Port) -> Iterator[Statement]:
        if is_router_port(port.device_owner):
            yield from self._interface(port)
        elif not is_trusted(port.device_owner):
            yield from self._nic(port)
        elif not self._serves_metadata(port):
            yield from self._infrastructure(port)

    def _serves_metadata(self, port: Port) -> bool:
        """Whether it is the port by which OVN serves the metadata of its network: one of each network, of the network's project."""
        mates = [other for other in self._on[port.network_id] if other.device_owner == METADATA]
        return is_metadata(port.device_owner, port.device_id, port.network_id) and mates == [port] and not self._is_foreign(port)

    def _is_foreign(self, port: Port) -> bool:
        return port.project_id != self._found.owner("network", port.network_id)

    def _infrastructure(self, port: Port) -> Iterator[Statement]:
        """Yield that a port is there which drivers do not filter, because of its owner; that of a gateway is told with its router."""
        whose = f" of project {self._found.party(port.project_id)}" if self._is_foreign(port) else ""
        text = f"port {self._found.name(port.id)}{whose} with the owner {port.device_owner}, which nothing filters"
        place = (("network", port.network_id), ("port", port.id))
        yield self._one("infrastructure", place, f"{text}, on {self._found.name(port.network_id)}", exists=True)
        if is_gateway(port.device_owner) and not port.admin_state_up:
            text = f"the gateway of router {self._found.name(port.device_id)} is switched off"
            yield self._one("gateway down", (("router", port.device_id),), text)

    def _interface(self, port: Port) -> Iterator[Statement]:
        if port.device_owner == _REPLICAS and not self._found.owner("network", port.network_id):
            return  # replicas of a router find each other on a network that is nobody's
        both = (("network", port.network_id), ("router", port.device_id))
        router, network = self._found.name(port.device_id), self._found.name(port.network_id)
        text = f"router {router} has an interface on {network}"
        prefixes = sorted({self._prefix(self._subnets[fixed.subnet_id]) for fixed in port.fixed_ips}) or [""]
        for prefix in prefixes:
            yield self._one("interface", both, text, prefix)
        gateways = {self._subnets[fixed.subnet_id].gateway_ip for fixed in port.fixed_ips} - {None}
        home = self._found.owner("router", port.device_id)
        if port.project_id and home and port.project_id != home:
            yield self._one("foreign interface", both, f"{text}, which is of project {self._found.party(port.project_id)}")
        if is_router_interface(port.device_owner):
            for address in sorted(gateways & {fixed.ip_address for fixed in port.fixed_ips}, key=str):
                yield self._one("gateway address", both, f"router {router} has the gateway's address {address} on {network}", address)
        if not port.admin_state_up:
            yield self._one("interface down", both, f"{text}, which is switched off")

    def _nic(self, port: Port) -> Iterator[Statement]:
        me, name = (("port", port.id),), self._found.name(port.id)
        place = (("network", port.network_id), *me)
        whose = f" of project {self._found.party(port.project_id)}" if self._is_foreign(port) else ""
        yield self._one("port", place, f"port {name}{whose} on {self._found.name(port.network_id)}", exists=True)
        for group in port.security_groups:
            text = f"port {name} is in group {self._found.name(group)}"
            yield self._one("member", (*me, ("group", group)), text)
        if port.binding_vnic_type != "normal":
            yield self._one("vnic", me, f"port {name} is bound as {port.binding_vnic_type}", port.binding_vnic_type)
        if not port.admin_state_up:
            yield self._one("down", me, f"port {name} is switched off")
        if port.device_id and port.binding_vif_type in _UNBOUND:
            yield self._one("binding", me, f"port {name} is not bound ({port.binding_vif_type}): its server will not start again")
        if port.device_id in self._servers:
            text = f"port {name} is plugged into server {self._found.name(port.device_id)}"
            yield self._one("plugged", (*me, ("server", port.device_id)), text)
        for fixed in port.fixed_ips:
            if fixed.ip_address and not self._subnets[fixed.subnet_id].subnetpool_id:
                yield self._one("address", me, f"port {name} has the address {fixed.ip_address}", fixed.ip_address)

    def _of_router(self, router: Router) -> Iterator[Statement]:
        me, name = (("router", router.id),), self._found.name(router.id)
        yield self._one("router", me, f"router {name}", exists=True)
        if not router.admin_state_up:
            yield self._one("down", me, f"router {name} is switched off")
        for gateway in router.gateways:
            text, outside = (
                f"router {name} has a gateway on {self._found.name(gateway.network_id)}",
                self._found.of("network", gateway.network_id),
            )
            yield self._one("gateway", me, text, outside)
            if not gateway.enable_snat:
                yield self._one("untranslated", me, f"{text} that does not translate (enable_snat is off)", outside)
        for route in router.routes:
            hops = [hop for network in self._near[router.id] if isinstance(hop := self._hop(network, route.nexthop), Reference)]
            text = f"router {name} has a route to {route.destination} via {route.nexthop}"
            yield self._one("route", me, text, self._destination(route.destination), hops[0] if hops else route.nexthop)

    def _destination(self, prefix: str) -> object:
        """Return where a route leads: a subnet that was cut from a pool has another prefix in every state."""
        subnet = self._from_pool.get(prefix)
        return self._found.of("network", subnet.network_id) if subnet else prefix

    def _hop(self, network: str, address: str) -> object:
        router = self._found.router_at(network, address)
        return self._found.of("router", router) if router else address

    def _of_groups(self) -> Iterator[Statement]:
        for group in self._snapshot.security_groups:
            me, name = (("group", group.id),), self._found.name(group.id)
            if group.name != DEFAULT_GROUP:
                yield self._one("group", me, f"group {name}", exists=True)
            if not group.stateful:
                yield self._one("stateless", me, f"group {name} does not track connections")
            if group.shared:
                yield self._one("shared", me, f"group {name} is shared with others")

    def _of_pools(self) -> Iterator[Statement]:
        for pool in self._snapshot.subnet_pools:
            me, name = (("pool", pool.id),), self._found.name(pool.id)
            yield self._one("pool there", me, f"subnet pool {name}", exists=True)
            for prefix in pool.prefixes:
                yield self._one("pool", me, f"subnet pool {name} has {prefix}", prefix)
            if pool.shared:
                yield self._one("shared", me, f"subnet pool {name} is shared with everybody")
            if pool.address_scope_id:
                yield self._one("scope", me, f"subnet pool {name} is in address scope {pool.address_scope_id}", pool.address_scope_id)

    def _shares(self) -> Iterator[Statement]:
        for policy in self._snapshot.rbac_policies:
            target = "everybody" if policy.target_project == "*" else self._found.party(policy.target_project)
            text = f"{policy.object_type} {self._found.name(policy.object_id)} is shared with {target} ({policy.action})"
            thing = self._found.lent(policy.object_id)
            owner = self._found.owner(thing.kind, policy.object_id)
            about = frozenset({thing.imitated if thing.name else thing, self._found.project(owner)})
            key = ("lent", policy.object_type, thing, policy.action, self._found.project(policy.target_project))
            yield Statement(key, about, self._found.party(owner), text)

    def _public(self) -> Iterator[Statement]:
        count: Counter[str] = Counter()
        for address in self._snapshot.floating_ips:
            if address.port_id:
                count[address.port_id] += 1
                yield self._at(address, address.port_id, f"public address {address.floating_ip_address}", count[address.port_id])
                if not self._networks[address.floating_network_id].external:
                    network = self._found.name(address.floating_network_id)
                    text = f"public address {address.floating_ip_address} is of network {network}, which does not lead outside"
                    yield self._one("not public", (("port", address.port_id),), text)

    def _forwardings(self, address: FloatingIp) -> Iterator[Statement]:
        for one in address.port_forwardings:
            text = f"{one.protocol}/{one.external_port} of public address {address.floating_ip_address} is forwarded to {one.internal_port}"
            more = (one.protocol, one.external_port, one.internal_ip_address, one.internal_port)
            yield self._at(address, one.internal_port_id, text, *more)

    def _at(self, address: FloatingIp, port: str, text: str, *more: object) -> Statement:
        owner = self._found.project(address.project_id)
        foreign = address.project_id != self._found.owner("port", port)
        whose = f" of project {self._found.party(address.project_id)}" if foreign and address.project_id else ""
        found = self._one("public", (("port", port),), f"{text}{whose} on {self._found.name(port)}", owner, *more)
        return Statement(found.key, found.about | {owner}, found.project, found.text)

    def _trunks(self) -> Iterator[Statement]:
        for trunk in self._snapshot.trunks:
            if not trunk.sub_ports:
                yield self._one("trunk", (("port", trunk.port_id),), f"port {self._found.name(trunk.port_id)} is the parent of a trunk")
            for sub in trunk.sub_ports:
                both = (("port", sub.port_id), ("port", trunk.port_id))
                whose = self._found.party(self._found.owner("port", trunk.port_id))
                text = f"port {self._found.name(trunk.port_id)} of project {whose} carries"
                text = f"{text} port {self._found.name(sub.port_id)} with the tag {sub.segmentation_id}"
                yield self._one("carried", both, text, sub.segmentation_id)

    def _of_servers(self) -> Iterator[Statement]:
        for server in self._snapshot.servers:
            yield self._one("server", (("server", server.id),), f"server {self._found.name(server.id)}", exists=True)
