"""A cloud that is as declared, as rows of the APIs and as the stacks keep it, to be broken one row at a time."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.addresses import bastion_address, gateway, server_addresses
from infra.drift.found import Found
from infra.drift.made import Made, MadeResource
from infra.render import security_groups as rendered
from tests.fast.declaration.declared import EVERY_SERVICE
from tests.fast.drift.rows import (
    DOMAIN,
    PARENT,
    PLATFORM_PROJECT,
    PUBLIC,
    Disk,
    Machine,
    Row,
    assignment,
    group,
    image,
    leg,
    network,
    port,
    router,
    rule,
    rule_row,
    subnet,
)

if TYPE_CHECKING:
    from infra.declaration.model import Server
    from ringfence.verify.inventory import Inventory, TenantInventory

HOPS = {"acme": "172.29.0.30", "globex": "172.29.0.31"}
"""Addresses of the management routers on the backbone."""
SERVICES_ADDRESS = "172.29.0.200"
SERVED = (("udp", 123), ("tcp", 4460), ("tcp", 443), ("tcp", 6514), ("tcp", 30344))
"""What the services server answers on when it offers everything."""
ASKED = (
    ("198.51.100.4/32", "udp", 123),
    ("198.51.100.4/32", "tcp", 4460),
    ("198.51.100.5/32", "udp", 123),
    ("198.51.100.6/32", "tcp", 80),
    ("198.51.100.7/32", "tcp", 8443),
)
"""Whom it asks itself, as tests.fast.declaration.declared has it."""


@dataclass
class Cloud:
    """A cloud under construction: rows by kind, and what each stack made of them."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    made: dict[str, dict[str, dict[str, MadeResource]]] = field(default_factory=dict)

    def add(self, stack: str, kind: str, name: str, row: Row, **outputs: object) -> None:
        """Add an object that a stack made."""
        self.rows.setdefault(kind, []).append(row)
        self.know(stack, kind, name, row["id"], **outputs)

    def know(self, stack: str, kind: str, name: str, id_: str, **outputs: object) -> None:
        """Let a stack know an object."""
        self.made.setdefault(stack, {}).setdefault(kind, {})[name] = MadeResource(name, id_, outputs)

    def leg(self, stack: str, name: str, row: Row) -> None:
        """Let a stack plug a router in."""
        self.know(stack, "router_interfaces", name, f"{row['device_id']}/{row['id']}")
        if all(other["id"] != row["id"] for other in self.rows.setdefault("ports", [])):
            self.rows["ports"].append(row)


def cloud(inventory: Inventory) -> tuple[Inventory, Found]:
    """Return the inventory with what the stacks made, and what the cloud has when it is as declared; every call returns new rows."""
    kept = _KEPT.get(id(inventory))
    if kept is None or kept[0] is not inventory:
        kept = _KEPT[id(inventory)] = (inventory, pickle.dumps(_built(inventory)))
    made, rows = pickle.loads(kept[1])  # noqa: S301 - its own
    return replace(inventory, made=made), Found(**rows)


_KEPT: dict[int, tuple[Inventory, bytes]] = {}
"""What was built of an inventory: a copy of it is had in a tenth of the time. The inventory is kept along, so that its id stays its own."""


def _built(inventory: Inventory) -> tuple[dict[str, Made], dict[str, tuple[Row, ...]]]:
    """Build what the stacks made, and the rows of the cloud by their kind."""
    found = Cloud()
    projects = (names.PLATFORM, *(tenant.name for tenant in inventory.tenants))
    found.rows["projects"] = [{"id": f"project-{name}", "name": name, "domain_id": DOMAIN, "parent_id": PARENT} for name in projects]
    found.rows["projects"].append({"id": PARENT, "name": "customers", "domain_id": DOMAIN, "parent_id": DOMAIN})
    found.rows["networks"] = [{**network(PUBLIC, PUBLIC, PLATFORM_PROJECT, []), "router:external": True}]
    _platform(found, inventory)
    for tenant in inventory.tenants:
        _tenant(found, inventory, tenant)
    return {stack: Made(kinds) for stack, kinds in found.made.items()}, {kind: tuple(rows) for kind, rows in found.rows.items()}


