from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from infra.drift import comparison
from infra.drift.found import KINDS
from infra.drift.made import Made
from infra.outcome import CheckVerdict, DeviationKind
from tests.fast.drift import broken, broken_copies, broken_identity, broken_services, broken_wiring, changes, ordinary
from tests.fast.drift.rows import assignment
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from infra.drift.found import Found
    from infra.outcome import Outcome
    from ringfence.verify.inventory import Inventory
    from tests.fast.drift.changes import Change

pytestmark = pytest.mark.fast

INVENTORY, OFFERING = inventory(), inventory(services=True)
WAYS = broken.WAYS | broken_wiring.WAYS | broken_services.WAYS | broken_identity.WAYS | broken_copies.WAYS


def compared(act: Change | None = None, declared: Inventory = INVENTORY) -> list[Outcome]:
    """Compare a cloud that is as declared but for one thing."""
    made, view = cloud(declared)
    return list(comparison.compare(made, act(view) if act else view, made.tenants))


@cache
def subjects() -> int:
    """Return of how many subjects a cloud that is as declared is judged; a test changes its own copy of it and nothing else."""
    return len(compared())


def wrong(outcomes: list[Outcome]) -> list[str]:
    """Return what did not pass."""
    return [f"{outcome.verdict}: {outcome.check}: {outcome.reason}" for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS]


@pytest.mark.parametrize("declared", [INVENTORY, OFFERING], ids=["no services", "every service"])
def test_declared_cloud_passes(declared: Inventory) -> None:
    """A cloud that is as declared passes every subject, of the platform and of every tenant."""
    outcomes = compared(declared=declared)
    assert wrong(outcomes) == []
    assert {outcome.tenant for outcome in outcomes} == {"platform", "acme", "globex"}


@cache
def broken_by(name: str) -> tuple[tuple[comparison.Requirement, ...], frozenset[str]]:
    """Return what a way to break the cloud comes to, and the ids of all that is there; compared once for all tests that look at it."""
    made, view = cloud(OFFERING if name in broken_services.WAYS else INVENTORY)
    view = WAYS[name][0](view)
    ids = frozenset(row["id"] for kind in KINDS for row in view.rows(kind))
    return tuple(comparison.requirements(made, view, made.tenants)), ids


@pytest.mark.parametrize("name", WAYS)
def test_broken_cloud_is_named(name: str) -> None:
    """Every way to break the cloud is found, the reason names it, and whatever is there is named by the id that the cloud gave it."""
    _, says = WAYS[name]
    requirements, ids = broken_by(name)
    found = wrong([requirement.outcome() for requirement in requirements])
    assert any(says in reason for reason in found), found
    deviations = [deviation for requirement in requirements for deviation in requirement.deviations]
    assert [each for each in deviations if each.id not in ids and each.kind is not DeviationKind.MISSING] == []
    assert all(each.name and each.object_kind for each in deviations)


KINDS_OF_DEVIATIONS = {
    "missing port acme-db-data": DeviationKind.MISSING,
    "undeclared port intruder of project globex on network acme-app": DeviationKind.UNDECLARED,
    "port security is off on acme-db-data": DeviationKind.DIFFERENT,
}
"""A sentence of each kind of deviation."""


def test_deviation_says_in_which_way_something_deviates() -> None:
    """What is declared and gone, what is there and not declared, and what is otherwise than declared are three things."""
    found: dict[str, set[DeviationKind]] = {says: set() for says in KINDS_OF_DEVIATIONS}
    for name in ("port lost", "undeclared port", "port security off"):
        for requirement in broken_by(name)[0]:
            for deviation in requirement.deviations:
                if deviation.text in found:
                    found[deviation.text].add(deviation.kind)
    assert found == {says: {kind} for says, kind in KINDS_OF_DEVIATIONS.items()}


