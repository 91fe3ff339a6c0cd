"""Declarations of today beside the stacks: what `pulumi up` would change is named, without a cloud."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from infra.declaration import envelope, names
from infra.declaration.addresses import bastion_address, services_address
from infra.declaration.yaml import reader
from infra.drift import stack
from infra.drift.made import Made, MadeResource
from infra.outcome import CheckVerdict
from infra.policy.bastion import platform_servers
from infra.render import nftables
from infra.render import security_groups as rendered
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import ROOT, inventory

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.declaration.yaml.source import Source
    from ringfence.verify.inventory import Inventory

    Change = Callable[[dict[str, Any]], object]

pytestmark = pytest.mark.fast
TIME = "2026-03-03T00:00:00Z"


def written(stack_: str) -> Source:
    """Return a shipped declaration as it is written."""
    key = envelope.PLATFORM if stack_ == names.PLATFORM else envelope.TENANT
    return envelope.opened(reader.read(ROOT / f"Pulumi.{stack_}.yaml"), key)


@cache
def brought_up(*, services: bool = False) -> Inventory:
    """Return the shipped tenants with stacks that were brought up with them."""
    whole, _ = cloud(inventory(services=services))
    made = {name: kept(whole, name, one) for name, one in whole.made.items()}
    return replace(whole, made=made, written={name: written(name) for name in made})


def kept(whole: Inventory, name: str, made: Made) -> Made:
    """Return a stack with what the engine keeps besides: its configuration, rules and packet filters."""
    if name == names.PLATFORM:
        servers = platform_servers(whole.platform)
        rules = [rule for server, each in servers.items() for rule in stack._of_platform(server, each)]  # noqa: SLF001 - names of the program's own
        place = services_address(whole.platform)
        places = {names.BASTION: bastion_address(whole.platform), names.SERVICES: place} if place else {}
        filters = {server: nftables.render_platform(server, at, servers[server]) for server, at in places.items()}
    else:
        tenant = next(one for one in whole.tenants if one.name == name)
        rules = [rule.name for group in rendered.security_groups(tenant.policy) for rule in group.rules]
        filters = {names.server(name, server): nftables.render(tenant.policy, server) for server in tenant.declaration.servers}
    kinds = dict(made.kinds)
    kinds["rules"] = {rule: MadeResource(rule, f"id-{rule}") for rule in rules}
    kinds["guest_policies"] = {server: MadeResource(server, f"policy-{server}", {"policy": text}) for server, text in filters.items()}
    key = envelope.PLATFORM if name == names.PLATFORM else envelope.TENANT
    return Made(kinds, {key: json.dumps(written(name).tree)}, (), TIME)


def wrong(whole: Inventory) -> list[str]:
    """Return what did not pass."""
    outcomes = [each.outcome() for each in stack.requirements(whole)]
    return [f"{each.verdict}: {each.check}: {each.reason}" for each in outcomes if each.verdict is not CheckVerdict.PASS]


@pytest.mark.parametrize("services", [False, True])
def test_a_stack_that_was_brought_up_with_its_declaration_passes(*, services: bool) -> None:
    """The platform's, with and without services, and the tenants'."""
    assert wrong(brought_up(services=services)) == []


def acme(**changes: Any) -> Inventory:  # noqa: ANN401 - fields of Made
    """Return the tenants with another stack of one of them."""
    whole = brought_up()
    return replace(whole, made={**whole.made, "acme": replace(whole.made["acme"], **changes)})


def with_settings(change: Change) -> Inventory:
    """Return the tenants with a stack that was brought up with another declaration."""
    tree = copy.deepcopy(written("acme").tree)
    change(tree)
    return acme(settings={envelope.TENANT: json.dumps(tree)})


SQL = written("acme").lines.of("flows", "sql")
SETTINGS: dict[str, tuple[Change, str]] = {
    "another port": (
        lambda tree: tree["flows"]["sql"].update(ports=[5431]),
        f"flows.sql.ports[0] is 5432 ({SQL}), and 5431 in the stack",
    ),
    "another reason": (lambda tree: tree["flows"]["sql"].update(reason="why"), "flows.sql.reason is the shop stores its orders"),
    "a flow more now": (lambda tree: tree["flows"].pop("sql"), f"flows.sql ({SQL}) is not in the stack"),
    "a flow less now": (lambda tree: tree["flows"].update(old={}), "flows.old is in the stack, and no longer declared"),
    "a longer list": (lambda tree: tree["flows"]["sql"]["ports"].append(1), "flows.sql.ports is 5432"),
    "another kind": (lambda tree: tree.update(flows=[]), "flows is"),
    "a number as a text": (lambda tree: tree["servers"]["web"].update(root="2"), "servers.web.root is 2"),
}


@pytest.mark.parametrize(("change", "says"), SETTINGS.values(), ids=SETTINGS)
def test_each_key_that_differs_is_named_with_its_line(change: Change, says: str) -> None:
    """Both ways."""
    found = wrong(with_settings(change))
    assert len(found) == 1
    assert says in found[0]


def less(kind: str, *, more: str = "") -> Inventory:
    """Return the tenants with a stack that lacks the first object of a kind, or has one more."""
    kinds = brought_up().made["acme"].kinds
    own = dict(kinds[kind])
    if more:
        own[more] = MadeResource(more, "id-more")
    else:
        own.pop(next(name for name in own if name not in {"acme-backbone", "acme-management"}))
    return acme(kinds={**kinds, kind: own})


@pytest.mark.parametrize("kind", [*stack.KINDS, "rules", "guest_policies"])
def test_each_object_that_is_lost_or_left_in_a_stack_is_named(kind: str) -> None:
    """What was made before and is no longer declared is still made."""
    assert any("is declared, and not in the stack" in line for line in wrong(less(kind)))
    assert any("extra is in the stack, and no longer declared" in line for line in wrong(less(kind, more="extra")))


def test_a_packet_filter_of_another_day_is_named() -> None:
    """A flow whose last day is over is still written, and allows nothing."""
    kinds = brought_up().made["acme"].kinds
    old = {name: MadeResource(name, "p", {"policy": "older"}) for name in kinds["guest_policies"]}
    found = wrong(acme(kinds={**kinds, "guest_policies": old}))
    assert "packet filter acme-web in the stack is not the one that the flows come to today" in found[0]


def test_an_update_that_was_cut_off_is_named() -> None:
    """By what it was at work with."""
    assert "an update was cut off: acme-web is half made" in wrong(acme(pending=("acme-web",)))[0]


def test_an_engine_that_keeps_no_declaration_is_said() -> None:
    """It is a skip with its reason: everything else of the stack is compared."""
    assert [line.partition(":")[0] for line in wrong(acme(settings={}))] == ["skipped"]


@pytest.mark.parametrize("settings", ["{", "null", "[]"])
def test_a_declaration_that_cannot_be_read_is_no_pass(settings: str) -> None:
    """An error, or a difference."""
    assert wrong(acme(settings={envelope.TENANT: settings}))


def test_every_difference_has_the_time_of_the_last_update() -> None:
    """The engine keeps it."""
    found = [one for each in stack.requirements(acme(pending=("x",))) for one in each.deviations]
    assert [one.since for one in found] == [TIME]
