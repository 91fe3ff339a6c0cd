"""Differences of meaning between two states, and the matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.neutron.compile import compile_fabric
from infra.policy.queries.changes import changes
from infra.policy.queries.matrix import Level, matrix
from infra.policy.queries.passages import Passages
from tests.fast.neutron.clouds import allow, two_tenants
from tests.fast.policy.queries.test_answers import two_zones

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.fast.neutron.clouds import Cloud

pytestmark = pytest.mark.fast


def passages(cloud: Cloud) -> Passages:
    """Return a cloud ready for questions."""
    return Passages(compile_fabric(cloud.snapshot()))


def changed(change: Callable[[Cloud], None]) -> list[tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...]]]:
    """Return what a change of the two-zone cloud comes to, as (subject, cards, gained, lost)."""
    after = two_zones()
    change(after)
    return [(one.subject, one.cards, one.gained, one.lost) for one in changes(passages(two_zones()), passages(after))]


def test_equal_meaning_written_differently_is_no_change() -> None:
    """Two rules that together allow what one did are no difference."""

    def rewrite(cloud: Cloud) -> None:
        parts = (allow("ingress", "10.0.0.0/29", "tcp", (5430, 5433)), allow("ingress", "10.0.0.8/29", "tcp", (5430, 5431)))
        cloud.group("db", "acme", *parts, allow("ingress", "10.0.0.8/29", "tcp", (5431, 5433)))

    assert changed(rewrite) == []


def test_traffic_gained_and_lost_is_told_exactly() -> None:
    """A rule that moves by one port gains one port and loses one."""
    found = changed(lambda cloud: cloud.group("db", "acme", allow("ingress", "10.0.0.0/28", "tcp", (5431, 5434))))
    assert found == [("ingress", ("db-port",), ("tcp/5434 from 10.0.0.0/28",), ("tcp/5430 from 10.0.0.0/28",))]


def test_a_new_path_is_a_change_although_no_rule_changed() -> None:
    """A route that joins another network is a difference of its own kind."""

    def join(cloud: Cloud) -> None:
        cloud.network("other", "acme", "10.0.9.0/24")
        cloud.leg("edge", "other", "10.0.9.1")

    assert ("paths", ("db-port", "web-port"), ("network other",), ()) in changed(join)


def test_a_floating_ip_is_a_change() -> None:
    """A server that gets a public address has changed although its rules have not."""
    assert changed(lambda cloud: cloud.floating("203.0.113.61", "db-port")) == [("public addresses", ("db-port",), ("203.0.113.61",), ())]


def test_a_card_without_port_security_gains_everything() -> None:
    """Port security off lets every packet in and out and every address answer."""
    from infra.neutron.snapshot import Port  # noqa: PLC0415 - the record's name is all that is wanted here

    found = changed(lambda cloud: cloud.change(Port, "db-port", port_security_enabled=False, security_groups=()))
    assert {subject for subject, *_ in found} == {"ingress", "egress", "addresses"}


def test_the_widest_change_comes_first() -> None:
    """A hole of every port stands before one of a single port."""

    def open_both(cloud: Cloud) -> None:
        cloud.group("db", "acme", allow("ingress", "0.0.0.0/0"))
        cloud.group("web", "acme", allow("ingress", "0.0.0.0/0", "tcp", (443, 444)), allow("egress", "10.0.1.12/32", "tcp", (5432, 5440)))

    assert [cards for _, cards, *_ in changed(open_both)] == [("db-port",), ("web-port",)]


def test_the_matrix_shows_what_passes_and_nothing_else() -> None:
    """Zones by zones: web to db, the internet to web, and no other cell."""
    found = matrix(passages(two_zones()), Level.ZONES)
    assert {key: cell.services for key, cell in found.cells.items()} == {
        ("acme on app", "acme on data"): ("tcp/5432-5433",),
        ("internet", "acme on app"): ("tcp/443",),
    }


def test_the_matrix_by_tenants_has_no_cell_between_tenants() -> None:
    """With every group open, tenants still have no private path to each other."""
    found = matrix(passages(two_tenants()), Level.TENANTS)
    assert not {("acme", "globex"), ("globex", "acme")} & found.cells.keys()
    assert ("platform", "acme") in found.cells
