"""Which card is management, how cards are named and who may open SSH: decided or refused, never guessed."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Any

import pytest

from hardening.firstboot.config_drive import ConfigDriveError, parse_meta_data, parse_network_data
from hardening.firstboot.networkd import network_file
from hardening.firstboot.plan import Plan, make_plan
from tests.fast.hardening.image import drives


def plan(network: dict[str, Any], meta: dict[str, Any]) -> Plan:
    """The plan for these two files."""
    return make_plan(parse_network_data(drives.text(network)), parse_meta_data(drives.text(meta)))


def test_cards_are_named_in_the_order_of_zones() -> None:
    """The management card is ``mgmt0`` wherever it is plugged; the others count from ``zone0`` in Nova's order."""
    network = drives.server_network()
    network["links"] = [network["links"][2], *network["links"][:2]]
    names = {card.nic.mac: card.name for card in plan(network, drives.server_meta()).cards}
    assert names == {drives.MANAGEMENT_MAC: "mgmt0", "fa:16:3e:00:00:11": "zone0", "fa:16:3e:00:00:12": "zone1"}


def test_only_the_first_zone_has_a_default_route_of_the_server() -> None:
    """A server in two zones opens connections by one way out; each zone's own default route is for answers from its addresses."""
    cards = plan(drives.server_network(), drives.server_meta()).cards
    assert {card.name: card.table for card in cards} == {"mgmt0": 0, "zone0": 100, "zone1": 101}
    routes = {card.name: re.findall(r"Destination=\S+/0\nGateway=\S+(?:\nTable=\d+)?", network_file(card)) for card in cards}
    tables = {name: sorted(route.partition("Table=")[2] for route in found) for name, found in routes.items()}
    assert tables == {"mgmt0": [], "zone0": ["", "", "100", "100"], "zone1": ["101"]}


def test_a_server_in_one_zone_needs_no_table_of_its_own() -> None:
    """With one zone the main table says it all."""
    network = drives.server_network()
    del network["links"][1], network["networks"][2]
    cards = plan(network, drives.server_meta()).cards
    assert [card.table for card in cards] == [0, 0]
    assert not any("RoutingPolicyRule" in network_file(card) for card in cards)


def test_without_a_mac_the_routes_tell_the_management_card() -> None:
    """The only card with routes but no default route is management, and its routes say who may open SSH."""
    made = plan(drives.server_network(), drives.server_meta(management_mac="", ssh_from=""))
    assert made.management.mac == drives.MANAGEMENT_MAC
    assert made.ssh_from == (ip_network("172.29.0.0/24"),)


def test_a_single_card_is_management() -> None:
    """A bastion has one card; it keeps its default route, and only a bastion forwards."""
    made = plan(drives.bastion_network(), drives.bastion_meta())
    assert [card.name for card in made.cards] == ["mgmt0"]
    assert made.management.routes[0].is_default
    assert made.forward_to == (ip_network("172.30.0.0/16"),)


def test_a_server_never_forwards() -> None:
    """``forward_to`` on a server has no effect."""
    assert plan(drives.server_network(), drives.server_meta(forward_to="172.30.0.0/16")).forward_to == ()


def test_an_unknown_management_mac_is_refused() -> None:
    """A MAC that no card has is not silently replaced by a guess."""
    with pytest.raises(ConfigDriveError, match="found none"):
        plan(drives.server_network(), drives.server_meta(management_mac="fa:16:3e:ff:ff:ff"))


def test_two_possible_management_cards_are_refused() -> None:
    """Ambiguous routes are refused with both MACs and the property that decides."""
    network = drives.server_network()
    network["networks"][2]["routes"] = [{"network": "10.9.0.0", "netmask": "255.255.0.0", "gateway": "10.0.1.1"}]
    with pytest.raises(ConfigDriveError, match=r"fa:16:3e:00:00:12, fa:16:3e:00:00:99.*ringfence_management_mac"):
        plan(network, drives.server_meta(management_mac=""))


def test_a_management_card_without_an_address_is_refused() -> None:
    """A server that could never be reached says so instead of waiting for ever."""
    network = drives.server_network()
    del network["networks"][3]
    with pytest.raises(ConfigDriveError, match="no address"):
        plan(network, drives.server_meta())


def test_a_bastion_that_nobody_may_enter_is_refused() -> None:
    """A default route does not mean that the whole world may open SSH."""
    with pytest.raises(ConfigDriveError, match="ringfence_ssh_from"):
        plan(drives.bastion_network(), drives.bastion_meta(ssh_from=""))
