"""Folders of what the client prints: its words for fields, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import SnapshotError
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.sources.cli_json import load_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


EXTENSIONS = ["allowed-address-pairs", "binding", "external-net", "extraroute", "port-security", "stateful-security-group", "trunk"]
EXTENSIONS += ["trunk-details"]
PRINTED: dict[str, list[dict[str, Any]]] = {
    "projects": [{"id": "p", "name": "acme"}],
    "networks": [
        {"id": "n", "name": "app", "project_id": "p", "router:external": "Internal", "shared": False, "provider:network_type": "geneve"}
    ],
    "subnets": [
        {
            "id": "s",
            "network_id": "n",
            "cidr": "10.0.0.0/24",
            "gateway_ip": "10.0.0.1",
            "enable_dhcp": True,
            "project_id": "p",
            "subnetpool_id": None,
        }
    ],
    "routers": [{"id": "r", "project_id": "p", "external_gateway_info": None, "routes": []}],
    "ports": [
        {
            "id": "one",
            "network_id": "n",
            "project_id": "p",
            "fixed_ips": [{"subnet_id": "s", "ip_address": "10.0.0.5"}],
            "device_owner": "compute:nova",
            "device_id": "v",
            "security_group_ids": ["g"],
            "mac_address": "fa:16:3e:00:00:01",
            "allowed_address_pairs": [],
            "port_security_enabled": True,
            "binding_vnic_type": "normal",
            "binding_vif_type": "ovs",
            "binding_vif_details": {"port_filter": True, "bound_drivers": {"0": "ovn"}},
        }
    ],
    "security_groups": [{"id": "g", "name": "web", "project_id": "p", "stateful": True}],
    "floating_ips": [],
    "servers": [{"id": "v", "name": "web", "project_id": "p"}],
    "extensions": [{"Name": "Ports", "Alias": alias} for alias in EXTENSIONS],
    "security_group_rules": [
        {
            "ID": "x",
            "IP Protocol": "icmp",
            "Ethertype": "IPv4",
            "IP Range": "0.0.0.0/0",
            "Port Range": "type=8:code=0",
            "Direction": "ingress",
            "Remote Security Group": None,
            "Remote Address Group": None,
            "Security Group": "g",
        }
    ],
}


def folder(path: Path, **changes: object) -> Path:
    """Write the client's files; ``None`` leaves one out."""
    for section, objects in {**PRINTED, **changes}.items():
        if objects is not None:
            (path / f"{section}.json").write_text(objects if isinstance(objects, str) else json.dumps(objects))
    return path


def test_printed_files_are_read(tmp_path: Path) -> None:
    """The client's words for fields, ports and yes or no."""
    snapshot = load_folder(folder(tmp_path))
    rule = snapshot.security_groups[0].rules[0]
    assert (rule.protocol, rule.port_range_min, rule.port_range_max) == ("icmp", 8, 0)
    assert snapshot.ports[0].security_groups == ("g",)
    assert snapshot.networks[0].external is False


@pytest.mark.parametrize(
    ("printed", "read"),
    [
        ({"Remote Security Group": "g", "IP Range": "0.0.0.0/0"}, ("g", None, None)),
        ({"Remote Security Group": "g", "IP Range": "::/0", "Ethertype": "IPv6"}, ("g", None, None)),
        ({"Remote Address Group": "a", "IP Range": "0.0.0.0/0"}, (None, "a", None)),
        ({"Remote Security Group": "g", "IP Range": "10.0.0.0/8"}, ("g", None, "10.0.0.0/8")),
        ({"IP Range": "0.0.0.0/0"}, (None, None, "0.0.0.0/0")),
    ],
)
def test_the_range_of_a_rule_for_a_group_is_the_client_s_own(printed: dict[str, str], read: tuple[str | None, ...], tmp_path: Path) -> None:
    """It prints every address where the API has no prefix; a prefix of the rule's own beside a group stays, and is odd."""
    rules = [{**PRINTED["security_group_rules"][0], **printed}]
    groups = [{"id": "a", "name": "partners", "project_id": "p", "addresses": ["192.0.2.0/24"]}]
    snapshot = load_folder(folder(tmp_path, security_group_rules=rules, address_groups=groups))
    rule = snapshot.security_groups[0].rules[0]
    assert (rule.remote_group_id, rule.remote_address_group_id, rule.remote_ip_prefix) == read
    odd = [text for text in compile_fabric(snapshot).unknowns if "remote end" in text]
    assert len(odd) == (read == ("g", None, "10.0.0.0/8"))


