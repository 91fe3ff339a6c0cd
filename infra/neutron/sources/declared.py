"""From declarations to a snapshot: what the components would create, before anything is created.

Ids are the names of :mod:`infra.declaration.names`. What only the cloud decides is filled in by counting: the management segments are cut
from the pool in the order of the tenants' names, and public addresses come from a range reserved for such purposes. Both are sound: a pool
never hands out a prefix twice, and no rule of a tenant depends on which public address it gets.
"""

from __future__ import annotations

from ipaddress import IPv4Network, ip_network
from itertools import islice
from typing import TYPE_CHECKING

from infra.declaration import addresses, names
from infra.declaration.model import GATEWAY, Protocol
from infra.errors import SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.owners import ROUTER_INTERFACE
from infra.neutron.snapshot.store import from_records
from infra.policy.bastion import bastion_rules
from infra.policy.flows import expand

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from ipaddress import IPv4Address

    from infra.declaration.held import TenantDeclaration
    from infra.declaration.model import Platform, Server, Tenant
    from infra.policy.rules import Group, Rule, TenantPolicy

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
    """Counts out what the cloud would assign."""

    def __init__(self, platform: Platform, tenants: Sequence[TenantDeclaration]) -> None:
        self._platform = platform
        self._tenants = tenants
        self._outside = ip_network(OUTSIDE)
        self._public = islice(self._outside.hosts(), 1, None)
        self._segments: dict[str, IPv4Network] = {}
        self._cards: dict[str, Iterator[IPv4Address]] = {}
        self._backbone: dict[str, str] = {}
        pool = platform.pool.cidr.subnets(new_prefix=platform.pool.prefix)
        hosts = map(str, addresses.backbone_hosts(platform))
        self._relays = {names.further_router(number): next(hosts, "") for number in range(2, platform.backbone.routers + 1)}
        if len(tenants) > addresses.most_routed(platform):
            raise SnapshotError.of(
                "the platform's routers have no place for the routes to all tenants",
                where=f"Pulumi.{names.PLATFORM}.yaml: backbone.routers",
                expected=f"at least {-(-len(tenants) // (platform.backbone.max_routes - 1))}",
                got=f"{platform.backbone.routers}, for {addresses.most_routed(platform)} tenants; declared are {len(tenants)}",
                hint=f"raise it, then pulumi up -s {names.PLATFORM}",
            )
        for declaration in tenants:
            name = declaration.tenant.name
            try:
                self._segments[name], self._backbone[name] = next(pool), next(hosts)
                self._cards[name] = addresses.segment_hosts(self._segments[name])
            except StopIteration as error:
                raise SnapshotError.of(
                    "the platform has no management segment left", where=name, expected=f"at least {len(tenants)} in its pool and backbone"
                ) from error

    def records(self) -> Iterator[model.Record]:
        """Yield everything, the platform first."""
        yield from self._platform_records()
        for declaration in self._tenants:
            yield from self._tenant_records(declaration)

    def _platform_records(self) -> Iterator[model.Record]:
        platform = self._platform
        outside = platform.external_network
        yield model.Project(id=names.PLATFORM, name=names.PLATFORM, role=model.Role.PLATFORM)
        yield model.Network(id=outside, name=outside, project_id=names.PLATFORM, external=True)
        yield model.Subnet(id=outside, network_id=outside, cidr=OUTSIDE, gateway_ip=str(next(iter(self._outside.hosts()))))
        yield _network(names.BACKBONE, names.PLATFORM)
        first = str(addresses.host(platform.backbone.cidr, platform.backbone.router))
        yield model.Subnet(
            id=names.BACKBONE, network_id=names.BACKBONE, cidr=str(platform.backbone.cidr), gateway_ip=first, enable_dhcp=False
        )
        prefixes = (str(platform.pool.cidr),)
        yield model.SubnetPool(id=names.MANAGEMENT_POOL, name=names.MANAGEMENT_POOL, prefixes=prefixes, project_id=names.PLATFORM)
        yield from self._routers(first)
        rules = tuple(_rules(names.PLATFORM, bastion_rules(platform)))
        yield model.SecurityGroup(id=names.BASTION, name=names.BASTION, project_id=names.PLATFORM, rules=rules)
        yield model.Server(id=names.BASTION, name=names.BASTION, project_id=names.PLATFORM)
        address = str(addresses.bastion_address(platform))
        yield _port(names.BASTION, (names.BACKBONE, names.PLATFORM), [(names.BACKBONE, address)], (names.BASTION,), names.BASTION)
        yield self._floating(names.BASTION, names.BASTION, names.PLATFORM)

    def _routers(self, first: str) -> Iterator[model.Record]:
        """Yield the platform's routers: each holds the routes to as many tenants as it may, and hands the rest to the next."""
        relays = list(self._relays.items())
        each = self._platform.backbone.max_routes - 1
        segments = iter(self._segments)
        for number, (router, address) in enumerate([(names.PLATFORM, first), *relays]):
            routes = [model.Route(destination=str(self._segments[name]), nexthop=self._backbone[name]) for name in islice(segments, each)]
            routes += [model.Route(destination=str(self._platform.pool.cidr), nexthop=after) for _, after in relays[number : number + 1]]
            yield self._router(router, outside=number == 0, routes=tuple(routes))
            yield _leg(router, names.BACKBONE, names.BACKBONE, address)

    def _tenant_records(self, declaration: TenantDeclaration) -> Iterator[model.Record]:
        tenant = declaration.tenant
        policy = expand(declaration, self._platform)
        where = declaration.lines.of("labels")
        yield model.Project(id=tenant.name, name=tenant.name, source=model.Source(file=where.file, tenant=tenant.name))
        yield from self._management_records(tenant)
        edge = names.edge_router(tenant.name)
        yield self._router(edge, outside=True)
        for zone, entry in tenant.zones.items():
            network = names.network(tenant.name, zone)
            place = declaration.lines.of("zones", zone)
            source = model.Source(file=place.file, line=place.line, key=f"zones.{zone}", tenant=tenant.name)
            yield model.Network(id=network, name=network, project_id=tenant.name, source=source)
            for prefix, gateway in zip(entry.networks, addresses.gateway(entry), strict=True):
                subnet = names.subnet(tenant.name, zone, prefix.version)
                yield model.Subnet(
                    id=subnet,
                    name=subnet,
                    network_id=network,
                    project_id=tenant.name,
                    cidr=str(prefix),
                    gateway_ip=str(gateway),
                    enable_dhcp=False,
                    source=source,
                )
                yield _leg(edge, network, subnet, str(gateway))
        yield from _address_groups(policy)
        yield from (_group(policy.tenant, key, group) for key, group in policy.groups.items())
        for server in tenant.servers:
            yield from self._server_records(tenant, policy, server)

    def _management_records(self, tenant: Tenant) -> Iterator[model.Record]:
        name = names.management(tenant.name)
        segment = self._segments[tenant.name]
        yield _network(name, names.PLATFORM)
        router = str(addresses.host(segment, GATEWAY))
        yield model.Subnet(
            id=name,
            name=name,
            network_id=name,
            cidr=str(segment),
            enable_dhcp=False,
            host_routes=(model.Route(destination=str(self._platform.backbone.cidr), nexthop=router),),
            subnetpool_id=names.MANAGEMENT_POOL,
        )
        yield model.RbacPolicy(id=name, object_type="network", object_id=name, action="access_as_shared", target_project=tenant.name)
        yield self._router(name, outside=False)
        yield _leg(name, name, name, router)
        yield _leg(name, names.BACKBONE, names.BACKBONE, self._backbone[tenant.name])

    def _server_records(self, tenant: Tenant, policy: TenantPolicy, server: str) -> Iterator[model.Record]:
        identifier = names.server(tenant.name, server)
        yield model.Server(id=identifier, name=identifier, project_id=tenant.name)
        for nic in policy.server_nics(server):
            fixed = [(names.subnet(tenant.name, nic.zone, address.version), str(address)) for address in nic.addresses]
            groups = tuple(names.group(tenant.name, key) for key in nic.groups)
            port = names.port(tenant.name, server, nic.zone)
            yield _port(port, (names.network(tenant.name, nic.zone), tenant.name), fixed, groups, identifier)
        management = names.management(tenant.name)
        address = str(next(self._cards[tenant.name]))
        groups = (names.group(tenant.name, names.MANAGEMENT),)
        yield _port(names.management_port(tenant.name, server), (management, tenant.name), [(management, address)], groups, identifier)
        yield from self._public_address(tenant, server, tenant.servers[server])

    def _public_address(self, tenant: Tenant, server: str, entry: Server) -> Iterator[model.Record]:
        if entry.public is not None:
            port = names.port(tenant.name, server, entry.public)
            yield self._floating(names.server(tenant.name, server), port, tenant.name)

    def _router(self, name: str, *, outside: bool, routes: tuple[model.Route, ...] = ()) -> model.Router:
        network = self._platform.external_network
        fixed = (model.FixedIp(subnet_id=network, ip_address=str(next(self._public))),) if outside else ()
        gateways = (model.Gateway(network_id=network, external_fixed_ips=fixed),) if outside else ()
        return model.Router(id=name, name=name, project_id=names.PLATFORM, gateways=gateways, routes=routes)

    def _floating(self, name: str, port: str, project: str) -> model.FloatingIp:
        address = str(next(self._public))
        network = self._platform.external_network
        return model.FloatingIp(id=name, floating_network_id=network, floating_ip_address=address, project_id=project, port_id=port)


def _network(name: str, project: str) -> model.Network:
    return model.Network(id=name, name=name, project_id=project)


def _leg(router: str, network: str, subnet: str, address: str) -> model.Port:
    fixed = (model.FixedIp(subnet_id=subnet, ip_address=address),)
    identifier = f"{router}:{subnet}"
    return model.Port(
        id=identifier, network_id=network, project_id=names.PLATFORM, fixed_ips=fixed, device_owner=ROUTER_INTERFACE, device_id=router
    )


def _port(name: str, place: tuple[str, str], fixed: list[tuple[str, str]], groups: tuple[str, ...], server: str) -> model.Port:
    network, project = place
    return model.Port(
        id=name,
        name=name,
        network_id=network,
        project_id=project,
        fixed_ips=tuple(model.FixedIp(subnet_id=subnet, ip_address=address) for subnet, address in fixed),
        device_owner=_SERVER,
        device_id=server,
        security_groups=groups,
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
                key=f"flows.{origin.flow}",
                tenant=origin.tenant,
                flow=origin.flow,
                owner=origin.owner,
                reason=origin.reason,
                expires=origin.expires.isoformat() if origin.expires else "",
            ),
        )
