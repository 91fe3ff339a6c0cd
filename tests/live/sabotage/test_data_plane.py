"""What somebody writes into OVN past Neutron: each way is named, all of them at the same time, and nothing is left of them."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from infra.drift.ovn import comparison
from infra.outcome import CheckVerdict
from ringfence.verify.cloud import view
from ringfence.verify.dataplane import northbound
from tests.live.sabotage import in_ovn

if TYPE_CHECKING:
    from infra.drift.found import Found
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live


def listed(opened: Opened) -> Found:
    """List the cloud."""
    return view.collect(opened.cloud, view.Parties.of(opened.inventory, opened.identities))


def wrong(opened: Opened, found: Found) -> list[str]:
    """Return what OVN holds otherwise than Neutron says."""
    outcomes = [each.outcome() for each in comparison.requirements(opened.inventory, found, northbound.listed(northbound.prefix()))]
    assert outcomes
    return [f"{each.check}: {each.reason}" for each in outcomes if each.verdict is not CheckVerdict.PASS]


def test_every_way_past_neutron_is_named(opened: Opened) -> None:
    """ACLs, groups, ports, switches, routes, translations, load balancers: by hand, in OVN only. Neutron's own answers do not change."""
    through, tenants = northbound.prefix(), opened.inventory.tenants
    if not through:
        pytest.skip(northbound.SKIP)
    if len(tenants) < 2:
        pytest.skip("only one tenant is up")
    found = listed(opened)
    assert wrong(opened, found) == []
    place = in_ovn.Place.of(found, northbound.listed(through), *(str(tenant.facts.project_id) for tenant in tenants[:2]))
    names = {
        "port": place.port["name"],
        "group": place.group["name"],
        "stranger": place.stranger["name"],
        "network": next(row["name"] for row in found.networks if row["id"] == place.port["network_id"]),
        "router": next(row["name"] for row in found.routers if row["id"] == place.router),
    }
    ways = in_ovn.ways(place)
    with contextlib.ExitStack() as stack:
        for way in ways.values():
            stack.callback(in_ovn.run, through, way.undo)
            in_ovn.run(through, way.do)
        said = wrong(opened, found)
    silent = {name for name, way in ways.items() if not any(way.says.format(**names) in line for line in said)}
    assert not silent, said
    assert wrong(opened, listed(opened)) == []