def _platform(found: Cloud, inventory: Inventory) -> None:
    platform, stack = inventory.platform, names.PLATFORM
    labels = {"tenant": names.PLATFORM, "managed-by": names.MANAGED_BY}
    tags, project, cidr = names.tag_list(labels), PLATFORM_PROJECT, platform.backbone.cidr
    hop, address = str(cidr[platform.backbone.router]), str(bastion_address(platform))
    found.rows["platform_images"] = [image("image", "ringfence-debian-1", project)]
    told = {"name": "ringfence-debian-1", "visibility": "public", "checksum": "sum-image", "owner": project, "hidden": False}
    found.made.setdefault(stack, {})["images"] = {"debian": MadeResource("debian", "image", told)}
    found.add(stack, "networks", names.BACKBONE, network(names.BACKBONE, "net-backbone", project, tags), mtu=1442)
    found.add(stack, "subnets", names.BACKBONE, subnet(names.BACKBONE, "net-backbone", cidr, hop, project, tags))
    routes = [{"destination": tenant.facts.management.cidr, "nexthop": HOPS[tenant.name]} for tenant in inventory.tenants]
    made = router("router-platform", "platform", "172.24.4.9", routes, tags)
    found.add(stack, "routers", names.PLATFORM, made, externalFixedIps=[{"ipAddress": "172.24.4.9"}])
    found.leg(stack, names.PLATFORM, leg("router-platform", "net-backbone", hop))
    ssh = platform.ssh_port
    rules = [rule("ingress", str(peer), ssh) for peer in platform.bastion.allowed_from]
    rules.append(rule("egress", str(platform.pool.cidr), ssh))
    if platform.services:
        rules += [rule("egress", f"{SERVICES_ADDRESS}/32", number, protocol) for protocol, number in (("tcp", ssh), *SERVED)]
    found.add(stack, "groups", names.BASTION, group("id-bastion-group", names.BASTION, project, rules, tags))
    at = {"device_owner": "compute:nova", "device_id": "server-bastion", "security_groups": ["id-bastion-group"], "tags": tags}
    nic = port("port-bastion", names.BASTION, "net-backbone", [address], project, **at)
    found.add(stack, "ports", names.BASTION, nic, macAddress=nic["mac_address"])
    root = names.root_volume(names.PLATFORM, "bastion")
    disk = Disk(root, "server-bastion", 2, platform.default_volume_type, labels)
    _machine(found, stack, Machine(names.BASTION, "server-bastion", platform.bastion.flavor, project, labels), [disk])
    if platform.services:
        _services(found, inventory, address)
    public: Row = {"id": "fip-bastion", "floating_ip_address": "172.24.4.50", "floating_network_id": PUBLIC, "port_id": "port-bastion"}
    public |= {"fixed_ip_address": address, "router_id": "router-platform", "project_id": project, "tags": tags}
    found.add(stack, "floating_ips", names.BASTION, public, address="172.24.4.50")
    pool: Row = {"id": "pool", "name": names.MANAGEMENT_POOL, "prefixes": [str(platform.pool.cidr)], "shared": False, "project_id": project}
    pool |= dict.fromkeys(("default_prefixlen", "min_prefixlen", "max_prefixlen"), str(platform.pool.prefix))
    found.add(stack, "subnet_pools", names.MANAGEMENT_POOL, pool)
    for name, kind in platform.volume_types.items():
        assert kind.encryption is not None
        encryption = {key: getattr(kind.encryption, key) for key in ("provider", "cipher", "key_size", "control_location")}
        row = {"id": f"type-{name}", "name": name, "extra_specs": dict(kind.extra_specs), "encryption": encryption}
        found.add(stack, "volume_types", name, row)
    found.rows["volume_types"].append({"id": "type-plain", "name": "plain", "extra_specs": {}, "encryption": {}})


def _services(found: Cloud, inventory: Inventory, bastion: str) -> None:
    """Add the server of every service: SSH from the bastion, the services to the pool and the bastion, and the ways to who is asked."""
    platform, stack, name = inventory.platform, names.PLATFORM, names.SERVICES
    assert platform.services == EVERY_SERVICE
    labels = {"tenant": stack, "managed-by": names.MANAGED_BY}
    tags, project = names.tag_list(labels), PLATFORM_PROJECT
    rules = [rule("ingress", f"{bastion}/32", platform.ssh_port)]
    rules += [rule("ingress", peer, number, protocol) for peer in (str(platform.pool.cidr), f"{bastion}/32") for protocol, number in SERVED]
    rules += [rule("egress", peer, number, protocol) for peer, protocol, number in ASKED]
    found.add(stack, "groups", name, group("id-services-group", name, project, rules, tags))
    at = {"device_owner": "compute:nova", "device_id": "server-services", "security_groups": ["id-services-group"], "tags": tags}
    nic = port("port-services", name, "net-backbone", [SERVICES_ADDRESS], project, **at)
    found.add(stack, "ports", name, nic, macAddress=nic["mac_address"])
    kind = platform.default_volume_type
    disks = [
        Disk(names.root_volume(stack, "services"), "server-services", 2, kind, labels),
        Disk(names.data_volume(stack, "services", names.STORE), "server-services", platform.services.store, kind, labels),
    ]
    _machine(found, stack, Machine(name, "server-services", platform.services.flavor, project, labels), disks)


