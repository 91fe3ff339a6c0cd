"""A cloud of the tests in every form in which ringfence reads one: as the API answers, as the client prints, and as a snapshot.

The objects are written as Neutron's API shows them, so that whatever a reader drops on the way changes a verdict.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from infra.neutron.snapshot import Header, Project, Role
from infra.neutron.snapshot.store import from_records, records_of
from infra.neutron.sources.cli_json import load_folder
from infra.neutron.sources.cloud import records
from tests.fast.neutron.api import Connection, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from infra.neutron.snapshot import Network, Port, Record, Router, SecurityGroup, Snapshot

Json = dict[str, Any]
Sections = dict[str, list[Json]]

EXTENSIONS = (
    "address-group",
    "address-scope",
    "allowed-address-pairs",
    "binding",
    "external-net",
    "extraroute",
    "floating-ip-port-forwarding",
    "port-security",
    "provider",
    "router",
    "security-group",
    "stateful-security-group",
    "trunk",
    "trunk-details",
)


def sections(snapshot: Snapshot) -> Sections:
    """Return the objects of a snapshot as Neutron, Keystone and Nova show them."""
    ports = [_port(port) for port in snapshot.ports]
    servers = [{"id": server.id, "name": server.name, "project_id": server.project_id} for server in snapshot.servers]
    known = {server["id"] for server in servers}
    for port in ports:  # the tests' clouds leave out servers that nothing depends on; a real one lists them
        if port["device_owner"].startswith("compute:") and port["device_id"] not in known:
            port["device_id"] = f"server-of-{port['id']}"
            servers.append({"id": port["device_id"], "name": port["id"], "project_id": port["project_id"]})
    found = {
        "projects": [{"id": project.id, "name": project.name, "domain_id": "default"} for project in snapshot.projects],
        "networks": [_network(number, network) for number, network in enumerate(snapshot.networks)],
        "subnets": _plain(snapshot.subnets, "network_id cidr gateway_ip enable_dhcp host_routes allocation_pools subnetpool_id"),
        "subnet_pools": _plain(snapshot.subnet_pools, "prefixes address_scope_id shared"),
        "address_scopes": _plain(snapshot.address_scopes, "ip_version shared"),
        "routers": [_router(router) for router in snapshot.routers],
        "ports": ports,
        "security_groups": [_group(group) for group in snapshot.security_groups],
        "address_groups": _plain(snapshot.address_groups, "addresses shared"),
        "rbac_policies": [
            {**each, "target_tenant": each.pop("target_project")}
            for each in _plain(snapshot.rbac_policies, "object_type object_id action target_project")
        ],
        "floating_ips": _plain(
            snapshot.floating_ips, "floating_network_id floating_ip_address port_id fixed_ip_address router_id port_forwardings"
        ),
        "trunks": _plain(snapshot.trunks, "port_id sub_ports"),
        "servers": servers,
    }
    return dict(json.loads(json.dumps(found)))


def _plain(found: Iterable[Record], names: str) -> list[Json]:
    """Return the fields of records that Neutron shows as they are."""
    return [
        {"id": _of(record, "id"), "name": _of(record, "name"), "project_id": _of(record, "project_id")}
        | {name: msgspec.to_builtins(_of(record, name)) for name in names.split()}
        for record in found
    ]


def _of(record: Record, name: str) -> object:
    return getattr(record, name, "")


def _network(number: int, network: Network) -> Json:
    """Return a network; one of which nothing is told is an overlay with a number of its own."""
    kind, tag = network.provider_network_type, network.provider_segmentation_id
    return _plain([network], "shared port_security_enabled")[0] | {
        "router:external": network.external,
        "provider:network_type": kind or "geneve",
        "provider:physical_network": network.provider_physical_network,
        "provider:segmentation_id": tag if kind else 9000 + number,
    }


def _router(router: Router) -> Json:
    gateways = [msgspec.to_builtins(gateway) | {"enable_snat": gateway.enable_snat} for gateway in router.gateways]
    found = _plain([router], "routes admin_state_up")[0]
    return found | {"external_gateway_info": gateways[0] if gateways else None, "external_gateways": gateways}


def _port(port: Port) -> Json:
    names = "network_id mac_address fixed_ips device_owner device_id security_groups port_security_enabled allowed_address_pairs"
    return _plain([port], f"{names} admin_state_up")[0] | {
        "binding:vnic_type": port.binding_vnic_type,
        "binding:vif_type": "ovs",
        "binding:vif_details": {"port_filter": True, "bound_drivers": {"0": "ovn"}},
    }


def _group(group: SecurityGroup) -> Json:
    names = "direction ethertype protocol port_range_min port_range_max remote_ip_prefix remote_group_id remote_address_group_id"
    rules = [{"id": rule.id} | {name: getattr(rule, name) for name in names.split()} for rule in group.rules]
    return _plain([group], "stateful shared")[0] | {"security_group_rules": rules}


def of_the_api(found: Sections, snapshot: Snapshot) -> Snapshot:
    """Return what is read from an API that answers with these objects."""
    connection = Connection()
    words = {"floating_ips": "floatingips", "subnet_pools": "subnetpools"}
    neutron = {words.get(section, section): objects for section, objects in found.items() if section not in {"projects", "servers"}}
    connection.network = Service({**neutron, "extensions": [{"alias": alias} for alias in EXTENSIONS]})
    connection.identity = Service({"projects": found["projects"]})
    connection.compute = Service({"servers": found["servers"]})
    return from_records(Header(format=1, origin="cloud", driver="ovn"), _trusted(records(connection), snapshot))


def of_a_folder(found: Sections, snapshot: Snapshot, folder: Path) -> Snapshot:
    """Return what is read from a folder with these objects."""
    extensions = [{"Name": alias, "Alias": alias} for alias in EXTENSIONS]
    for section, objects in {**found, "extensions": extensions}.items():
        (folder / f"{section}.json").write_text(json.dumps(objects))
    loaded = load_folder(folder)
    return from_records(loaded.header, _trusted(records_of(loaded), snapshot))


def _trusted(found: Iterable[Record], snapshot: Snapshot) -> Iterator[Record]:
    """Give the platform's projects their role."""
    platform = {project.id for project in snapshot.projects if project.role is Role.PLATFORM}
    for record in found:
        if isinstance(record, Project) and record.id in platform:
            yield msgspec.structs.replace(record, role=Role.PLATFORM)
        else:
            yield record
