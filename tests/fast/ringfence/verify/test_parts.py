"""The parts of a verification when something is dead or full: each check that needs it is an error, and every other one is judged."""

from __future__ import annotations

import contextlib
import json
import time
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import CloudError, GuestError, Problem
from infra.outcome import CheckVerdict
from ringfence.verify.inside import asking, drift, guest_state
from ringfence.verify.model import NodeRole
from ringfence.verify.probes import fleets, session
from ringfence.verify.probes.fleets import Fleet
from ringfence.verify.probes.link import LinkLostError
from ringfence.verify.probes.plan import MatrixPlan, Selection
from ringfence.verify.result import Kind
from ringfence.verify.run import Request, Verification
from ringfence.verify.storage import at_rest, luks
from tests.fast.ringfence.verify.inventories import inventory
from tests.fast.ringfence.verify.pretended import PLAN, Network, PretendedLink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.inventory import Inventory
    from ringfence.verify.model import Node
    from ringfence.verify.result import Check, Result

pytestmark = pytest.mark.fast

INVENTORY = inventory()
OFFERING = inventory(services=True)
SERVERS = [node.name for tenant in INVENTORY.tenants for node in tenant.nodes()]
DEAD = "globex/db1"
SILENT = LinkLostError(Problem("the probe program did not answer 'run'", DEAD, got="silence"))


class Server(PretendedLink):
    """A server whose commands answer what a test says: a text, or an error; everything else is an empty list."""

    def __init__(self, name: str, answers: dict[str, str | Exception] | None = None, node: Node | None = None) -> None:
        super().__init__(Network(), node or PLAN.nodes[name])
        self.answers = answers or {}
        self.commands: list[tuple[str, ...]] = []

    def run(self, *command: str, told: str = "", timeout: float = 60.0) -> str:
        """Answer a command by its first word."""
        del told, timeout
        self.commands.append(command)
        answer = self.answers.get(command[0], "[]")
        if isinstance(answer, Exception):
            raise answer
        return answer


def verified(monkeypatch: pytest.MonkeyPatch, made: session.Logins, *kinds: Kind, inventory: Inventory = INVENTORY) -> Result:
    """Verify with these logins."""

    @contextlib.contextmanager
    def logins(_world: object) -> Iterator[session.Logins]:
        yield made

    monkeypatch.setattr(session, "logins", logins)
    monkeypatch.setattr(fleets, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)
    return Verification(inventory, SimpleNamespace(), {}).run(Request(frozenset(kinds)))  # type: ignore[arg-type]


def of(checks: list[Check], server: str) -> list[Check]:
    """Return the checks that name a server."""
    return [check for check in checks if server in check.outcome.check]


def test_the_inside_of_a_dead_server_is_an_error_and_the_others_are_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirteen checks each, and every one of the dead server's says why."""
    links = {name: Server(name) for name in SERVERS if name != DEAD}
    lost = {DEAD: GuestError.of("the bastion gets no connection to the server", where="172.30.0.22")}
    checks = verified(monkeypatch, session.Logins(dict(links), dict(lost)), Kind.GUEST).checks
    assert len(checks) == (5 + len(drift.LOOKS)) * len(SERVERS)
    assert {check.outcome.verdict for check in of(checks, DEAD)} == {CheckVerdict.ERROR}
    assert all("gets no connection" in check.outcome.reason for check in of(checks, DEAD))
    for name in links:
        assert {check.outcome.verdict for check in of(checks, name)} <= {CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR}
        assert all(link.commands for link in links.values())


def test_a_server_that_dies_while_it_is_asked_costs_its_own_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked nothing more in this run."""
    links = {name: Server(name, {"ss": SILENT} if name == DEAD else {}) for name in SERVERS}
    checks = verified(monkeypatch, session.Logins(dict(links), {}), Kind.GUEST).checks
    assert all("silence" in check.outcome.reason for check in of(checks, DEAD))
    assert not any("silence" in check.outcome.reason for name in SERVERS if name != DEAD for check in of(checks, name))
    assert links[DEAD].commands[-1][0] == "ss"


@pytest.mark.parametrize("dead", ["platform/services", "platform/bastion"])
def test_a_dead_server_of_the_platform_costs_its_own_checks(dead: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where services are declared, the platform's two are looked into like all others, and missed like all others."""
    nodes = MatrixPlan(OFFERING).nodes
    links = {name: Server(name, node=node) for name, node in nodes.items() if node.role is not NodeRole.OUTSIDE and name != dead}
    made = session.Logins(dict(links), {dead: GuestError.of("the login failed", where=dead)})
    checks = verified(monkeypatch, made, Kind.GUEST, inventory=OFFERING).checks
    assert {check.outcome.verdict for check in of(checks, dead)} == {CheckVerdict.ERROR}
    assert all("the login failed" in check.outcome.reason for check in of(checks, dead))
    assert all(link.commands for link in links.values())
    assert not any("the login failed" in check.outcome.reason for name in links for check in of(checks, name))