def _machine(found: Cloud, stack: str, machine: Machine, disks: list[Disk]) -> None:
    metadata = {**machine.labels, "ringfence_role": "server"}
    row: Row = {"id": machine.id, "name": machine.name, "tenant_id": machine.project, "status": "ACTIVE", "metadata": metadata}
    row |= {"key_name": names.key_pair(stack), "flavor": {"original_name": machine.flavor}, "image": "", "config_drive": "True"}
    row["os-extended-volumes:volumes_attached"] = [{"id": f"id-{disk.name}"} for disk in disks]
    found.add(stack, "servers", machine.name, row, metadata=dict(metadata))
    for disk in disks:
        volume: Row = {"id": f"id-{disk.name}", "name": disk.name, "os-vol-tenant-attr:tenant_id": machine.project, "size": disk.size}
        volume |= {"volume_type": disk.type, "encrypted": True, "multiattach": False, "status": "in-use", "metadata": disk.labels}
        volume["encryption_key_id"] = f"key-{disk.name}"
        secrets = "platform_secrets" if stack == names.PLATFORM else "secrets"
        acl = {"read": {"project-access": True}}
        found.rows.setdefault(secrets, []).append({"id": f"key-{disk.name}", "name": None, "project_id": machine.project, "acl": acl})
        volume |= {"attachments": [{"server_id": disk.server}], "volume_image_metadata": {"image_id": "image"}}
        found.add(stack, "volumes", disk.name, volume, imageId="image")


def _tenant(found: Cloud, inventory: Inventory, tenant: TenantInventory) -> None:
    name, facts = tenant.name, tenant.facts
    tags, project = names.tag_list(names.tags(tenant.declaration)), facts.project_id
    _fence(found, inventory, tenant, tags)
    _accounts(found, name, project)
    for zone, declared in tenant.declaration.zones.items():
        on = facts.zones[zone].network_id
        found.add(name, "networks", names.network(name, zone), network(names.network(name, zone), on, project, tags), mtu=1442)
        for prefix, hop in zip(declared.networks, gateway(declared), strict=True):
            key = names.subnet(name, zone, prefix.version)
            found.add(name, "subnets", key, subnet(key, on, prefix, str(hop), project, tags))
            plugged = leg(facts.edge_router_id, on, str(hop))
            found.leg(name, key, {**plugged, "id": f"{plugged['id']}-{prefix.version}"})
    for wanted in rendered.security_groups(tenant.policy):
        rules = list(map(rule_row, wanted.rules))
        found.add(name, "groups", wanted.name, group(f"id-{wanted.name}", wanted.name, project, rules, tags))
    found.rows["groups"].append(group(f"default-{name}", "default", project, [], []))
    found.know(name, "default_groups", name, f"default-{name}")
    for peers in rendered.address_groups(tenant.policy):
        row = {"id": f"id-{peers.name}", "name": peers.name, "project_id": project, "addresses": list(peers.prefixes)}
        found.add(name, "address_groups", peers.name, row)
    for server, entry in tenant.declaration.servers.items():
        _server(found, inventory, tenant, server, entry)


def _accounts(found: Cloud, tenant: str, project: str) -> None:
    """Add the deployer and the reader, and the deployer's application credential."""
    found.know(tenant, "projects", names.project(tenant), project)
    for name, role in ((names.deployer(tenant), names.DEPLOYER_ROLE), (names.reader(tenant), names.READER_ROLE)):
        user = f"id-{name}"
        found.add(tenant, "users", name, {"id": user, "name": name, "enabled": True})
        place = {"project": {"id": project, "name": tenant}}
        given = assignment({"user": {"id": user, "name": name}}, role, place)
        for kind in ("assignments", "account_roles"):
            found.rows.setdefault(kind, []).append(given)
        found.know(tenant, "grants", name, f"/{project}//{user}/role-{role}")
    name = names.deployer(tenant)
    row: Row = {"id": f"credential-{tenant}", "name": name, "user_id": f"id-{name}", "project_id": project, "unrestricted": False}
    roles = [{"id": f"role-{role}", "name": role} for role in (names.READER_ROLE, names.DEPLOYER_ROLE)]
    found.add(tenant, "application_credentials", name, {**row, "roles": roles})


