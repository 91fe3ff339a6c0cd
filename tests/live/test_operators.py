"""Operators on the servers of a living cloud: recorded, reviewed, refused, revoked; and a minute without the services server."""

from __future__ import annotations

import secrets
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from hardening.operators.sshd import REVOKED
from infra.declaration import names
from infra.errors import GuestError
from infra.operators.roles import AUTOMATION, Role
from infra.paths import automation_key
from infra.ssh.access import open_bastion, open_server
from ringfence.verify.inventory import SERVICES
from ringfence.verify.probes import session
from tests.live.operators import SECONDS, Desk, desk, eventually, everywhere, with_authenticator
from tests.live.test_dead_server import without
from tests.truth.operators.life import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.ssh.access import Session
    from ringfence.verify.open import Opened
    from tests.live.operators import Ended

pytestmark = pytest.mark.live
IN = "uid="
HOURS = timedelta(hours=1)
PIN = ("-O", "verify-required")
SERVER, BASTION = "server", "bastion"
AT_ONCE = 3
"""Logins that are tried side by side."""
LINES = 60
WRITE = "for i in $(seq {lines}); do logger -p auth.info -t {mark} line $i; sleep 1; done"
"""One line each second."""


@pytest.fixture(scope="module", autouse=True)
def services(opened: Opened) -> str:
    """Return the id of the services server, where it records sessions and keeps logs."""
    declared, made = opened.inventory.platform.services, opened.inventory.platform_facts.services
    if declared is None or made is None or declared.sessions is None or declared.logs is None:
        pytest.skip("the platform records no sessions, or keeps no logs")
    return str(made.id)


