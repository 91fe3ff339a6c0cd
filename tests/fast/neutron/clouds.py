"""Small clouds for tests, built record by record: say what matters, the builder fills in the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from infra.neutron.snapshot import (
    AddressPair,
    FixedIp,
    FloatingIp,
    Gateway,
    Header,
    Network,
    Port,
    Project,
    Role,
    Route,
    Router,
    Rule,
    SecurityGroup,
    Server,
    Snapshot,
    Subnet,
)
from infra.neutron.snapshot.store import from_records

if TYPE_CHECKING:
    from infra.neutron.snapshot import Record

ANY4 = "0.0.0.0/0"
ANY6 = "::/0"


def allow(
    direction: str, peer: str | None = None, protocol: str | None = None, ports: tuple[int, int | None] | None = None, **more: object
) -> Rule:
    """Return a rule; the family follows from the peer's text."""
    first, last = ports or (None, None)
    ethertype = "IPv6" if peer and ":" in peer else "IPv4"
    fields: dict[str, object] = {
        "direction": direction,
        "ethertype": ethertype,
        "protocol": protocol,
        "port_range_min": first,
        "port_range_max": last,
        "remote_ip_prefix": peer,
    }
    return msgspec.convert({**fields, **more}, Rule)


OPEN = (allow("ingress"), allow("egress"), allow("ingress", ethertype="IPv6"), allow("egress", ethertype="IPv6"))
"""Every packet, both ways, both families."""


@dataclass
class Cloud:
    """A cloud under construction. Ids are the names, so that tests read well."""

    records: dict[str, Record] = field(default_factory=dict)

    def add(self, record: Record) -> Record:
        """Add or replace a record, by kind and id."""
        identifier: str = record.id  # type: ignore[attr-defined]
        self.records[f"{type(record).__name__} {identifier}"] = record
        return record

    def change(self, kind: type[Record], identifier: str, **fields: object) -> None:
        """Change fields of a record."""
        key = f"{kind.__name__} {identifier}"
        self.records[key] = msgspec.structs.replace(self.records[key], **fields)

    def project(self, name: str, *, platform: bool = False) -> None:
        """Add a project."""
        self.add(Project(id=name, name=name, role=Role.PLATFORM if platform else Role.TENANT))

    def network(self, name: str, project: str, *cidrs: str, gateway: bool = True, **fields: object) -> None:
        """Add a network with one subnet per prefix; the gateway is host 1."""
        self.add(msgspec.convert({"id": name, "name": name, "project_id": project, **fields}, Network))
        for number, cidr in enumerate(cidrs):
            first = cidr.split("/")[0]
            host = first + "1" if ":" in first else first.rsplit(".", 1)[0] + ".1"
            subnet = f"{name}-{number}"
            self.add(Subnet(id=subnet, network_id=name, project_id=project, cidr=cidr, gateway_ip=host if gateway else None))

    def group(self, name: str, project: str, *rules: Rule, stateful: bool = True) -> None:
        """Add a security group."""
        numbered = tuple(msgspec.structs.replace(rule, id=f"{name}/{number}") for number, rule in enumerate(rules))
        self.add(SecurityGroup(id=name, name=name, project_id=project, rules=numbered, stateful=stateful))

    def port(self, name: str, network: str, project: str, *addresses: str, groups: tuple[str, ...] = (), **fields: object) -> None:
        """Add a port of a server; each address belongs to the network's subnet of the same number."""
        fixed = tuple(FixedIp(subnet_id=f"{network}-{number}", ip_address=address) for number, address in enumerate(addresses))
        pairs = tuple(AddressPair(ip_address=text) for text in fields.pop("pairs", ()))  # type: ignore[attr-defined]
        base: dict[str, object] = {"device_owner": "compute:nova", "mac_address": f"fa:16:3e:00:00:{len(self.records) % 256:02x}"}
        port = Port(
            id=name, name=name, network_id=network, project_id=project, fixed_ips=fixed, security_groups=groups, allowed_address_pairs=pairs
        )
        self.add(msgspec.structs.replace(port, **{**base, **fields}))

    def router(self, name: str, project: str, *, external: str | None = None, address: str | None = None, snat: bool = True) -> None:
        """Add a router, with a gateway when ``external`` is given."""
        fixed = (FixedIp(subnet_id=f"{external}-0", ip_address=address),) if address else ()
        gateways = (Gateway(network_id=external, enable_snat=snat, external_fixed_ips=fixed),) if external else ()
        self.add(Router(id=name, name=name, project_id=project, gateways=gateways))

    def leg(self, router: str, network: str, *addresses: str, project: str = "") -> None:
        """Give a router a leg on a network."""
        name = f"{router}:{network}"
        self.port(name, network, project, *addresses, device_owner="network:router_interface", device_id=router)

    def route(self, router: str, destination: str, next_hop: str) -> None:
        """Add an extra route."""
        record = self.records[f"Router {router}"]
        assert isinstance(record, Router)
        self.change(Router, router, routes=(*record.routes, Route(destination=destination, nexthop=next_hop)))

    def floating(self, address: str, port: str, external: str = "public") -> None:
        """Bind a floating IP to a port."""
        self.add(FloatingIp(id=address, floating_network_id=external, floating_ip_address=address, port_id=port))

    def server(self, name: str, project: str) -> None:
        """Add a server."""
        self.add(Server(id=name, name=name, project_id=project))

    def snapshot(self, **header: object) -> Snapshot:
        """Return the checked snapshot."""
        return from_records(msgspec.convert({"format": 1, "origin": "synthetic", "driver": "ovn", **header}, Header), self.records.values())