def test_an_interrupt_says_what_was_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of a part: the logins are counted, and it goes on as an interrupt."""

    @contextlib.contextmanager
    def logins(_world: object) -> Iterator[session.Logins]:
        yield session.Logins({name: Server(name) for name in SERVERS}, {})

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "logins", logins)
    monkeypatch.setattr(asking, "ask", interrupted)
    verification = Verification(INVENTORY, SimpleNamespace(), {})  # type: ignore[arg-type]
    with pytest.raises(KeyboardInterrupt):
        verification.run(Request(frozenset({Kind.GUEST})))
    assert verification.cleaned == [f"{len(SERVERS)} logins were closed, and with them the probe programs and their listeners ended"]


FULL = GuestError(Problem("`ss` ended with 1", DEAD, got="No space left on device"))


@pytest.mark.parametrize(
    ("answers", "part", "words"),
    [
        ({"ss": FULL}, "SSH listens", "No space left"),
        ({"ip": FULL}, "routes are", "No space left"),
        ({"ip": "{"}, "NICs are", "cannot be read: JSONDecodeError"),
        ({"ip": '["x"]'}, "routes are", "cannot be read"),
        ({"ss": "tcp LISTEN"}, "SSH listens", "cannot be read: IndexError"),
        ({"sysctl": ""}, "forwards nothing", "does not say whether it forwards"),
        ({"/usr/lib/ringfence/apply-policy": "[]"}, "ruleset is", "cannot be read: AttributeError"),
    ],
)
def test_a_command_that_fails_costs_what_is_judged_by_it(answers: dict[str, str | Exception], part: str, words: str) -> None:
    """It is an error with its reason, never a pass, and the other parts are judged."""
    tenant = next(tenant for tenant in INVENTORY.tenants if tenant.name == "globex")
    node = PLAN.nodes[DEAD]
    sound: dict[str, str | Exception] = {"ss": "", "sysctl": "0\n0\n", "/usr/lib/ringfence/apply-policy": "{}"}
    found = {o.check: o for o in guest_state.judge(INVENTORY, tenant, node, asking.ask(Server(DEAD, {**sound, **answers})))}
    wrong = next(outcome for check, outcome in found.items() if part in check)
    assert (wrong.verdict, words in wrong.reason) == (CheckVerdict.ERROR, True)
    errors = [outcome for outcome in found.values() if outcome.verdict is CheckVerdict.ERROR]
    assert len(errors) == (2 if "ip" in answers else 1)


def test_packets_without_a_server_name_it_once_with_the_whole_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    """Matrix and spoofed: errors of what needs it, the rest passes, and the run is red by error and not by failure."""
    network = Network()
    links = {name: network.link(node) for name, node in PLAN.nodes.items() if name != DEAD}
    lost = {DEAD: GuestError.of("the login failed", where="172.30.0.22", got="timed out")}
    monkeypatch.setattr(Selection, "wants", lambda _self, case: case.layer == "whole" and case.protocol == "icmp")
    result = verified(monkeypatch, session.Logins(dict(links), dict(lost), PLAN.nodes["internet/host"]), Kind.MATRIX, Kind.SPOOF)
    for kind in (Kind.MATRIX, Kind.SPOOF):
        named = [c for c in result.checks if c.kind is kind and c.outcome.check == f"{DEAD} takes part"]
        assert [check.outcome.verdict for check in named] == [CheckVerdict.ERROR]
        assert "timed out" in named[0].outcome.reason
    assert result.exit_code == 2
    matrix = [check for check in result.checks if check.details]
    assert {c.outcome.verdict for c in matrix if DEAD in {c.details["source"], c.details["target_node"]}} == {CheckVerdict.ERROR}
    assert {c.outcome.verdict for c in matrix if DEAD not in {c.details["source"], c.details["target_node"]}} == {CheckVerdict.PASS}


@pytest.mark.parametrize(("lost", "verdict"), [({}, CheckVerdict.SKIPPED), ({session.OUTSIDE: GuestError.of("dead")}, CheckVerdict.ERROR)])
def test_a_dead_host_outside_is_an_error_and_none_is_a_skip(
    monkeypatch: pytest.MonkeyPatch, lost: dict[str, Any], verdict: CheckVerdict
) -> None:
    """To and from the internet nothing was tried."""
    network = Network()
    links = {name: network.link(node) for name, node in PLAN.nodes.items() if name != session.OUTSIDE}
    monkeypatch.setattr(Selection, "wants", lambda _self, _case: False)
    result = verified(monkeypatch, session.Logins(dict(links), lost), Kind.MATRIX)
    assert [(c.outcome.check, c.outcome.verdict) for c in result.checks if "internet" in c.outcome.check] == [
        ("to and from the internet", verdict)
    ]


class Raw:
    """Raw storage in which nothing is found, but for the control; volumes in ``broken`` cannot be read."""

    def __init__(self, broken: str = "") -> None:
        self.broken = broken

    def image(self, volume: str) -> str:
        """Name a volume's image."""
        return f"volumes/{volume}"

    def rbd(self, *words: str, told: bytes = b"") -> None:
        """Make and remove images."""

    def head(self, image: str) -> bytes:
        """Return a sound header."""
        if self.broken and self.broken in image:
            raise CloudError.of("rbd failed", where=image, got="No such file or directory")
        tree = {"segments": {"0": {"encryption": "aes-xts-plain64"}}, "keyslots": {"0": {"key_size": 64}}}
        return (luks.MAGIC + b"\0\2").ljust(4096, b"\0") + json.dumps(tree).encode() + b"\0"

    def count(self, image: str, marker: bytes) -> tuple[int, int]:
        """Find the control."""
        del marker
        return (at_rest.COPIES if "control" in image else 0), 9


