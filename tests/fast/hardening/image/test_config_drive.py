"""What Nova writes is read exactly, and what cannot be meant is refused with the name of the file and the value."""

from __future__ import annotations

from ipaddress import ip_address, ip_interface, ip_network

import pytest

from hardening.firstboot.config_drive import ConfigDriveError, Route, parse_meta_data, parse_network_data
from tests.fast.hardening.image import drives


def test_cards_keep_their_order_and_everything_that_nova_says() -> None:
    """Cards come in Nova's order with lower-case MACs, both families' addresses and all routes."""
    data = parse_network_data(drives.text(drives.server_network()))
    assert [nic.mac for nic in data.nics] == ["fa:16:3e:00:00:11", "fa:16:3e:00:00:12", drives.MANAGEMENT_MAC]
    assert data.nics[0].addresses == (ip_interface("10.0.0.11/24"), ip_interface("fd00:aaaa::11/64"))
    assert data.nics[2].routes == (Route(ip_network("172.29.0.0/24"), ip_address("172.30.0.1")),)
    assert data.nics[0].mtu == 1442
    assert data.resolvers == (ip_address("10.0.0.2"),)


@pytest.mark.parametrize(("mask", "length"), [("255.255.255.240", 28), ("24", 24), ("128.0.0.0", 1)])
def test_masks_are_read_in_each_spelling(mask: str, length: int) -> None:
    """A dotted mask and a prefix length say the same."""
    network = drives.bastion_network()
    network["networks"][0]["netmask"] = mask
    assert parse_network_data(drives.text(network)).nics[0].addresses[0].network.prefixlen == length


def test_an_address_may_bring_its_own_prefix_length() -> None:
    """An address in CIDR form wins over no mask (how OpenStack writes IPv6 in some releases)."""
    network = drives.bastion_network()
    del network["networks"][0]["netmask"]
    network["networks"][0]["ip_address"] = "172.29.0.5/25"
    assert parse_network_data(drives.text(network)).nics[0].addresses == (ip_interface("172.29.0.5/25"),)


def test_dhcp_is_asked_for_only_where_nova_says_so() -> None:
    """``ipv4_dhcp`` turns DHCP on for its card and for no other."""
    network = drives.server_network()
    network["networks"][0] = {"id": "n", "type": "ipv4_dhcp", "link": "app"}
    assert [nic.dhcp4 for nic in parse_network_data(drives.text(network)).nics] == [True, False, False]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"type": "ipv6_slaac"}, "ipv6_slaac"),
        ({"link": "elsewhere"}, "elsewhere"),
        ({"ip_address": "10.0.0.256"}, "10.0.0.256"),
        ({"netmask": "255.0.255.0"}, "10.0.0.11"),
        ({"routes": [{"network": "10.0.0.1", "netmask": "255.255.255.0", "gateway": "10.0.0.1"}]}, "10.0.0.1"),
    ],
)
def test_networks_that_cannot_be_meant_are_refused(change: dict[str, object], said: str) -> None:
    """The message names the file and the value that is wrong."""
    network = drives.server_network()
    network["networks"][0].update(change)
    with pytest.raises(ConfigDriveError, match=rf"network_data\.json: .*{said}"):
        parse_network_data(drives.text(network))


@pytest.mark.parametrize("text", ["", "[]", "{"])
def test_what_is_no_json_object_is_refused(text: str) -> None:
    """A truncated file is an error of its own, not a server without cards."""
    with pytest.raises(ConfigDriveError, match=r"meta_data\.json"):
        parse_meta_data(text)


def test_properties_of_a_bastion_are_read() -> None:
    """Role, port and both lists of prefixes; the host name loses its domain."""
    meta = parse_meta_data(drives.text(drives.bastion_meta()))
    assert (meta.role, meta.ssh_port, meta.hostname, meta.keys) == ("bastion", 2222, "bastion", (drives.KEY,))
    assert meta.ssh_from == (ip_network("172.24.4.0/24"), ip_network("2001:db8::/64"))
    assert meta.forward_to == (ip_network("172.30.0.0/16"),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("role", "router"),
        ("ssh_port", "0"),
        ("ssh_port", "65536"),
        ("ssh_port", "22;reboot"),
        ("ssh_from", "172.29.0.5/24"),
        ("forward_to", "any"),
    ],
)
def test_properties_out_of_range_are_refused(name: str, value: str) -> None:
    """The message names the property and what was found."""
    with pytest.raises(ConfigDriveError, match=rf"ringfence_{name} is '{value}'"):
        parse_meta_data(drives.text(drives.server_meta(**{name: value})))


def test_a_server_that_nobody_could_log_in_to_is_refused() -> None:
    """No public key is a mistake, not a server without keys."""
    with pytest.raises(ConfigDriveError, match="public_keys"):
        parse_meta_data(drives.text({**drives.server_meta(), "public_keys": {}}))


@pytest.mark.parametrize("name", ["web\nroot::0", "we b", "-_-"])
def test_host_names_cannot_smuggle_anything_into_files(name: str) -> None:
    """Only letters, digits and hyphens get into /etc/hosts."""
    with pytest.raises(ConfigDriveError, match="hostname"):
        parse_meta_data(drives.text({**drives.server_meta(), "hostname": name}))
