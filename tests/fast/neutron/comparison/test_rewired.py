"""What ``diff`` says of wiring: everything that two states of one cloud do not have alike, and nothing between two that are alike."""

from __future__ import annotations

import pytest

from infra.neutron.comparison.rewired import rewired
from infra.neutron.snapshot import Network, Port, Route, Snapshot
from tests.fast.neutron.lint.states import Change, declared, forwarding, lent, other, plus, plus_route, router_port, running

pytestmark = pytest.mark.fast

CASES: dict[str, tuple[Change, str, str]] = {
    "a route": (plus_route("platform", Route(destination="10.9.0.0/24", nexthop="172.29.0.9")), "platform", "route to 10.9.0.0/24"),
    "a stateless group": (other("security_groups", "acme-server-db", stateful=False), "acme", "does not track connections"),
    "a new member": (other("ports", "globex-app1-app", security_groups=("globex-server-db1",)), "globex", "is in group globex-server-db1"),
    "a share": (plus("rbac_policies", lent("network", "platform-backbone", "acme")), "platform", "is shared with acme"),
    "a router switched off": (other("routers", "acme-edge", admin_state_up=False), "platform", "acme-edge is switched off"),
    "an interface": (
        plus("ports", router_port("network:router_interface", "acme-app", "globex-edge")),
        "acme",
        "globex-edge has an interface",
    ),
    "a lost binding": (other("ports", "acme-db-data", binding_vif_type="unbound"), "acme", "is not bound"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_of_wiring_is_told_both_ways(name: str) -> None:
    """Gained in one direction is lost in the other."""
    change, party, words = CASES[name]
    there, back = rewired(running(), change(running())), rewired(change(running()), running())
    assert [found.party for found in there if any(words in text for text in found.gained)] == [party]
    assert [found.party for found in back if any(words in text for text in found.lost)] == [party]


def test_states_that_are_alike_have_no_change() -> None:
    """A cloud and the declarations that it was made from; objects that only one of them has show in their cards."""
    assert rewired(running(), declared()) == []
    more: Snapshot = plus("networks", Network(id="x", name="x", project_id="platform"))(running())
    more = plus("ports", Port(id="z", name="z", network_id="x", project_id="platform"))(more)
    assert rewired(declared(), plus("floating_ips", forwarding("acme-db-data", "globex"))(more)) == []
