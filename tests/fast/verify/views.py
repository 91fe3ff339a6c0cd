"""A cloud that is as declared, as rows of the APIs, to be broken one row at a time."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.addresses import gateway
from infra.neutron import groups as rendered
from ringfence.verify.cloud_groups import wanted_ports
from ringfence.verify.cloud_view import View

if TYPE_CHECKING:
    from ringfence.verify.world import TenantWorld, World

Row = dict[str, Any]


def rule_row(rule: rendered.SecurityRule) -> Row:
    """Return a rule as Neutron keeps it."""
    arguments = dict(rule.arguments)
    last = arguments.get("port_range_max")
    return {
        **arguments,
        "port_range_min": arguments.get("port_range_min"),
        "port_range_max": None if last == rendered.EVERY_CODE else last,
        "remote_ip_prefix": arguments.get("remote_ip_prefix"),
        "remote_address_group_id": f"id-{rule.address_group}" if rule.address_group else None,
        "remote_group_id": None,
    }


def view(world: World, tenant: TenantWorld) -> View:
    """Return what the cloud has when it is as declared; every call returns new rows."""
    name, facts = tenant.name, tenant.facts
    tags = names.tag_list(names.tags(tenant.declaration))
    segment = facts["management"]
    networks = [_network(names.network(name, zone), made["network_id"], tags) for zone, made in facts["zones"].items()]
    networks.append({**_network(names.management(name), segment["network_id"], tags), "shared": True})
    subnets = [_subnet(names.management(name), segment["cidr"], None, tags)]
    subnets[0]["host_routes"] = [{"destination": str(world.platform.backbone.cidr), "nexthop": segment["router"]}]
    for zone, declared in tenant.declaration.zones.items():
        for network, hop in zip(declared.networks, gateway(declared), strict=True):
            subnets.append(_subnet(names.subnet(name, zone, network.version), str(network), str(hop), tags))
    groups = [
        {"id": f"id-{group.name}", "name": group.name, "security_group_rules": list(map(rule_row, group.rules))}
        for group in rendered.security_groups(tenant.policy)
    ]
    groups.append({"id": "id-default", "name": "default", "security_group_rules": []})
    found = View(
        networks=tuple(networks),
        subnets=tuple(subnets),
        ports=(*_ports(tenant, tags), *_legs(world, tenant)),
        routers=_routers(world, tenant),
        groups=tuple(groups),
        address_groups=tuple(
            {"id": f"id-{g.name}", "name": g.name, "addresses": list(g.prefixes)} for g in rendered.address_groups(tenant.policy)
        ),
        rbac=(
            {
                "object_id": segment["network_id"],
                "object_type": "network",
                "action": "access_as_shared",
                "target_tenant": facts["project_id"],
            },
        ),
        floating_ips=tuple(_floating(tenant, server, tags) for server in facts["servers"] if facts["servers"][server]["public"]),
        servers=tuple(_server(name, server, row) for server, row in facts["servers"].items()),
        volumes=tuple(_volume(volume) for server, row in tenant.declaration.servers.items() for volume in _volume_names(name, server, row)),
        encrypted_types=frozenset({"encrypted"}),
    )
    return copy.deepcopy(found)


def _network(name: str, id_: str, tags: list[str]) -> Row:
    return {"id": id_, "name": name, "shared": False, "router:external": False, "port_security_enabled": True, "tags": tags}


def _subnet(name: str, cidr: str, hop: str | None, tags: list[str]) -> Row:
    return {"id": f"id-{name}", "name": name, "cidr": cidr, "gateway_ip": hop, "host_routes": [], "enable_dhcp": False, "tags": tags}


def _ports(tenant: TenantWorld, tags: list[str]) -> list[Row]:
    networks = {
        **{f"-{zone}": made["network_id"] for zone, made in tenant.facts["zones"].items()},
        "-management": tenant.facts["management"]["network_id"],
    }
    return [
        {
            "id": f"id-{name}",
            "name": name,
            "device_owner": "compute:nova",
            "device_id": "server",
            "network_id": next(network for suffix, network in networks.items() if name.endswith(suffix)),
            "port_security_enabled": True,
            "allowed_address_pairs": [],
            "security_groups": [f"id-{group}" for group in want["groups"]],
            "fixed_ips": [{"ip_address": address} for address in want["addresses"]],
            "tags": tags,
        }
        for name, want in wanted_ports(tenant).items()
    ]


def leg(router: str, network: str, address: str) -> Row:
    """Return a router's port on a network."""
    row = {
        "id": f"leg-{router}-{network}",
        "name": "",
        "device_owner": "network:router_interface",
        "device_id": router,
        "network_id": network,
    }
    return {**row, "fixed_ips": [{"ip_address": address}], "port_security_enabled": False, "security_groups": [], "tags": []}


def _legs(world: World, tenant: TenantWorld) -> list[Row]:
    facts = tenant.facts
    legs = [leg(facts["edge_router_id"], zone["network_id"], "10.0.0.1") for zone in facts["zones"].values()]
    legs.append(leg(facts["management"]["router_id"], facts["management"]["network_id"], facts["management"]["router"]))
    legs.append(leg(facts["management"]["router_id"], world.platform_facts["backbone"]["network_id"], "172.29.0.30"))
    return legs


def _routers(world: World, tenant: TenantWorld) -> tuple[Row, ...]:
    facts = tenant.facts
    back = {"destination": facts["management"]["cidr"], "nexthop": "172.29.0.30"}
    return (
        {"id": facts["edge_router_id"], "name": f"{tenant.name}-edge", "routes": [], "external_gateway_info": {"network_id": "public"}},
        {"id": facts["management"]["router_id"], "name": f"{tenant.name}-management", "routes": [], "external_gateway_info": None},
        {"id": world.platform_facts["router_id"], "name": "platform", "routes": [back], "external_gateway_info": {}},
    )


def _floating(tenant: TenantWorld, server: str, tags: list[str]) -> Row:
    facts = tenant.facts["servers"][server]
    zone = tenant.declaration.servers[server].public
    return {"id": f"fip-{server}", "floating_ip_address": facts["public"], "port_id": facts["nics"][zone]["port_id"], "tags": tags}


def _server(tenant: str, server: str, facts: Row) -> Row:
    interfaces = [*(nic["port_id"] for nic in facts["nics"].values()), facts["management_port_id"]]
    return {"id": facts["id"], "name": names.server(tenant, server), "status": "ACTIVE", "interfaces": interfaces}


def _volume_names(tenant: str, server: str, declared: Any) -> list[str]:  # noqa: ANN401 - a declared server
    return [names.root_volume(tenant, server), *(names.data_volume(tenant, server, disk) for disk in declared.data)]


def _volume(name: str) -> Row:
    return {"id": f"id-{name}", "name": name, "volume_type": "encrypted", "encrypted": True}
