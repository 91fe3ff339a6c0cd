"""Objects that say two things of one: Neutron prints none of them, and no reader may choose what is safe."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import SnapshotError
from infra.neutron.sources.cli_json import load_folder
from infra.neutron.sources.rule_records import rule
from tests.fast.neutron.sources.test_cli_json import EXTENSIONS, PRINTED, folder, plus

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast

GROUP = PRINTED["security_groups"][0]
RULE = {"id": "r", "direction": "ingress", "ethertype": "IPv4", "protocol": "tcp", "security_group_id": "g"}
TWO_NAMES = {
    "whether groups are on": ("ports", {"is_port_security_enabled": False}),
    "whose it is": ("ports", {"tenant_id": "another"}),
    "its groups": ("ports", {"security_groups": []}),
    "how it is bound": ("ports", {"binding:vnic_type": "direct"}),
    "whether all may use it": ("networks", {"is_shared": True}),
    "whether it leads outside": ("networks", {"external": True}),
    "its addresses": ("subnets", {"subnet": "10.0.0.0/8"}),
}


@pytest.mark.parametrize(("section", "fields"), TWO_NAMES.values(), ids=TWO_NAMES)
def test_a_field_under_two_names_says_one_thing(tmp_path: Path, section: str, fields: dict[str, Any]) -> None:
    """The error names the object, the field and both values."""
    with pytest.raises(SnapshotError) as error:
        load_folder(folder(tmp_path, **plus(section, **fields)))
    told = str(error.value)
    assert "the object contradicts itself" in told
    assert f"{section} {PRINTED[section][0]['id']}" in told
    assert str(next(iter(fields.values()))) in told


@pytest.mark.parametrize("fields", [{"is_port_security_enabled": "True"}, {"tenant_id": "p"}, {"is_port_security_enabled": None}])
def test_the_same_under_two_names_is_read(tmp_path: Path, fields: dict[str, Any]) -> None:
    """As a word too, and where one of the names has no value."""
    assert load_folder(folder(tmp_path, **plus("ports", **fields))).ports[0].port_security_enabled


def test_a_name_without_a_value_hides_no_other_name_of_the_field(tmp_path: Path) -> None:
    """What is told under either name counts."""
    changes = plus("ports", port_security_enabled=None, is_port_security_enabled=False)
    assert not load_folder(folder(tmp_path, **changes)).ports[0].port_security_enabled


@pytest.mark.parametrize("name", ["Port_Security_Enabled", "PORT SECURITY ENABLED"])
def test_one_name_in_two_spellings_is_refused(tmp_path: Path, name: str) -> None:
    """Also where both say the same: nobody prints that."""
    with pytest.raises(SnapshotError, match="a field is there twice"):
        load_folder(folder(tmp_path, **plus("ports", **{name: True})))


@pytest.mark.parametrize("name", ["port_security_enabled", "ip_address"])
def test_a_field_that_json_has_twice_is_refused(tmp_path: Path, name: str) -> None:
    """At any depth; the last one would have counted here, and the first one elsewhere."""
    text = json.dumps(PRINTED["ports"])
    assert load_folder(folder(tmp_path, ports=text)).ports
    with pytest.raises(SnapshotError, match=f"an object has the field {name} twice"):
        load_folder(folder(tmp_path, ports=text.replace(f'"{name}"', f'"{name}": false, "{name}"', 1)))


COMPUTED = [
    ("10.0.0.0/24", "0.0.0.0/0"),
    ("10.0.0.0/24", "10.0.0.0/23"),
    (None, "10.0.0.0/24"),
    ("10.0.0.0/24", "everything"),
]


@pytest.mark.parametrize(("told", "computed"), COMPUTED)
def test_a_rule_s_prefixes_are_the_same_addresses(told: str | None, computed: str) -> None:
    """Drivers take the one that Neutron computes (``normalized_cidr``)."""
    with pytest.raises(SnapshotError, match="contradicts itself"):
        rule({**RULE, "remote_ip_prefix": told, "normalized_cidr": computed}, "here")


@pytest.mark.parametrize(
    ("told", "computed"), [("10.0.0.7/24", "10.0.0.0/24"), ("10.0.0.7", "10.0.0.7/32"), ("FD00::1/64", "fd00::/64"), ("10.0.0.0/24", None)]
)
def test_a_rule_s_prefix_may_be_written_in_another_way(told: str, computed: str | None) -> None:
    """With host bits, without its length, in capitals: as somebody asked for it."""
    assert rule({**RULE, "remote_ip_prefix": told, "normalized_cidr": computed}, "here").remote_ip_prefix == told


@pytest.mark.parametrize("printed", [{"IP Range": "0.0.0.0/0"}, {"Port Range": "1:65535"}])
def test_a_rule_as_the_client_lists_it_is_the_one_that_it_shows(printed: dict[str, str]) -> None:
    """Columns of the list beside the fields of the API."""
    shown = {**RULE, "remote_ip_prefix": "10.0.0.0/24", "port_range_min": 443, "port_range_max": 443}
    assert rule({**shown, "IP Range": "10.0.0.0/24", "Port Range": "443:443"}, "here") == rule(shown, "here")
    with pytest.raises(SnapshotError, match="contradicts itself"):
        rule({**shown, **printed}, "here")


def test_a_rule_in_a_group_is_of_that_group(tmp_path: Path) -> None:
    """Else it is a rule of the other one, which has fewer than it should."""
    own, other = ({**GROUP, "rules": [{**RULE, "security_group_id": group}]} for group in ("g", "h"))
    assert load_folder(folder(tmp_path, security_groups=[own], security_group_rules=None)).security_groups[0].rules
    with pytest.raises(SnapshotError, match="security_group_id"):
        load_folder(folder(tmp_path, security_groups=[other], security_group_rules=None))


def test_objects_of_an_extension_count_whatever_the_list_of_extensions_says(tmp_path: Path) -> None:
    """A file with objects says more than a list without the extension."""
    for extensions in (EXTENSIONS, [*EXTENSIONS, "bgpvpn"]):
        listed = [{"Alias": alias} for alias in extensions]
        assert [each.type for each in load_folder(folder(tmp_path, extensions=listed, bgpvpns=[{"ID": "b"}])).unknowns] == ["bgpvpns"]
        assert load_folder(folder(tmp_path, extensions=listed, bgpvpns=[])).unknowns == ()


@pytest.mark.parametrize(
    ("section", "fields"),
    [("subnets", {"cidr": "10.0.0.0"}), ("routers", {"routes": [{"destination": "10.9.0.0", "nexthop": "10.0.0.9"}]})],
)
def test_a_prefix_without_its_length_is_no_single_address(tmp_path: Path, section: str, fields: dict[str, Any]) -> None:
    """It would be fewer addresses than there are, and so fewer paths."""
    with pytest.raises(SnapshotError, match="this prefix has no length"):
        load_folder(folder(tmp_path, **plus(section, **fields)))