@pytest.fixture(scope="module")
def at(opened: Opened, services: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Give the operators' desk."""
    del services
    with desk(opened, tmp_path_factory.mktemp("desk")) as made:
        yield made


@dataclass(frozen=True, slots=True)
class Place:
    """A tenant, its first server, and another tenant."""

    tenant: str
    server: str
    other: str

    @property
    def host(self) -> str:
        """What the server is called in the cloud."""
        return names.server(self.tenant, self.server)


@pytest.fixture(scope="module")
def place(opened: Opened) -> Place:
    """Choose where."""
    tenants = opened.inventory.tenants
    if len(tenants) < 2:
        pytest.skip("only one tenant is up")
    return Place(tenants[0].name, next(iter(tenants[0].declaration.servers)), tenants[1].name)


@dataclass(frozen=True, slots=True)
class Alice:
    """An operator who came by the verbs."""

    name: str
    serial: int
    config: Path


@pytest.fixture(scope="module")
def alice(at: Desk, place: Place) -> Alice:
    """Certify an operator of a name of her own by the verb, and let the verb write her configuration."""
    name = f"alice-{secrets.token_hex(3)}"
    key = at.key(name, *PIN)
    added = at.told("operator", "add", name, "--key", f"{key}.pub", "--tenant", place.tenant, "--role", Role.ADMIN)
    written = at.ringfence("ssh-config", place.tenant, "--operator", name, "--key", key)
    assert written.code == 0, written.err
    config = at.folder / f"{name}.config"
    used = written.out.splitlines()[0].partition("ssh -F ")[2].partition("`")[0].removesuffix(" ...").split()[0]
    config.write_text(with_authenticator(written.out.replace(used, str(config))))
    return Alice(name, added["serial"], config)


def of(at: Desk, tenant: str, who: str) -> list[dict[str, object]]:
    """Return the recorded sessions of an operator at a tenant that have ended well."""
    found = at.told("sessions", tenant)["sessions"]
    return [one for one in found if one["operator"] == who and one["exit_value"] == 0]


def test_a_session_is_recorded_replayed_and_reviewed(at: Desk, place: Place, alice: Alice) -> None:
    """A command and a terminal; by whom, by which certificate and where; and nobody reviews their own."""
    done = at.login(alice.config, place.host, "echo command-$((40+2))")
    assert (done.code, done.out) == (0, "command-42\n"), done.err
    shown = at.login(alice.config, place.host, options=("-tt",), text="echo terminal-$((40+2))\nexit\n")
    assert "terminal-42" in shown.out, shown.err
    assert eventually(lambda: len(of(at, place.tenant, alice.name)) == 2)
    command, terminal = of(at, place.tenant, alice.name)
    for one in (command, terminal):
        assert (one["server"], one["serial"], one["became"], one["reviewed_by"]) == (place.server, alice.serial, "root", [])
    assert (command["terminal"], terminal["terminal"]) == (False, True)
    review = ("sessions", "review", command["id"], "--note", "a live test", "--by")
    with ThreadPoolExecutor(5) as pool:
        elsewhere = pool.submit(of, at, place.other, alice.name)
        shown_again = [pool.submit(at.ringfence, "sessions", "replay", one["id"]) for one in (command, terminal)]
        by_alice, by_carol = pool.submit(at.ringfence, *review, alice.name), pool.submit(at.ringfence, *review, "carol")
    assert elsewhere.result() == []
    assert ["command-42" in shown_again[0].result().out, "terminal-42" in shown_again[1].result().out] == [True, True]
    assert [by_alice.result().code, by_carol.result().code] == [2, 0]
    waiting = at.told("sessions", place.tenant, "--unreviewed", codes=(1,))["sessions"]
    assert [one["id"] for one in waiting if one["operator"] == alice.name] == [terminal["id"]]
    servers = at.told("status", place.tenant, codes=(0, 1, 2))["health"]["servers"]
    (health,) = [one["checks"] for one in servers if (one["tenant"], one["server"]) == (place.tenant, place.server)]
    (said,) = [one["said"] for one in health if one["check"] == "sessions"]
    assert said.startswith(f"{len([one for one in waiting if one['server'] == place.server])} without a review"), said


@dataclass(frozen=True, slots=True)
class Case:
    """A login that must be refused: how its key and certificate are made, who says no, and with which words in the log."""

    said: str
    by: str = BASTION
    options: tuple[str, ...] = PIN
    kind: str = "ed25519-sk"
    role: Role = Role.ADMIN
    since: timedelta = -HOURS
    until: timedelta = HOURS
    abroad: bool = False
    """Certified for the other tenant."""
    certified: bool = True
    stranger: bool = False
    """Certified by an authority of its own."""

    def owner(self, place: Place) -> str:
        """Return whose server says no."""
        return place.tenant if self.by == SERVER else names.PLATFORM


NO_KIND = "signature algorithm {} not in PubkeyAcceptedAlgorithms"
NO_PRINCIPAL = "does not contain an authorized principal"
CASES = {
    "touch-only": Case("user verification requirement not met", options=()),
    "no-certificate": Case(NO_KIND.format("sk-ssh-ed25519@openssh.com"), certified=False),
    "a-key-in-a-file": Case(NO_KIND.format("ssh-ed25519-cert-v01@openssh.com"), kind="ed25519", options=()),
    "expired": Case("Certificate invalid: expired", since=-2 * HOURS, until=-HOURS),
    "not-yet": Case("Certificate invalid: not yet valid", since=HOURS, until=2 * HOURS),
    "another-authority": Case("", stranger=True),
    "another-tenant": Case(NO_PRINCIPAL, SERVER, abroad=True),
    "another-role": Case(NO_PRINCIPAL, SERVER, role=Role.OBSERVER),
}


def refused(at: Desk, place: Place, name: str) -> Ended:
    """Try to log in as a case says."""
    case = CASES[name]
    key = at.key(name, *case.options, kind=case.kind)
    tenant = place.other if case.abroad else place.tenant
    life = Life(1, tenant, operator="mallory", role=case.role, since=case.since, until=case.until)
    authority = at.key("stranger", kind="ed25519") if case.stranger else None
    certificate = at.certified(key, life, authority) if case.certified else "/dev/null"
    return at.login(at.config(name, key, certificate), place.host, "id")


def refusals(at: Desk, place: Place, alice: Alice) -> dict[str, Callable[[], Ended]]:
    """Return every way in that has to be refused: by the cases, and those that a right key does not lead to either."""
    operator = at.config("automation-as-operator", automation_key(), "/dev/null")
    operator.write_text(operator.read_text().replace("User rf-through", f"User {AUTOMATION}"))
    elsewhere = f"{at.hosts.servers[place.host]}:443"
    return {name: partial(refused, at, place, name) for name in CASES} | {
        "a session on the bastion": lambda: at.login(alice.config, names.BASTION, "id"),
        "another port through the bastion": lambda: at.login(alice.config, names.BASTION, options=("-W", elsewhere)),
        "through a server": lambda: at.login(alice.config, place.host, options=("-W", "127.0.0.1:22")),
        "the automation's account": lambda: at.login(alice.config, place.host, "id", options=("-o", f"User={AUTOMATION}")),
        "the automation's key on an operator's account": lambda: at.login(operator, place.host, "id"),
        "files": lambda: at.run("sftp", "-F", alice.config, "-b", "-", place.host, text="pwd\n"),
    }


def messages(at: Desk, owner: str, since: datetime) -> list[dict[str, str]]:
    """Return what the store of logs has of a tenant or of the platform."""
    return list(at.told("logs", owner, "--since", since.isoformat())["lines"])


def written(host: Session, mark: str) -> None:
    """Let a host log its lines, over a login that is there already."""
    done = host.run(["sh", "-c", WRITE.format(lines=LINES, mark=mark)], timeout=SECONDS)
    assert done.status == 0, done.stderr


def test_a_minute_without_the_services_server_loses_nothing_and_locks_nobody_out(
    opened: Opened, at: Desk, place: Place, alice: Alice, services: str
) -> None:
    """It is killed; whoever may enter enters and is recorded, nobody else does, and every line is in the store afterwards, once."""
    began, mark = datetime.now(UTC) - timedelta(seconds=5), f"mark-{secrets.token_hex(4)}"
    with everywhere(opened.inventory) as every:
        writers = {name: host for name, host in every.items() if name != SERVICES}
        with without(opened, services, ("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")), ThreadPoolExecutor(len(writers) + AT_ONCE) as pool:
            writing = [pool.submit(written, host, mark) for host in writers.values()]
            trying = {name: pool.submit(attempt) for name, attempt in refusals(at, place, alice).items()}
            entered = at.login(alice.config, place.host, f"echo {mark}")
            tried = {name: attempt.result() for name, attempt in trying.items()}
            again = at.login(alice.config, place.host, "id")
            for each in writing:
                each.result()
    assert (entered.code, entered.out) == (0, f"{mark}\n"), entered.err
    assert (again.code, IN in again.out) == (0, True), again.err
    assert {name: done for name, done in tried.items() if done.code == 0 or IN in done.out} == {}
    assert eventually(lambda: any(mark in str(one["command"]) for one in of(at, place.tenant, alice.name)))

    wanted = Counter(f"{name}: line {number}" for name in writers for number in range(1, LINES + 1))
    everybody = [names.PLATFORM, *(tenant.name for tenant in opened.inventory.tenants)]
    lines: dict[str, list[dict[str, str]]] = {}
    found: Counter[str] = Counter()

    def arrived() -> Counter[str]:
        with ThreadPoolExecutor(len(everybody)) as asking:
            lines.update(zip(everybody, asking.map(lambda owner: messages(at, owner, began), everybody), strict=True))
        said = ((owner, line) for owner, each in lines.items() for line in each if line["program"] == mark)
        found.clear()
        found.update(f"{owner}/{line['server']}: {line['message']}" for owner, line in said)
        return found

    assert eventually(lambda: arrived() >= wanted), wanted - found
    assert found == wanted
    unsaid = [name for name, case in CASES.items() if not any(case.said in line["message"] for line in lines[case.owner(place)])]
    assert unsaid == []


def test_without_the_list_of_what_is_revoked_nobody_enters(opened: Opened, at: Desk, place: Place, alice: Alice) -> None:
    """Neither an operator nor the automation, and nobody is believed not to be on it; a session that is open mends it."""
    way, away = session.jump_host(opened.inventory), f"{REVOKED}.away"
    target = next(target for name, target in session.targets(opened.inventory).items() if name == f"{place.tenant}/{place.server}")
    with open_bastion(way) as bastion, open_server(way, target, via=bastion) as server:
        assert at.login(alice.config, place.host, "id").code == 0
        assert server.run(["sudo", "-n", "mv", REVOKED, away]).status == 0
        try:
            refused = at.login(alice.config, place.host, "id")
            with pytest.raises(GuestError, match="Authentication failed"), open_server(way, target, via=bastion):
                pass
        finally:
            assert server.run(["sudo", "-n", "mv", away, REVOKED]).status == 0
        assert (refused.code, "Permission denied" in refused.err) == (255, True), refused.err
        with open_server(way, target, via=bastion) as again:
            assert again.run(["id", "-un"]).stdout.strip() == AUTOMATION
    assert at.login(alice.config, place.host, "id").code == 0


def test_a_revoked_operator_is_refused_everywhere_at_once(
    at: Desk, place: Place, alice: Alice, record_property: Callable[[str, object], None]
) -> None:
    """The verb ends when every host has the list; from then on the key opens nothing, and somebody else's still does."""
    other = at.key("olga", *PIN)
    olga = at.config("olga", other, at.certified(other, Life(7, place.tenant, operator="olga")))
    assert at.login(alice.config, place.host, "id").code == 0
    before = datetime.now(UTC)
    done = at.told("operator", "revoke", alice.name, "--reason", "a live test")
    record_property("seconds", round((datetime.now(UTC) - before).total_seconds(), 1))
    assert done
    assert at.login(alice.config, place.host, "id").code == 255
    assert IN in at.login(olga, place.host, "id").out
    assert eventually(lambda: any("revoked" in line["message"] for line in messages(at, names.PLATFORM, before)))
