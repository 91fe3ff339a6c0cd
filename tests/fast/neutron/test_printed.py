"""Folders of what the client prints: its words for fields, and what is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import SnapshotError
from infra.neutron.compile import compile_fabric
from infra.neutron.printed import load_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


PRINTED: dict[str, list[dict[str, Any]]] = {
    "projects": [{"id": "p", "name": "acme"}],
    "networks": [
        {"id": "n", "name": "app", "project_id": "p", "router:external": "Internal", "shared": False, "provider:network_type": "geneve"}
    ],
    "subnets": [{"id": "s", "network_id": "n", "cidr": "10.0.0.0/24", "gateway_ip": "10.0.0.1", "enable_dhcp": True, "project_id": "p"}],
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
            "allowed_address_pairs": [],
            "port_security_enabled": True,
        }
    ],
    "security_groups": [{"id": "g", "name": "web", "project_id": "p", "stateful": True, "rules": []}],
    "floating_ips": [],
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
    "a list without the fields": ({"ports": [{"ID": "one", "Name": "web"}]}, "a field is missing"),
    "a rule of no listed group": (
        {"security_groups": [{"id": "h", "project_id": "p", "rules": []}]},
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
