"""A server that is really off, and one that is frozen in the middle of the matrix: named soon, and everything else is judged."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from infra.ssh.access import PATIENCE_SECONDS
from ringfence.verify.probes import session
from ringfence.verify.result import Kind
from ringfence.verify.run import Request, Verification
from tests.live.tools import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from openstack.connection import Connection

    from ringfence.verify.open import Opened
    from ringfence.verify.result import Check

pytestmark = pytest.mark.live

NAMED_SECONDS = 40.0
STATE_SECONDS = 300.0


@pytest.fixture(scope="module")
def victim(opened: Opened) -> tuple[str, str]:
    """Give a server's name and its id: the last one of the last tenant."""
    tenant = opened.inventory.tenants[-1]
    server = list(tenant.declaration.servers)[-1]
    return f"{tenant.name}/{server}", tenant.facts.servers[server].id


def act(cloud: Connection, server: str, action: str, state: str) -> None:
    """Do something to a server and wait until it is in that state."""
    ask(cloud.compute, "POST", f"/servers/{server}/action", {action: None})
    end = time.monotonic() + STATE_SECONDS
    while (now := ask(cloud.compute, "GET", f"/servers/{server}")["server"]["status"]) != state:
        assert time.monotonic() < end, f"{server} is {now}, not {state}"
        time.sleep(1)


@contextlib.contextmanager
def without(opened: Opened, server: str, down: tuple[str, str], up: tuple[str, str]) -> Iterator[None]:
    """Take a server down and up again, until all are logged in to."""
    act(opened.cloud, server, *down)
    try:
        yield
    finally:
        act(opened.cloud, server, *up)
        with session.logins(opened.inventory, PATIENCE_SECONDS) as made:
            made.complete()


def verdicts(checks: list[Check], kind: Kind, name: str, *, needing: bool) -> set[CheckVerdict]:
    """Return the verdicts of the checks of a kind that name a server, or of those that do not."""
    return {c.outcome.verdict for c in checks if c.kind is kind and (name in c.outcome.check) is needing}


def test_a_server_that_is_off(opened: Opened, victim: tuple[str, str], record_property: Callable[[str, object], None]) -> None:
    """It is named as an error before 40 s are over, and the inside of every other server is judged."""
    name, server = victim
    with without(opened, server, ("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")):
        found = Verification(opened.inventory, opened.cloud, opened.identities).run(Request(frozenset({Kind.GUEST})))
    record_property("login_seconds", found.seconds["login"])
    assert found.seconds["login"] < NAMED_SECONDS
    assert verdicts(found.checks, Kind.GUEST, name, needing=True) == {CheckVerdict.ERROR}
    assert verdicts(found.checks, Kind.GUEST, name, needing=False) == {CheckVerdict.PASS}
    assert found.exit_code == 2


def test_a_server_that_freezes_in_the_middle_of_the_matrix(
    opened: Opened, victim: tuple[str, str], record_property: Callable[[str, object], None]
) -> None:
    """Every pair with it is an error or was judged before; every other pair passes, with twins of its own."""
    name, server = victim
    began = threading.Event()
    told: dict[str, float] = {}

    def tell(what: str, _done: int, _total: int) -> None:
        told.setdefault(what, time.monotonic())
        if what == str(Kind.MATRIX):
            began.set()

    def freeze() -> None:
        began.wait(STATE_SECONDS)
        time.sleep(5)
        act(opened.cloud, server, "pause", "PAUSED")
        told["frozen"] = time.monotonic()

    freezing = threading.Thread(target=freeze)
    freezing.start()
    try:
        found = Verification(opened.inventory, opened.cloud, opened.identities, tell).run(Request(frozenset({Kind.MATRIX})))
    finally:
        freezing.join()
        act(opened.cloud, server, "unpause", "ACTIVE")
    record_property("matrix_seconds", found.seconds["matrix"])
    assert f"{name} takes part" in {check.outcome.check for check in found.checks}
    needing = [c for c in found.checks if c.details and name in {c.details["source"], c.details["target_node"]}]
    others = [c for c in found.checks if c.details and name not in {c.details["source"], c.details["target_node"]}]
    assert CheckVerdict.ERROR in {check.outcome.verdict for check in needing}
    assert {check.outcome.verdict for check in needing} <= {CheckVerdict.ERROR, CheckVerdict.PASS}
    assert [f"{c.outcome.check}: {c.outcome.reason}" for c in others if c.outcome.verdict is not CheckVerdict.PASS] == []
