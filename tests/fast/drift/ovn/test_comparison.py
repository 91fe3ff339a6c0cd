"""OVN's records beside Neutron's: as Neutron writes them nothing is said, every way to change them by hand is named by its object."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING

import pytest

from infra.drift.ovn import comparison
from infra.drift.ovn.northbound import TABLES, Northbound
from infra.outcome import CheckVerdict
from tests.fast.drift import changes
from tests.fast.drift.ovn import broken, harmless
from tests.fast.drift.ovn.written import Tables, complete, written
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.drift.comparison import Requirement
    from infra.drift.found import Found
    from ringfence.verify.inventory import Inventory

pytestmark = pytest.mark.fast
INVENTORY = inventory()


@functools.cache
def declared() -> tuple[Inventory, Found, Tables]:
    """Return a cloud as it was declared, and what Neutron writes of it."""
    made, view = cloud(INVENTORY)
    found = complete(view)
    return made, found, written(found)


def compared(act: broken.Way | None = None) -> list[Requirement]:
    """Compare OVN, in which one thing is otherwise than Neutron wrote it."""
    made, found, tables = declared()
    if act:
        tables = copy.deepcopy(tables)
        act(tables)
    return list(comparison.requirements(made, found, Northbound.of(tables)))


def wrong(requirements: list[Requirement]) -> list[str]:
    """Return what did not pass."""
    outcomes = (requirement.outcome() for requirement in requirements)
    return [f"{each.verdict}: {each.check}: {each.reason}" for each in outcomes if each.verdict is not CheckVerdict.PASS]


def test_what_neutron_writes_passes() -> None:
    """Every requirement, of the platform and of both tenants."""
    found = compared()
    assert wrong(found) == []
    assert len(found) == 3 * len(comparison.REQUIREMENTS)


@pytest.mark.parametrize("name", broken.WAYS)
def test_every_way_past_neutron_is_named(name: str) -> None:
    """With its object, and a failure, not an error."""
    act, says = broken.WAYS[name]
    found = compared(act)
    said = [text for requirement in found for text in map(str, requirement.deviations)]
    assert any(says in text for text in said), wrong(found)
    assert all(each.name and each.object_kind for requirement in found for each in requirement.deviations)
    assert not [requirement.error for requirement in found if requirement.error]


@pytest.mark.parametrize("name", harmless.HARMLESS)
def test_what_is_no_fault_is_not_said(name: str) -> None:
    """What a cloud does by itself, and what others have in OVN."""
    assert wrong(compared(harmless.HARMLESS[name])) == []


@pytest.mark.parametrize("table", sorted(set(TABLES)))
def test_a_table_that_is_not_told_is_no_pass(table: str) -> None:
    """What needs it cannot be told, and is named."""
    errors = [each for each in compared(lambda tables: tables.pop(table)) if each.error]
    assert errors
    assert all(f"table {table}" in each.error for each in errors)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("ACL", "match"),
        ("ACL", "external_ids"),
        ("Port_Group", "ports"),
        ("Port_Group", "acls"),
        ("Logical_Switch", "ports"),
        ("Logical_Switch", "other_config"),
        ("Logical_Switch_Port", "addresses"),
        ("Logical_Switch_Port", "port_security"),
        ("Logical_Switch_Port", "type"),
        ("Logical_Switch_Port", "options"),
        ("Logical_Router", "static_routes"),
        ("Logical_Router", "policies"),
        ("Logical_Router", "nat"),
        ("Logical_Router_Port", "networks"),
        ("Logical_Router_Static_Route", "nexthop"),
        ("NAT", "external_ip"),
        ("Address_Set", "addresses"),
    ],
)
def test_a_column_that_is_not_told_is_no_pass(table: str, column: str) -> None:
    """It cannot be told."""

    def without(tables: Tables) -> None:
        for row in tables[table].values():
            row.pop(column)

    assert any(line.startswith("error") and column in line for line in wrong(compared(without)))


def test_port_whose_place_in_ovn_is_not_known_is_no_pass() -> None:
    """A port of a network card that is passed through: what OVN has to hold of it is not modelled."""
    made, found, tables = declared()
    special = changes.change("ports", "acme-db-data", **{"binding:vnic_type": "direct"})(copy.deepcopy(found))
    assert any("is not known here" in line for line in wrong(list(comparison.requirements(made, special, Northbound.of(tables)))))


def test_what_neutron_has_not_written_yet_is_no_fault() -> None:
    """It writes its own record first: what differs by one listing and not by the next one is none; what differs by both is."""
    made, found, tables = declared()
    early = copy.deepcopy(tables)
    broken.WAYS["port is lost"][0](early)
    later = (found, Northbound.of(tables))
    assert all(each.verdict is CheckVerdict.PASS for each in comparison.compare_twice(made, found, Northbound.of(early), lambda: later))
    twice = (found, Northbound.of(early))
    assert any(each.verdict is CheckVerdict.FAIL for each in comparison.compare_twice(made, found, twice[1], lambda: twice))


def test_ovn_is_not_asked_again_when_all_is_well() -> None:
    """Once."""
    made, found, tables = declared()
    list(comparison.compare_twice(made, found, Northbound.of(tables), lambda: pytest.fail("asked again")))