@pytest.mark.parametrize("kind", ordinary.TWINS)
def test_twin_is_named_with_its_id(kind: str) -> None:
    """A second object with the name, the labels and the attributes of a declared one is undeclared: names do not tell, ids do."""
    name, noun = ordinary.TWINS[kind]
    for is_first in (True, False):
        found = wrong(compared(changes.twin(kind, name, is_first=is_first)))
        assert any(f"undeclared {noun} {name} (twin)" in reason for reason in found), found
        assert not any(f"{noun} {name} is" in reason for reason in found), found


@pytest.mark.parametrize(("kind", "name", "key"), ordinary.DECISIVE)
def test_attribute_that_the_api_does_not_show_is_an_error(kind: str, name: str, key: str) -> None:
    """What cannot be compared has not passed: the outcome is an error that says what was missing, and other subjects are judged."""

    def without(view: Found) -> Found:
        rows = [{k: v for k, v in row.items() if k != key} if row["name"] == name else row for row in view.rows(kind)]
        changed: dict[str, Any] = {kind: tuple(rows)}
        return replace(view, **changed)

    outcomes = compared(without)
    errors = [outcome for outcome in outcomes if outcome.verdict is CheckVerdict.ERROR]
    assert errors
    assert all(key in outcome.reason for outcome in errors)
    assert len(outcomes) == subjects()


def test_attribute_of_another_form_is_an_error() -> None:
    """An answer that is not the API's own is not judged, and does not end the comparison."""
    outcomes = compared(changes.change("ports", "acme-db-data", allowed_address_pairs=["0.0.0.0/0"]))
    assert [outcome.reason[:11] for outcome in outcomes if outcome.verdict is CheckVerdict.ERROR] == ["cannot tell"]
    assert len(outcomes) == subjects()


def test_what_a_running_update_made_is_no_fault() -> None:
    """A tenant that is being brought up is in the cloud first and in its stack a moment later; a real fault is still named."""
    made, view = cloud(INVENTORY)
    early = replace(made, made={**made.made, "globex": Made()}, tenants=made.tenants[:1])
    assert wrong(list(comparison.compare(early, view, early.tenants)))
    assert wrong(list(comparison.compare_again(early, lambda: made.made, view))) == []
    act, says = WAYS["port on the backbone"]
    found = wrong(list(comparison.compare_again(early, lambda: made.made, act(view))))
    assert len(found) == 1
    assert says in found[0]


def test_stacks_are_not_asked_again_when_all_is_well() -> None:
    """The engine is asked once."""
    made, view = cloud(INVENTORY)
    assert wrong(list(comparison.compare_again(made, lambda: pytest.fail("asked again"), view))) == []


def test_stack_that_is_not_known_makes_everything_undeclared() -> None:
    """Without what a stack made, nothing of it counts as declared: the comparison does not fall back to names."""
    made, view = cloud(INVENTORY)
    blind = replace(made, made={name: stack for name, stack in made.made.items() if name != "acme"})
    found = [outcome for outcome in comparison.compare(blind, view, blind.tenants) if outcome.tenant == "acme"]
    assert any("undeclared port acme-db-data" in outcome.reason for outcome in found)
    assert any("missing port acme-db-data" in outcome.reason for outcome in found)


def test_stack_that_lent_nothing_is_named() -> None:
    """A tenant's servers are on a segment of the platform: without a policy that lends it, somebody shared it in another way."""
    made, view = cloud(INVENTORY)
    kinds = {kind: resources for kind, resources in made.made["acme"].kinds.items() if kind != "rbac"}
    blind = replace(made, made={**made.made, "acme": Made(kinds)})
    found = wrong(list(comparison.compare(blind, view, blind.tenants)))
    assert any("the management segment is not lent to the tenant's project" in reason for reason in found)


def test_other_names_in_the_operators_project_are_the_operators_business() -> None:
    """What has neither a name nor a label of ours and touches nothing of ours is not compared: an operator has other things."""
    act = changes.both(changes.more("networks", ordinary.OPERATORS), changes.more("ports", ordinary.OPERATORS_PORT))
    assert wrong(compared(act)) == []


