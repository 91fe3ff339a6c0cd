"""From declarations to a snapshot: what the components would create, before anything is created.

Networks, routers and what joins them are those of :mod:`infra.topology`, rules those of :mod:`infra.policy`. Ids are the names of
:mod:`infra.declaration.names`; what only the cloud decides, :mod:`infra.neutron.sources.assigned` fills in. Public addresses come from a
range reserved for such purposes.
"""

from __future__ import annotations

from ipaddress import ip_network
from itertools import islice
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.model import Protocol
from infra.neutron import snapshot as model
from infra.neutron.owners import ROUTER_INTERFACE
from infra.neutron.snapshot.store import from_records
from infra.neutron.sources.assigned import Assigned
from infra.policy.bastion import platform_servers
from infra.policy.flows import expand
from infra.topology import platform_topology, tenant_topology

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.policy.rules import Group, Rule, TenantPolicy
    from infra.topology import DeclaredInterface, DeclaredPort, DeclaredRouter, DeclaredSubnet, Topology

OUTSIDE = "198.18.0.0/15"
"""Stands for the external network's prefix, which is the cloud's and not declared (RFC 2544: never routed)."""

_SERVER = "compute:nova"
_PROTOCOLS = {Protocol.ICMPV6: "ipv6-icmp"}


def declared_snapshot(platform: Platform, tenants: Sequence[TenantDeclaration]) -> model.Snapshot:
    """Return the snapshot of a cloud that holds the platform and these tenants, and nothing else.

    Raises:
        SnapshotError: the pool or the backbone is too small for the tenants.
    """
    ordered = sorted(tenants, key=lambda declaration: declaration.tenant.name)
    header = model.Header(format=model.FORMAT_VERSION, origin="declaration", driver="ovn")
    return from_records(header, _Cloud(platform, ordered).records())


class _Cloud:
    """Renders the topology, with what the cloud would assign."""

    def __init__(self, platform: Platform, tenants: Sequence[TenantDeclaration]) -> None:
        self._platform = platform
        self._topology = platform_topology(platform)
        policies = [expand(declaration, platform) for declaration in tenants]
        both = list(zip(tenants, policies, strict=True))
        self._tenants = [(declaration, policy, tenant_topology(declaration.tenant, policy, platform)) for declaration, policy in both]
        self._assigned = Assigned(platform, self._topology, [topology for *_, topology in self._tenants])
        self._outside = ip_network(OUTSIDE)
        self._public = islice(self._outside.hosts(), 1, None)

    def records(self) -> Iterator[model.Record]:
        """Yield everything, the platform first."""
        yield from self._platform_records()
        for tenant in self._tenants:
            yield from self._tenant_records(*tenant)

    def _platform_records(self) -> Iterator[model.Record]:
        platform, topology = self._platform, self._topology
        outside = platform.external_network
        yield model.Project(id=names.PLATFORM, name=names.PLATFORM, role=model.Role.PLATFORM)
        yield model.Network(id=outside, name=outside, project_id=names.PLATFORM, external=True)
        yield model.Subnet(id=outside, network_id=outside, cidr=OUTSIDE, gateway_ip=str(next(iter(self._outside.hosts()))))
        for pool in topology.pools.values():
            yield model.SubnetPool(id=pool.name, name=pool.name, prefixes=(str(pool.prefix),), project_id=names.PLATFORM)
        yield from self._wired(topology, {})
        for server, allowed in platform_servers(platform).items():
            rules = tuple(_rules(names.PLATFORM, allowed))
            yield model.SecurityGroup(id=server, name=server, project_id=names.PLATFORM, rules=rules)
            yield from self._server(topology, server)

    def _tenant_records(self, declaration: TenantDeclaration, policy: TenantPolicy, topology: Topology) -> Iterator[model.Record]:
        tenant = declaration.tenant
        where = declaration.lines.of("labels")
        yield model.Project(id=tenant.name, name=tenant.name, source=model.Source(file=where.file, tenant=tenant.name))
        sources = {}
        for zone in tenant.zones:
            place = declaration.lines.of("zones", zone)
            source = model.Source(file=place.file, line=place.line, key=f"zones.{zone}", tenant=tenant.name)
            sources[names.network(tenant.name, zone)] = source
        yield from self._wired(topology, sources)
        yield from _address_groups(policy)
        yield from (_group(policy.tenant, key, group) for key, group in policy.groups.items())
        for server in tenant.servers:
            yield from self._server(topology, names.server(tenant.name, server))

    def _wired(self, topology: Topology, sources: Mapping[str, model.Source]) -> Iterator[model.Record]:
        """Yield networks, subnets, routers and what joins them; ``sources`` are the lines that ask for a network."""
        for network in topology.networks.values():
            yield model.Network(id=network.name, name=network.name, project_id=network.owner, source=sources.get(network.name))
            if network.lent_to:
                yield model.RbacPolicy(
                    id=network.name,
                    object_type="network",
                    object_id=network.name,
                    action="access_as_shared",
                    target_project=network.lent_to,
                )
        for subnet in topology.subnets.values():
            yield self._subnet(subnet, sources)
        for router in topology.routers.values():
            yield self._router(router)
        for interface in topology.interfaces.values():
            yield _interface(interface, self._assigned.interfaces[interface.name])

    def _subnet(self, subnet: DeclaredSubnet, sources: Mapping[str, model.Source]) -> model.Subnet:
        hops = self._assigned.interfaces
        return model.Subnet(
            id=subnet.name,
            # A subnet of the platform goes by its network, as ever: a snapshot is known by its digest.
            name="" if subnet.network == names.BACKBONE else subnet.name,
            network_id=subnet.network,
            project_id="" if subnet.owner == names.PLATFORM else subnet.owner,
            cidr=str(subnet.prefix or self._assigned.prefixes[subnet.name]),
            gateway_ip=str(subnet.gateway) if subnet.gateway else None,
            enable_dhcp=False,
            host_routes=tuple(model.Route(destination=str(route.destination), nexthop=hops[route.via]) for route in subnet.routes),
            subnetpool_id=subnet.pool or None,
            source=sources.get(subnet.network),
        )

    def _router(self, router: DeclaredRouter) -> model.Router:
        network = self._platform.external_network
        fixed = (model.FixedIp(subnet_id=network, ip_address=str(next(self._public))),) if router.outside else ()
        gateways = (model.Gateway(network_id=network, external_fixed_ips=fixed),) if router.outside else ()
        routes = tuple(model.Route(destination=to, nexthop=hop) for to, hop in self._assigned.routes[router.name])
        return model.Router(id=router.name, name=router.name, project_id=names.PLATFORM, gateways=gateways, routes=routes)

    def _server(self, topology: Topology, name: str) -> Iterator[model.Record]:
        """Yield a server with its ports and its public address."""
        yield model.Server(id=name, name=name, project_id=topology.owner)
        for port in topology.ports_of(name):
            fixed = [(subnet, str(address or next(self._assigned.nics[subnet]))) for subnet, address in port.addresses.items()]
            yield _port(port, fixed)
        public = topology.public_of(name)
        if public is not None:
            yield model.FloatingIp(
                id=public.name,
                floating_network_id=self._platform.external_network,
                floating_ip_address=str(next(self._public)),
                project_id=public.owner,
                port_id=public.port,
            )