def _fence(found: Cloud, inventory: Inventory, tenant: TenantInventory, tags: list[str]) -> None:
    """Add the management segment and the routers."""
    name, facts, segment = tenant.name, tenant.facts.management, names.management(tenant.name)
    edge, cidr, hop, outer = tenant.facts.edge_router_id, IPv4Network(facts.cidr), tenant.router, str(inventory.outer[name])
    found.add(name, "networks", segment, network(segment, facts.network_id, PLATFORM_PROJECT, tags), mtu=1442)
    row = subnet(segment, facts.network_id, cidr, None, PLATFORM_PROJECT, tags)
    row |= {"host_routes": [{"destination": str(inventory.platform.backbone.cidr), "nexthop": hop}], "subnetpool_id": "pool"}
    found.add(name, "subnets", segment, row)
    found.add(name, "routers", segment, router(facts.router_id, segment, None, [], tags))
    made = router(edge, names.edge_router(name), outer, [], tags)
    found.add(name, "routers", names.edge_router(name), made, externalFixedIps=[{"ipAddress": outer}])
    backbone = names.backbone_port(name)
    for key, on, address in ((segment, facts.network_id, hop), (backbone, "net-backbone", HOPS[name])):
        plugged = {**leg(facts.router_id, on, address), "name": key, "tags": tags}
        found.add(name, "ports", key, plugged, allFixedIps=[address])
        found.leg(name, key, plugged)
    found.know(
        name,
        "routes",
        segment,
        f"router-platform/{facts.cidr}",
        router_id="router-platform",
        destination=facts.cidr,
        next_hop=HOPS[name],
    )
    lent = {"object_id": facts.network_id, "object_type": "network", "action": "access_as_shared"}
    lent |= {"id": f"lent-{name}", "project_id": PLATFORM_PROJECT, "target_tenant": tenant.facts.project_id}
    told = {"objectId": lent["object_id"], "objectType": "network", "action": lent["action"], "targetTenant": lent["target_tenant"]}
    found.add(name, "rbac", segment, lent, **told)


def _server(found: Cloud, inventory: Inventory, tenant: TenantInventory, server: str, entry: Server) -> None:
    """Add a server with its ports, its volumes and its public address."""
    name, facts, labels = tenant.name, tenant.facts.servers[server], names.tags(tenant.declaration)
    project, tags, groups = tenant.facts.project_id, names.tag_list(labels), {}
    for nic in tenant.policy.server_nics(server):
        groups[nic.zone] = [f"id-{names.group(name, key)}" for key in nic.groups]
    at: Row = {"device_owner": "compute:nova", "device_id": facts.id, "tags": tags}
    for zone in entry.zones:
        key, on = names.port(name, server, zone), tenant.facts.zones[zone].network_id
        addresses = list(map(str, server_addresses(tenant.declaration, server, zone)))
        plugged = port(facts.nics[zone].port_id, key, on, addresses, project, **at, security_groups=groups[zone])
        found.add(name, "ports", key, plugged, macAddress=plugged["mac_address"])
    key, inside = names.management_port(name, server), [f"id-{names.group(name, names.MANAGEMENT)}"]
    segment = tenant.facts.management.network_id
    plugged = port(facts.management_port_id, key, segment, [facts.management], project, **at, security_groups=inside)
    found.add(name, "ports", key, plugged, macAddress=plugged["mac_address"])
    kind = entry.volume_type or inventory.platform.default_volume_type
    disks = [Disk(names.root_volume(name, server), facts.id, entry.root, kind, labels)]
    disks += [Disk(names.data_volume(name, server, disk), facts.id, size.size, kind, labels) for disk, size in entry.data.items()]
    _machine(found, name, Machine(names.server(name, server), facts.id, entry.flavor, project, labels), disks)
    if entry.public:
        public: Row = {
            "id": f"fip-{name}-{server}",
            "floating_ip_address": facts.public,
            "floating_network_id": PUBLIC,
            "project_id": project,
        }
        public |= {"port_id": facts.nics[entry.public].port_id, "router_id": tenant.facts.edge_router_id, "tags": tags}
        public["fixed_ip_address"] = facts.nics[entry.public].addresses[0]
        found.add(name, "floating_ips", names.server(name, server), public, address=facts.public)