def stored(fleet: Fleet, raw: Raw) -> dict[str, tuple[CheckVerdict, str]]:
    """Look at the storage."""
    tenants = INVENTORY.tenants
    found = [outcome for tenant in tenants for outcome in at_rest.headers(tenant, raw)]  # type: ignore[arg-type]
    found += at_rest.markers(tenants, raw, fleet)  # type: ignore[arg-type]
    return {outcome.check: (outcome.verdict, outcome.reason) for outcome in found}


def disks(broken: Exception | None, raw: Raw) -> dict[str, tuple[CheckVerdict, str]]:
    """Look at the storage of servers of which one cannot write."""
    written: dict[str, str | Exception] = {"sh": f"{at_rest.COPIES}\n"}
    links = {name: Server(name, {**written, **({"sh": broken} if broken and name == DEAD else {})}) for name in SERVERS}
    found = stored(Fleet(PLAN.nodes, dict(links), ()), raw)
    assert all(command[0] in {"sh", "rm"} for link in links.values() for command in link.commands)
    assert all(("rm" in {c[0] for c in link.commands}) is (broken is not SILENT or name != DEAD) for name, link in links.items())
    return found


def test_all_storage_is_looked_at() -> None:
    """The twin."""
    assert {verdict for verdict, _ in disks(None, Raw()).values()} == {CheckVerdict.PASS}


@pytest.mark.parametrize("problem", [GuestError(Problem("`sh` ended with 1", DEAD, got="No space left on device")), SILENT])
def test_a_full_disk_or_a_dead_server_costs_its_own_markers(problem: Exception) -> None:
    """Its headers are read all the same, and what the others write is looked for."""
    found = disks(problem, Raw())
    errors = {check for check, (verdict, _) in found.items() if verdict is CheckVerdict.ERROR}
    assert errors == {check for check in found if check.startswith(f"{DEAD} what it writes")}
    assert {verdict for check, (verdict, _) in found.items() if check not in errors} == {CheckVerdict.PASS}


def test_a_volume_that_cannot_be_read_costs_its_own_check() -> None:
    """It is an error with what the storage said."""
    found = disks(None, Raw(f"root-globex-{DEAD.partition('/')[2]}"))
    errors = {check: reason for check, (verdict, reason) in found.items() if verdict is CheckVerdict.ERROR}
    assert list(errors) == [f"{DEAD} root volume is AES-256-XTS by its LUKS header"]
    assert "No such file" in next(iter(errors.values()))
