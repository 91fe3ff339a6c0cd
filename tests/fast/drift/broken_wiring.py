"""Ways to break networks, routers, public addresses and the platform; and the words that have to name each."""

from __future__ import annotations

from ipaddress import ip_network

from tests.fast.drift.changes import BACKBONE, CARD, NET, ROUTE, SEGMENT, Change, address, change, fewer, gateway, lent, more
from tests.fast.drift.rows import PLATFORM_PROJECT, leg, port, rule, subnet

WAYS: dict[str, tuple[Change, str]] = {
    "network shared": (change("networks", "acme-app", shared=True), "network acme-app is shared"),
    "network external": (change("networks", "acme-app", **{"router:external": True}), "network acme-app is external"),
    "network without port security": (change("networks", "acme-app", port_security_enabled=False), "have no port security"),
    "network switched off": (change("networks", "acme-app", admin_state_up=False), "network acme-app has admin_state_up false"),
    "network of another project": (change("networks", SEGMENT, project_id="project-acme"), "declared project platform"),
    "network with private VLANs": (change("networks", "acme-app", pvlan=True), "network acme-app has pvlan true"),
    "network with tags inside": (change("networks", "acme-app", qinq=True), "network acme-app has qinq true"),
    "network that is transparent": (change("networks", "acme-app", vlan_transparent=True), "network acme-app has vlan_transparent true"),
    "network with other MTU": (change("networks", "acme-app", mtu=600), "network acme-app has mtu 600, declared 1442"),
    "shared with everybody": (more("rbac", lent(NET, "network", "*")), "network acme-app is shared with everybody"),
    "group shared": (
        more("rbac", lent("id-acme-zone-app", "security_group")),
        "security_group acme-zone-app is shared with project globex",
    ),
    "management not lent": (fewer("rbac", "lent-acme"), "not lent to the tenant's project"),
    "management lent to another": (
        change("rbac", "lent-acme", target_tenant="project-globex"),
        "acme-management is shared with project globex",
    ),
    "management lent to a second": (more("rbac", lent(SEGMENT, "network")), "network acme-management is shared with project globex"),
    "DHCP on": (change("subnets", "acme-app-4", enable_dhcp=True), "subnet acme-app-4 has DHCP on"),
    "DNS server": (change("subnets", "acme-app-4", dns_nameservers=["10.0.0.66"]), "has dns_nameservers 10.0.0.66, declared none"),
    "allocation pool": (
        change("subnets", "acme-app-4", allocation_pools=[{"start": "10.0.0.9", "end": "10.0.0.9"}]),
        "subnet acme-app-4 has allocation_pools start 10.0.0.9 end 10.0.0.9, declared start 10.0.0.2 end 10.0.0.254",
    ),
    "router advertisements": (change("subnets", "globex-app-6", ipv6_ra_mode="slaac"), "subnet globex-app-6 has ipv6_ra_mode slaac"),
    "subnet on another network": (
        change("subnets", "acme-app-4", network_id="net-acme-data"),
        "is on network acme-data, declared acme-app",
    ),
    "subnet of another project": (
        change("subnets", "acme-app-4", project_id="project-globex"),
        "subnet acme-app-4 belongs to project globex, declared project acme",
    ),
    "management default route": (change("subnets", "acme-management", gateway_ip="172.30.0.1"), "subnet acme-management is"),
    "host route": (change("subnets", "acme-app-4", host_routes=[ROUTE]), "routes 10.9.0.0/24 via 10.0.0.99"),
    "stranger's router": (
        more("ports", leg("r", NET, "10.0.0.9")),
        "router r (no such router) has an undeclared interface on network acme-app",
    ),
    "stranger's replicated router": (
        more("ports", leg("r", NET, "10.0.0.9", "network:ha_router_replicated_interface")),
        "has an undeclared interface on network acme-app",
    ),
    "stranger's gateway on a zone": (
        more("ports", leg("r", NET, "10.0.0.9", "network:router_gateway")),
        "has an undeclared gateway on network acme-app",
    ),
    "edge router elsewhere": (
        more("ports", leg("edge-acme", "net-globex-app", "10.0.0.9")),
        "router acme-edge has an undeclared interface on network globex-app",
    ),
    "leg at another address": (
        change("ports", "leg-edge-acme-net-acme-app-4", fixed_ips=[{"ip_address": "10.0.0.7"}]),
        "interface of router acme-edge on network acme-app has addresses 10.0.0.7, made with 10.0.0.1",
    ),
    "leg of another project": (
        change("ports", "acme-management", project_id="project-acme"),
        "interface of router acme-management on network acme-management belongs to project acme, declared project platform",
    ),
    "leg with an address pair": (
        change("ports", "acme-management", allowed_address_pairs=[{"ip_address": "0.0.0.0/0"}]),
        "interface of router acme-management on network acme-management has allowed_address_pairs ip_address 0.0.0.0/0",
    ),
    "leg of another router": (
        change("ports", "leg-edge-acme-net-acme-app-4", device_id="router-globex"),
        "interface of router acme-edge on network acme-app is plugged into router globex-management",
    ),
    "leg switched off": (
        change("ports", "acme-management", admin_state_up=False),
        "interface of router acme-management on network acme-management has",
    ),
    "leg lost": (fewer("ports", "acme-backbone"), "router acme-management has no interface on network platform-backbone"),
    "route between tenants": (change("routers", "acme-edge", routes=[ROUTE]), "undeclared route on router acme-edge: 10.9.0.0/24"),
    "route in management": (change("routers", "acme-management", routes=[ROUTE]), "undeclared route on router acme-management"),
    "gateway in management": (change("routers", "acme-management", external_gateway_info={"network_id": "public"}), "has a default route"),
    "no translation": (gateway(enable_snat=False), "router acme-edge does not translate addresses"),
    "gateway lost": (change("routers", "acme-edge", external_gateway_info=None), "router acme-edge has no gateway outside"),
    "gateway elsewhere": (gateway(network_id="net-globex-app"), "router acme-edge has a gateway on network globex-app, declared public"),
    "second gateway": (
        change("routers", "acme-edge", external_gateways=[{"network_id": "net-globex-app"}]),
        "router acme-edge has a gateway on network globex-app",
    ),
    "other address outside": (
        gateway(external_fixed_ips=[{"ip_address": "172.24.4.7"}]),
        "router acme-edge is outside as 172.24.4.7, made as",
    ),
    "gateway switched off": (
        more("ports", {**leg("edge-acme", "public", "172.24.4.60", "network:router_gateway"), "admin_state_up": False}),
        "the gateway of router acme-edge has admin_state_up false",
    ),
    "router switched off": (change("routers", "acme-edge", admin_state_up=False), "router acme-edge has admin_state_up false"),
    "router lost": (fewer("routers", "acme-edge"), "missing router acme-edge"),
    "router of the tenant": (change("routers", "acme-edge", project_id="project-acme"), "router acme-edge belongs to project acme"),
    "conntrack helper": (change("routers", "acme-edge", conntrack_helpers=[{"helper": "ftp"}]), "has conntrack_helpers helper ftp"),
    "way back lost": (change("routers", "platform", routes=[]), "router platform has no route to 172.30.0.0/28"),
    "way back lost, said of its tenant": (
        change("routers", "platform", routes=[]),
        "nobody else is there: the platform's router has no route to 172.30.0.0/28",
    ),
    "floating IP": (
        more("floating_ips", address("port-acme-db-data")),
        "undeclared public address 172.24.4.99 on acme-db-data of project globex",
    ),
    "floating IP lost": (fewer("floating_ips", "fip-acme-web"), "missing public address acme-web"),
    "floating IP of another project": (
        change("floating_ips", "fip-acme-web", project_id="project-globex"),
        "public address acme-web belongs to project globex",
    ),
    "floating IP that is another": (
        change("floating_ips", "fip-acme-web", floating_ip_address="172.24.4.7"),
        "public address acme-web is 172.24.4.7, made as",
    ),
    "floating IP to another address": (
        change("floating_ips", "fip-acme-web", fixed_ip_address="10.0.0.77"),
        "public address acme-web leads to 10.0.0.77, declared",
    ),
    "floating IP of another network": (
        change("floating_ips", "fip-acme-web", floating_network_id="net-globex-app"),
        "public address acme-web is of network globex-app",
    ),
    "floating IP moved": (
        change("floating_ips", "fip-acme-web", port_id="port-acme-db-data"),
        "acme-web is on acme-db-data, declared acme-web-app",
    ),
    "floating IP off": (change("floating_ips", "fip-acme-web", port_id=None), "public address acme-web is on no port"),
    "backbone shared": (more("rbac", lent(BACKBONE, "network")), "network platform-backbone is shared with project globex"),
    "port on the backbone": (
        more("ports", port("x", "intruder", BACKBONE, ["172.29.0.66"], "project-globex")),
        "platform ports are the bastion's and the routers': undeclared port intruder of project globex on network platform-backbone",
    ),
    "router on the backbone": (
        more("ports", leg("r", BACKBONE, "172.29.0.66")),
        "has an undeclared interface on network platform-backbone",
    ),
    "a tenant's edge router on the backbone": (
        more("ports", leg("edge-globex", BACKBONE, "172.29.0.66")),
        "router globex-edge has an undeclared interface on network platform-backbone",
    ),
    "platform's router elsewhere": (
        more("ports", leg("router-platform", NET, "10.0.0.66")),
        "router platform has an undeclared interface on network acme-app",
    ),
    "second subnet on the backbone": (
        more("subnets", subnet("spare", BACKBONE, ip_network("10.9.0.0/24"), None, PLATFORM_PROJECT, [])),
        "undeclared subnet spare",
    ),
    "backbone hands out routes": (change("subnets", "platform-backbone", host_routes=[ROUTE]), "subnet platform-backbone is 172.29.0.0/24"),
    "route on the platform's router": (
        change("routers", "platform", routes=[ROUTE]),
        "undeclared route on router platform: 10.9.0.0/24 via 10.0.0.99",
    ),
    "platform's router does not translate": (
        change("routers", "platform", external_gateway_info={"network_id": "public", "enable_snat": False}),
        "router platform does not translate addresses",
    ),
    "rule on the bastion": (
        change("groups", "platform-bastion", security_group_rules=[rule("ingress", "0.0.0.0/0", 22)]),
        "undeclared rule in platform-bastion: ingress IPv4 tcp 22 0.0.0.0/0",
    ),
    "bastion without port security": (
        change("ports", "platform-bastion", port_security_enabled=False),
        "port security is off on platform-bastion",
    ),
    "bastion's group on another port": (
        change("ports", "globex-db1-app", security_groups=["id-bastion-group"]),
        "security group platform-bastion is on port globex-db1-app of project globex",
    ),
    "bastion's group shared": (more("rbac", lent("id-bastion-group", "security_group")), "security_group platform-bastion is shared"),
    "second public address of the bastion": (
        more("floating_ips", address("port-bastion", project_id=PLATFORM_PROJECT)),
        "undeclared public address 172.24.4.99 on platform-bastion of project platform",
    ),
    "pool widened": (
        change("subnet_pools", "platform-management", prefixes=["172.30.0.0/16", "10.0.0.0/8"]),
        "subnet pool platform-management has prefixes 172.30.0.0/16, 10.0.0.0/8, declared 172.30.0.0/16",
    ),
    "pool lost": (fewer("subnet_pools", "pool"), "missing subnet pool platform-management"),
    "pool for everybody who names none": (
        change("subnet_pools", "pool", is_default=True),
        "subnet pool platform-management has is_default true",
    ),
    "pool of another project": (
        change("subnet_pools", "pool", project_id="project-globex"),
        "subnet pool platform-management belongs to project globex",
    ),
    "pool of a tenant": (
        more("subnet_pools", {"id": "p", "name": "own", "project_id": "project-acme", "prefixes": ["10.0.0.0/8"]}),
        "undeclared subnet pool own",
    ),
    "pool shared": (more("rbac", lent("pool", "subnetpool")), "subnetpool platform-management is shared with project globex"),
    "bastion off": (change("servers", "platform-bastion", status="SHUTOFF"), "platform-bastion is SHUTOFF"),
    "bastion's second nic": (
        more("ports", {**CARD, "device_id": "server-bastion"}),
        "platform-bastion has 1 undeclared network card(s)",
    ),
}