def platform_alone() -> Cloud:
    """A platform before its first tenant: the outside, a backbone with the bastion, which is open."""
    cloud = Cloud()
    cloud.project("platform", platform=True)
    cloud.network("public", "platform", "203.0.113.0/24", external=True, provider_network_type="flat", provider_physical_network="ext")
    cloud.network("backbone", "platform", "172.29.0.0/24")
    cloud.router("platform-router", "platform", external="public", address="203.0.113.10")
    cloud.leg("platform-router", "backbone", "172.29.0.1", project="platform")
    cloud.group("bastion", "platform", *OPEN)
    cloud.port("bastion", "backbone", "platform", "172.29.0.5", groups=("bastion",))
    cloud.floating("203.0.113.50", "bastion")
    return cloud


def two_tenants() -> Cloud:
    """The intended topology: equal addresses in two tenants, a management segment each, a backbone with the bastion, all groups open."""
    cloud = platform_alone()
    for number, tenant in enumerate(("acme", "globex")):
        cloud.project(tenant)
        cloud.group(f"{tenant}-open", tenant, *OPEN)
        cloud.network(f"{tenant}-app", tenant, "10.0.0.0/24")
        cloud.router(f"{tenant}-edge", tenant, external="public", address=f"203.0.113.{20 + number}")
        cloud.leg(f"{tenant}-edge", f"{tenant}-app", "10.0.0.1", project=tenant)
        management = f"{tenant}-management"
        cloud.network(management, "platform", f"172.30.0.{16 * number}/28", gateway=False)
        cloud.router(management, "platform")
        cloud.leg(management, management, f"172.30.0.{16 * number + 1}", project="platform")
        cloud.leg(management, "backbone", f"172.29.0.{10 + number}", project="platform")
        cloud.route("platform-router", f"172.30.0.{16 * number}/28", f"172.29.0.{10 + number}")
        cloud.server(f"{tenant}-web", tenant)
        groups = (f"{tenant}-open",)
        cloud.port(f"{tenant}-web-app", f"{tenant}-app", tenant, "10.0.0.11", groups=groups, device_id=f"{tenant}-web")
        cloud.port(f"{tenant}-web-management", management, tenant, f"172.30.0.{16 * number + 5}", groups=groups, device_id=f"{tenant}-web")
        cloud.floating(f"203.0.113.{60 + number}", f"{tenant}-web-app")
    return cloud
