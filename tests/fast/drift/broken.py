"""Ways to break what a tenant owns: groups, ports, servers, volumes; and the words that have to name each."""

from __future__ import annotations

from tests.fast.drift.changes import (
    ANY_RULE,
    BY_TWIN,
    CARD,
    FOREIGN_MEMBER,
    FORWARDING,
    INTRUDER,
    LOOT,
    NET,
    OPEN,
    PAIR,
    PEER_TWIN,
    PLAIN,
    STRANGER,
    TRUNK,
    Change,
    address,
    both,
    change,
    fewer,
    more,
    with_rows,
)

WAYS: dict[str, tuple[Change, str]] = {
    "rule by hand": (
        change("groups", "acme-server-db", security_group_rules=[ANY_RULE]),
        "undeclared rule in acme-server-db: ingress IPv4 any all any",
    ),
    "rule of IPv6 by hand": (change("groups", "acme-management", security_group_rules=[{**ANY_RULE, "ethertype": "IPv6"}]), "ingress IPv6"),
    "rule removed": (change("groups", "acme-server-db", security_group_rules=[]), "missing rule in acme-server-db"),
    "rule that admits the twin of an address group": (
        both(more("address_groups", PEER_TWIN), change("groups", "acme-server-db", security_group_rules=[BY_TWIN])),
        "address group acme-internet-4 (twin)",
    ),
    "rule that admits a group": (
        change("groups", "acme-server-db", security_group_rules=[{**ANY_RULE, "remote_group_id": "id-globex-zone-app"}]),
        "ingress IPv4 any all security group globex-zone-app",
    ),
    "default rules back": (change("groups", "default", security_group_rules=[ANY_RULE]), "undeclared rule in default"),
    "undeclared group": (more("groups", OPEN), "undeclared security group open"),
    "group made stateless": (change("groups", "acme-server-db", stateful=False), "acme-server-db has stateful false, declared true"),
    "group of another project": (change("groups", "acme-server-db", project_id="project-globex"), "belongs to project globex"),
    "group renamed": (change("groups", "acme-server-db", name="x"), "security group acme-server-db is called 'x'"),
    "group gained a member": (more("ports", FOREIGN_MEMBER), "acme-zone-app is on port intruder of project globex"),
    "twin of a group on a port": (
        both(
            more("groups", {**OPEN, "id": "twin", "name": "acme-server-db"}),
            change("ports", "acme-db-data", security_groups=["id-acme-zone-data", "twin"]),
        ),
        "acme-db-data has groups acme-server-db (twin), acme-zone-data, declared acme-server-db, acme-zone-data",
    ),
    "default group on a port": (
        change("ports", "acme-db-data", security_groups=["default-acme"]),
        "security group default is on port acme-db-data",
    ),
    "address group widened": (
        change("address_groups", "acme-internet-4", addresses=["0.0.0.0/0"]),
        "undeclared prefixes in acme-internet-4",
    ),
    "address group narrowed": (change("address_groups", "acme-internet-4", addresses=[]), "missing prefixes in acme-internet-4"),
    "address group of another project": (
        change("address_groups", "acme-internet-4", project_id="project-globex"),
        "address group acme-internet-4 belongs to project globex",
    ),
    "address group renamed": (change("address_groups", "acme-internet-4", name="x"), "acme-internet-4 has name x, declared"),
    "port security off": (change("ports", "acme-db-data", port_security_enabled=False), "port security is off on acme-db-data"),
    "address pair": (
        change("ports", "acme-db-data", allowed_address_pairs=PAIR),
        "acme-db-data may also send from 0.0.0.0/0 with MAC fa:16:3e:66:66:66",
    ),
    "group removed": (change("ports", "acme-db-data", security_groups=[]), "acme-db-data has groups none"),
    "wrong group": (change("ports", "acme-db-data", security_groups=["id-acme-management"]), "acme-db-data has groups acme-management"),
    "other address": (change("ports", "acme-db-data", fixed_ips=[{"ip_address": "10.0.1.77"}]), "has addresses 10.0.1.77"),
    "other MAC": (change("ports", "acme-db-data", mac_address="fa:16:3e:00:00:00"), "port acme-db-data has mac_address fa:16"),
    "nic that learns MACs": (change("ports", "acme-db-data", mac_learning_enabled=True), "acme-db-data has mac_learning_enabled true"),
    "nic taken for infrastructure": (
        change("ports", "acme-db-data", device_owner="network:dhcp"),
        "port acme-db-data has device_owner network:dhcp, declared a server's: its host takes it for infrastructure",
    ),
    "trusted nic": (change("ports", "acme-db-data", trusted=True), "port acme-db-data has trusted true"),
    "other type of nic": (change("ports", "acme-db-data", **{"binding:vnic_type": "direct"}), "has binding:vnic_type direct"),
    "port switched off": (change("ports", "acme-db-data", admin_state_up=False), "port acme-db-data has admin_state_up false"),
    "port without a host": (change("ports", "acme-db-data", **{"binding:vif_type": "binding_failed"}), "lost its binding (binding_failed)"),
    "port unbound": (change("ports", "acme-db-data", **{"binding:vif_type": "unbound"}), "lost its binding (unbound)"),
    "port down": (change("ports", "acme-db-data", status="DOWN"), "acme-db-data is DOWN while its server runs"),
    "port not filtered": (
        change("ports", "acme-db-data", **{"binding:vif_details": {"port_filter": False}}),
        "is not filtered by its host",
    ),
    "port behind another": (
        change("ports", "acme-db-data", **{"binding:profile": {"parent_name": "x", "tag": 7}}),
        "undeclared binding profile: parent_name x",
    ),
    "port of another project": (
        change("ports", "acme-db-data", project_id="project-globex"),
        "belongs to project globex, declared project acme",
    ),
    "port plugged in elsewhere": (
        change("ports", "acme-db-data", device_id="server-acme-web"),
        "is plugged into acme-web, declared acme-db",
    ),
    "port on another network": (
        change("ports", "acme-web-app", network_id="net-acme-data"),
        "port acme-web-app is on network acme-data, declared acme-app",
    ),
    "port unplugged": (change("ports", "acme-db-data", device_id=""), "acme-db-data is plugged into nothing"),
    "DHCP options on a port": (
        change("ports", "acme-db-data", extra_dhcp_opts=[{"opt_name": "router"}]),
        "has extra_dhcp_opts opt_name router",
    ),
    "undeclared port": (more("ports", INTRUDER), "undeclared port intruder of project globex on network acme-app"),
    "port without a name": (more("ports", {**INTRUDER, "name": ""}), "undeclared port without a name (x, 10.0.0.66)"),
    "forged infrastructure": (
        more("ports", {**INTRUDER, "device_owner": "network:dhcp"}),
        "undeclared port intruder (network:dhcp) of project globex",
    ),
    "metadata port of a stranger": (
        more("ports", {**INTRUDER, "device_owner": "network:distributed", "device_id": f"ovnmeta-{NET}"}),
        "undeclared port intruder (network:distributed)",
    ),
    "port lost": (fewer("ports", "acme-db-data"), "missing port acme-db-data"),
    "trunk of another project": (more("trunks", TRUNK), "trunk loot of project globex carries port acme-db-data as vlan 7"),
    "trunk on a port": (
        more("trunks", {**TRUNK, "port_id": "port-acme-db-data", "sub_ports": []}),
        "undeclared trunk loot of project globex",
    ),
    "forwarding of another project": (
        more("floating_ips", address(None, port_forwardings=[FORWARDING])),
        "undeclared forwarding from public address 172.24.4.99 tcp 22 of project globex to port acme-db-data 5432",
    ),
    "extra nic": (more("ports", CARD), "acme-db has 1 undeclared network card(s): port without a name (x, 10.0.0.99)"),
    "server without a declared nic": (fewer("ports", "acme-db-data"), "acme-db lacks a declared network card"),
    "undeclared server": (more("servers", STRANGER), "undeclared server intruder"),
    "server without its volume": (
        change("servers", "acme-db", **{"os-extended-volumes:volumes_attached": []}),
        "acme-db has not got volume acme-db-db",
    ),
    "server with user data": (change("servers", "acme-db", **{"OS-EXT-SRV-ATTR:user_data": "x"}), "server acme-db has user data"),
    "server off": (change("servers", "acme-db", status="SHUTOFF"), "acme-db is SHUTOFF"),
    "server of another project": (change("servers", "acme-db", tenant_id="project-globex"), "server acme-db belongs to project globex"),
    "server of another flavor": (change("servers", "acme-db", flavor={"original_name": "huge"}), "server acme-db has flavor huge"),
    "server with another key": (
        change("servers", "acme-db", key_name="mallory"),
        "server acme-db has key_name mallory, declared acme-automation",
    ),
    "server from an image": (change("servers", "acme-db", image={"id": "evil"}), "server acme-db was booted from image evil"),
    "server's metadata": (
        change("servers", "acme-db", metadata={"ringfence_ssh_from": "0.0.0.0/0"}),
        "server acme-db has metadata ringfence_ssh_from 0.0.0.0/0, made with none",
    ),
    "volume of another on a server": (
        change("servers", "acme-db", **{"os-extended-volumes:volumes_attached": [{"id": "id-globex-db1-db"}]}),
        "acme-db has the undeclared volume globex-db1-db",
    ),
    "plain volume": (more("volumes", LOOT), "volume loot is stored in the clear"),
    "volume retyped": (change("volumes", "acme-db-db", volume_type="plain", encrypted=False), "is of type plain, declared encrypted"),
    "volume lost": (fewer("volumes", "acme-db-db"), "missing volume acme-db-db"),
    "volume of another project": (
        change("volumes", "acme-db-db", **{"os-vol-tenant-attr:tenant_id": "project-globex"}),
        "volume acme-db-db belongs to project globex",
    ),
    "volume from a snapshot": (change("volumes", "acme-db-db", snapshot_id="s"), "volume acme-db-db has snapshot_id s, declared none"),
    "volume given away": (change("volumes", "acme-db-db", status="awaiting-transfer"), "volume acme-db-db is awaiting-transfer"),
    "volume for several": (change("volumes", "acme-db-db", multiattach=True), "volume acme-db-db has multiattach true"),
    "volume attached twice": (
        change("volumes", "acme-db-db", attachments=[{"server_id": "server-acme-db"}, {"server_id": "server-globex-db1"}]),
        "volume acme-db-db is attached to acme-db, globex-db1, declared acme-db",
    ),
    "root from another image": (
        change("volumes", "acme-db-root", volume_image_metadata={"image_id": "other", "image_name": "evil"}),
        "volume acme-db-root was made from image evil (other)",
    ),
    "encryption taken off the type": (lambda found: with_rows(found, "volume_types", [PLAIN]), "stored in the clear"),
    "volume type lost": (fewer("volume_types", "encrypted"), "missing volume type encrypted"),
    "volume type of another back end": (
        change("volume_types", "encrypted", extra_specs={"volume_backend_name": "other"}),
        "volume type encrypted has extra_specs volume_backend_name other",
    ),
    "weaker cipher": (
        change(
            "volume_types",
            "encrypted",
            encryption={"provider": "luks", "cipher": "aes-cbc", "key_size": 128, "control_location": "front-end"},
        ),
        "volume type encrypted encrypts with cipher aes-cbc, declared aes-xts-plain64",
    ),
    "labels lost": (change("networks", "acme-app", tags=[]), "acme-app lacks"),
    "labels of a volume lost": (change("volumes", "acme-db-db", metadata={}), "volume acme-db-db lacks"),
}