HARMLESS = ordinary.HARMLESS | broken_identity.HARMLESS | broken_copies.HARMLESS


@pytest.mark.parametrize("change", HARMLESS.values(), ids=HARMLESS)
def test_ordinary_clouds_raise_no_alarm(change: Change) -> None:
    """Other clouds keep other words for the same things: replicas, distributed routers, metadata, states of a migration."""
    assert wrong(compared(change)) == []


def test_declared_administrators_may_have_roles_keys_and_trusts() -> None:
    """Users and groups by their ids; a trust between two of them is theirs."""
    act = changes.both(
        changes.more("assignments", assignment(broken_identity.GUESTS, "admin", broken_identity.ABOVE_ALL)),
        changes.more("assignments", assignment(broken_identity.MALLORY, "member", broken_identity.ABOVE_ALL)),
        changes.more("credentials", broken_identity.ANOTHER_KEY),
        changes.more("trusts", broken_identity.HANDED_ON),
    )
    ids = ("user-mallory", "user-bob", "group-guests")
    made, view = cloud(INVENTORY)
    for number in range(len(ids) + 1):
        declared = replace(made, platform=made.platform.model_copy(update={"administrators": ids[:number]}))
        left = wrong(list(comparison.compare(declared, act(cloud(INVENTORY)[1]), declared.tenants)))
        assert bool(left) == (number < len(ids)), left
    assert wrong(list(comparison.compare(made, view, made.tenants))) == []


SILENT = {
    ("networks", "shared"): "of a segment that is lent; who may use a network is in the RBAC policies",
    ("rbac", "project_id"): "whoever lent it",
    ("floating_ips", "router_id"): "Neutron takes it from the port",
}
"""Attributes that the rows of the tests have and that alone change nothing, with the reason."""
WORSE: dict[str, object] = {
    "binding:vif_type": "unbound",
    "binding:vif_details": {"port_filter": False},
    "device_owner": "network:dhcp",
    "ports status": "DOWN",
    "volumes status": "error",
}
"""Another value, where not every other one is a fault."""


def another(value: object) -> object:
    """Return a value that the attribute did not have."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (list, dict)) and value:
        return type(value)()
    return [{"ip_address": "10.9.9.9"}] if isinstance(value, list) else {"x": "y"} if isinstance(value, dict) else f"{value or ''}x"


@pytest.mark.parametrize("stack", ["platform", "acme"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"projects", "trunks"}))
def test_every_attribute_is_compared(kind: str, stack: str) -> None:
    """Whatever changes in a row of what a stack made, something is said: an attribute that nobody looks at has a reason."""
    made, view = cloud(INVENTORY)
    known = made.made[stack].ids(kind)
    rows = [row for row in view.rows(kind) if row["id"] in known and row["id"] not in made.made[stack].router_interfaces()][:2]
    silent = set()
    for row in rows:
        for key in row:
            value = WORSE.get(key, WORSE.get(f"{kind} {key}", another(row[key])))
            changed = [{**one, key: value} if one is row else one for one in view.rows(kind)]
            outcomes = comparison.compare(made, changes.with_rows(view, kind, changed), made.tenants)
            if all(outcome.verdict is CheckVerdict.PASS for outcome in outcomes):
                silent.add((kind, key))
    assert silent <= SILENT.keys()


def test_without_a_key_manager_access_lists_are_skipped_and_named() -> None:
    """A cloud may keep the keys of its volumes elsewhere; who may read them is then not known, and no pass."""
    outcomes = compared(broken_copies.without_a_key_manager)
    odd = {(outcome.tenant, outcome.verdict, outcome.reason) for outcome in outcomes if outcome.verdict is not CheckVerdict.PASS}
    assert odd == {(tenant, CheckVerdict.SKIPPED, "no key manager") for tenant in ("acme", "globex")}