def _interface(interface: DeclaredInterface, address: str) -> model.Port:
    return model.Port(
        id=f"{interface.router}:{interface.subnet}",
        network_id=interface.network,
        project_id=names.PLATFORM,
        fixed_ips=(model.FixedIp(subnet_id=interface.subnet, ip_address=address),),
        device_owner=ROUTER_INTERFACE,
        device_id=interface.router,
    )


def _port(port: DeclaredPort, fixed: Iterable[tuple[str, str]]) -> model.Port:
    return model.Port(
        id=port.name,
        name=port.name,
        network_id=port.network,
        project_id=port.owner,
        fixed_ips=tuple(model.FixedIp(subnet_id=subnet, ip_address=address) for subnet, address in fixed),
        device_owner=_SERVER,
        device_id=port.server,
        security_groups=port.groups,
    )


def _address_groups(policy: TenantPolicy) -> Iterator[model.AddressGroup]:
    members: dict[tuple[str, int], dict[str, None]] = {}
    for group in policy.groups.values():
        for rule in group.rules:
            if rule.peer_set:
                members.setdefault((rule.peer_set, rule.family), {})[str(rule.peer)] = None
    for (peer_set, family), prefixes in members.items():
        name = names.address_group(policy.tenant, peer_set, family)
        yield model.AddressGroup(id=name, name=name, project_id=policy.tenant, addresses=tuple(prefixes))


def _group(tenant: str, key: str, group: Group) -> model.SecurityGroup:
    name = names.group(tenant, key)
    rules = tuple(dict.fromkeys(_rules(tenant, group.rules)))
    return model.SecurityGroup(id=name, name=name, project_id=tenant, rules=rules)


def _rules(tenant: str, rules: Iterable[Rule]) -> Iterator[model.Rule]:
    for rule in rules:
        origin = rule.origin
        yield model.Rule(
            direction=rule.direction.value,
            ethertype="IPv4" if rule.family == 4 else "IPv6",  # noqa: PLR2004 - the family is its version number
            protocol=_PROTOCOLS.get(rule.match.protocol, rule.match.protocol.value),
            port_range_min=rule.match.first,
            port_range_max=rule.match.last,
            remote_ip_prefix=None if rule.peer_set else str(rule.peer),
            remote_address_group_id=names.address_group(tenant, rule.peer_set, rule.family) if rule.peer_set else None,
            source=model.Source(
                file=origin.file,
                line=origin.line,
                key=origin.key,
                tenant=origin.tenant,
                flow=origin.flow,
                owner=origin.owner,
                reason=origin.reason,
                expires=origin.expires.isoformat() if origin.expires else "",
            ),
        )