REFUSED = {
    "a file is missing": ({"ports": None}, "expected: ports.json"),
    "a file with a strange name": ({"portz": []}, "portz.json: this file stands for nothing"),
    "no JSON": ({"ports": "ports"}, "ports.json: the file is not JSON"),
    "a list without the fields": ({"ports": [{"ID": "one", "Name": "web"}]}, "ports one: a field"),
    "a rule of no listed group": (
        {"security_groups": [{"id": "h", "project_id": "p", "stateful": True}], "ports": []},
        "rules of groups that are not listed",
    ),
    "neither yes nor no": ({"networks": [{**PRINTED["networks"][0], "shared": "perhaps"}]}, "this is neither yes nor no"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_a_bad_folder_is_refused(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """The error names file and record; nothing is half-read."""
    with pytest.raises(SnapshotError) as error:
        load_folder(folder(tmp_path, **changes))
    assert message in str(error.value)


def test_a_view_without_provider_types_is_partial(tmp_path: Path) -> None:
    """Who may not see them may not see other projects either."""
    network = {**PRINTED["networks"][0], "provider:network_type": None}
    assert load_folder(folder(tmp_path)).header.complete
    assert not load_folder(folder(tmp_path, networks=[network])).header.complete


def test_forwardings_that_are_not_printed_are_unknown(tmp_path: Path) -> None:
    """The client leaves port forwardings out, so the snapshot says that something is missing."""
    cloud = {"id": "f", "floating_network_id": "n", "floating_ip_address": "203.0.113.5", "port_id": None, "fixed_ip_address": None}
    snapshot = load_folder(folder(tmp_path, floating_ips=[{**cloud, "router_id": "r"}]))
    assert [item.name for item in snapshot.unknowns] == ["203.0.113.5"]
    assert load_folder(folder(tmp_path, floating_ips=[{**cloud, "router_id": None}])).unknowns == ()


def without(section: str, *names: str) -> dict[str, object]:
    """Return a section without some fields of its objects."""
    return {section: [{name: value for name, value in item.items() if name not in names} for item in PRINTED[section]]}


def plus(section: str, **fields: object) -> dict[str, object]:
    """Return a section with more fields of its objects."""
    return {section: [{**item, **fields} for item in PRINTED[section]]}


RULE = {"id": "x", "direction": "ingress", "ethertype": "IPv4", "protocol": "icmp", "port_range_min": 8, "port_range_max": 0}
FLOATING = {"id": "f", "floating_network_id": "n", "floating_ip_address": "203.0.113.5", "port_id": None, "fixed_ip_address": None}
ABSENT = {
    "a port's switch of port security": (without("ports", "port_security_enabled"), "port_security_enabled"),
    "a port's kind of card": (without("ports", "binding_vnic_type"), "binding:vnic_type"),
    "a kind of card that the credential may not see": (plus("ports", binding_vnic_type=None), "binding:vnic_type"),
    "a port's address pairs": (without("ports", "allowed_address_pairs"), "allowed_address_pairs"),
    "a port's project": (without("ports", "project_id"), "project_id"),
    "a port's MAC address": (without("ports", "mac_address"), "mac_address"),
    "a router's routes": (without("routers", "routes"), "routes"),
    "whether a network is external": (without("networks", "router:external"), "router:external"),
    "whether groups follow connections": (without("security_groups", "stateful"), "stateful"),
    "a subnet's pool": (without("subnets", "subnetpool_id"), "subnetpool_id"),
    "a server's project": (without("servers", "project_id"), "project_id"),
    "the rules of groups": ({"security_group_rules": None}, "rules"),
    "a floating IP's router": ({"floating_ips": [FLOATING]}, "router_id"),
}


@pytest.mark.parametrize(("changes", "field"), ABSENT.values(), ids=ABSENT)
def test_what_decides_and_is_absent_is_an_error_and_never_the_safe_value(tmp_path: Path, changes: dict[str, object], field: str) -> None:
    """The error names the field: lists of the client leave out what `show` prints, and credentials what they may not see."""
    with pytest.raises(SnapshotError) as error:
        load_folder(folder(tmp_path, **changes))
    assert field in str(error.value)


def test_what_an_extension_adds_may_be_absent_where_the_cloud_does_not_have_it(tmp_path: Path) -> None:
    """Then nothing can have been switched off, and nothing given."""
    listed = [{"Alias": alias} for alias in EXTENSIONS if alias not in {"port-security", "allowed-address-pairs"}]
    fields = without("ports", "port_security_enabled", "allowed_address_pairs")
    snapshot = load_folder(folder(tmp_path, extensions=listed, **fields))
    assert (snapshot.ports[0].port_security_enabled, snapshot.unknowns) == (True, ())


FORGOTTEN: dict[str, tuple[dict[str, object], str]] = {
    "the server that a port names": ({"servers": []}, "servers"),
    "all servers": ({"servers": None}, "servers"),
    "the trunk that a port shows": (plus("ports", trunk_details={"trunk_id": "t", "sub_ports": []}), "trunks"),
    "the trunk of a subport": (plus("ports", device_owner="trunk:subport", device_id=""), "trunks"),
    "trunks that ports do not show": ({"extensions": [{"Alias": a} for a in EXTENSIONS if a != "trunk-details"]}, "trunks"),
    "what else the cloud can do": ({"extensions": None}, "extensions"),
    "objects of an extension": ({"extensions": [{"Alias": alias} for alias in (*EXTENSIONS, "vpnaas")]}, "extension:vpnaas"),
    "forwardings, beside a router with another name": ({"floating_ips": [{**FLOATING, "Router": "r"}]}, "floating_ip"),
    "forwardings in another column": ({"floating_ips": [{**FLOATING, "router_id": None, "forwards": [1]}]}, "field:floating_ip.forwards"),
}


@pytest.mark.parametrize(("changes", "label"), FORGOTTEN.values(), ids=FORGOTTEN)
def test_what_was_not_printed_is_said(tmp_path: Path, changes: dict[str, object], label: str) -> None:
    """Nothing is understood to be absent because nobody printed it."""
    assert [unknown.type for unknown in load_folder(folder(tmp_path, **changes)).unknowns] == [label]


def test_a_complete_folder_leaves_nothing_open(tmp_path: Path) -> None:
    """And tells by its ports which driver bound them."""
    snapshot = load_folder(folder(tmp_path, vpnservices=[], extensions=[{"Alias": alias} for alias in (*EXTENSIONS, "vpnaas")]))
    assert (snapshot.unknowns, snapshot.header.driver) == ((), "ovn")


def test_a_file_of_rules_that_contradicts_the_groups_is_refused(tmp_path: Path) -> None:
    """The same rules twice are fine, however they are written."""
    load_folder(folder(tmp_path, security_groups=[{**PRINTED["security_groups"][0], "rules": [RULE]}]))
    wider = {**RULE, "port_range_min": None, "port_range_max": None}
    with pytest.raises(SnapshotError, match="other rules than the group itself"):
        load_folder(folder(tmp_path, security_groups=[{**PRINTED["security_groups"][0], "rules": [wider]}]))


@pytest.mark.parametrize("content", ['{"badRequest": []}', '{"ports": []}', '{"floatingips": {}}', "{}"])
def test_a_file_that_holds_something_else_is_no_empty_list(tmp_path: Path, content: str) -> None:
    """An error of the API, or the list of another kind."""
    with pytest.raises(SnapshotError, match="holds no floating"):
        load_folder(folder(tmp_path, floating_ips=content))


@pytest.mark.parametrize(
    ("section", "fields", "place"),
    [
        ("routers", {"external_gateway_info": "{'network_id': 'n'}"}, "external_gateway_info"),
        ("routers", {"external_gateways": ["n"]}, "external_gateways"),
        ("routers", {"routes": [{"destination": "10.0.0.0/8"}]}, "routes[0]"),
        ("ports", {"fixed_ips": ["10.0.0.5"]}, "fixed_ips"),
        ("ports", {"allowed_address_pairs": "10.0.0.9"}, "allowed_address_pairs"),
        ("subnets", {"allocation_pools": [1]}, "allocation_pools"),
    ],
)
def test_a_field_of_another_shape_is_named(tmp_path: Path, section: str, fields: dict[str, object], place: str) -> None:
    """With its record: text where there is an object, an object without a field."""
    with pytest.raises(SnapshotError) as error:
        load_folder(folder(tmp_path, **plus(section, **fields)))
    assert f"{section} {PRINTED[section][0]['id']} {place}" in str(error.value)


BOUND = {
    "ovn": ({"bound_drivers": {"0": "ovn"}}, "ovn"),
    "open vswitch": ({"bound_drivers": {"0": "openvswitch"}, "ovs_hybrid_plug": False}, "ovs"),
    "open vswitch over bridges": ({"bound_drivers": {"0": "openvswitch"}, "ovs_hybrid_plug": True}, "iptables_hybrid"),
    "another one": ({"bound_drivers": {"0": "vrouter"}}, None),
    "nothing": ({}, None),
}


@pytest.mark.parametrize(("details", "driver"), BOUND.values(), ids=BOUND)
def test_the_driver_is_the_one_that_bound_the_ports(tmp_path: Path, details: dict[str, object], driver: str | None) -> None:
    """What ports do not tell is not known."""
    assert load_folder(folder(tmp_path, **plus("ports", binding_vif_details=details))).header.driver == driver
