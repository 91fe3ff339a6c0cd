"""Operators on the servers of a living cloud: recorded, reviewed, refused, revoked; and a minute without the services server."""

from __future__ import annotations

import secrets
import shutil
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hardening.operators.sshd import REVOKED
from infra.declaration import names
from infra.errors import GuestError
from infra.operators.roles import AUTOMATION, Role
from infra.ssh.access import open_bastion, open_server
from ringfence.verify.inventory import SERVICES
from ringfence.verify.probes import session
from tests.live import refusals
from tests.live.operators import PIN, Desk, desk, eventually, everywhere, with_authenticator, written
from tests.live.refusals import Place
from tests.live.test_dead_server import without
from tests.truth.operators.life import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
IN = "uid="
AT_ONCE = 3
"""Logins that are tried side by side."""
REVOKED_SECONDS, REVOKED_LOGINS = 60, 3
"""How soon every host has the list (docs/operators.md); on a machine where logins are slow, in how many of their times."""
LINES = 60
"""What every host says of itself while the services server is away."""


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


@pytest.fixture(scope="module")
def place(opened: Opened) -> Place:
    """Choose where."""
    tenants = opened.inventory.tenants
    if len(tenants) < 2:
        pytest.skip("only one tenant is up")
    backbone = opened.inventory.platform.backbone
    router = str(backbone.cidr[backbone.router])
    return Place(tenants[0].name, next(iter(tenants[0].declaration.servers)), tenants[1].name, router)


@dataclass(frozen=True, slots=True)
class Alice:
    """An operator who came by the verbs."""

    name: str
    key: Path
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
    return Alice(name, key, added["serial"], config)


def of(at: Desk, tenant: str, who: str) -> list[dict[str, object]]:
    """Return the recorded sessions of an operator at a tenant that have ended well."""
    found = at.told("sessions", tenant)["sessions"]
    return [one for one in found if one["operator"] == who and one["exit_value"] == 0]


def test_a_session_is_recorded_replayed_and_reviewed(at: Desk, place: Place, alice: Alice) -> None:
    """A command and a terminal; by whom, by which certificate and where; and nobody reviews their own.

    The status has the review that is due, beside source, proof and offset of every server's time.
    """
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
    own = [check for one in servers if one["tenant"] == place.tenant for check in one["checks"] if check["check"] == "time"]
    clocks = [check["said"] for check in own if check["verdict"] != "not-applicable"]
    assert [said for said in clocks if "by NTS" not in said or " ms off" not in said] == []


def messages(at: Desk, owner: str, since: datetime) -> list[dict[str, str]]:
    """Return what the store of logs has of a tenant or of the platform."""
    return list(at.told("logs", owner, "--since", since.isoformat())["lines"])


def test_a_minute_without_the_services_server_loses_nothing_and_locks_nobody_out(
    opened: Opened, at: Desk, place: Place, alice: Alice, services: str
) -> None:
    """It is killed; whoever may enter enters and is recorded, nobody else does, and every line is in the store afterwards, once."""
    began, mark = datetime.now(UTC) - timedelta(seconds=5), f"mark-{secrets.token_hex(4)}"
    with everywhere(opened.inventory) as every:
        writers = {name: host for name, host in every.items() if name != SERVICES}
        with without(opened, services, ("os-stop", "SHUTOFF"), ("os-start", "ACTIVE")), ThreadPoolExecutor(len(writers) + AT_ONCE) as pool:
            writing = [pool.submit(written, host, mark, LINES) for host in writers.values()]
            trying = {name: pool.submit(attempt) for name, attempt in refusals.every(at, place, alice.config).items()}
            passing = pool.submit(refusals.through, at, place, alice.config)
            entered = at.login(alice.config, place.host, f"echo {mark}")
            automated = refusals.welcome(at, place)
            tried = {name: attempt.result() for name, attempt in trying.items()}
            again = at.login(alice.config, place.host, "id")
            for each in writing:
                each.result()
    assert (entered.code, entered.out) == (0, f"{mark}\n"), entered.err
    assert (again.code, IN in again.out) == (0, True), again.err
    assert (automated.code, automated.out) == (0, f"{AUTOMATION}\n"), automated.err
    assert refusals.BANNER in passing.result().out, passing.result().err
    got_in = (IN, refusals.BANNER)
    assert {name: done for name, done in tried.items() if done.code == 0 or any(words in done.out for words in got_in)} == {}
    assert "host key" in tried[refusals.STRANGE_HOST].err.lower(), tried[refusals.STRANGE_HOST].err
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
    assert refusals.untold(at, lines, place) == set()


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
    opened: Opened, at: Desk, place: Place, alice: Alice, record_property: Callable[[str, object], None]
) -> None:
    """The verb ends when every host has the list; from then on no certificate of the key opens anything, and somebody else's still do.

    One is for another tenant, and of one the operators' file knows nothing: it is the key that is refused.
    """
    tenant = next(tenant for tenant in opened.inventory.tenants if tenant.name == place.other)
    abroad = names.server(place.other, next(iter(tenant.declaration.servers)))
    added = at.told("operator", "add", alice.name, "--key", f"{alice.key}.pub", "--tenant", place.other, "--role", Role.ADMIN)
    second = at.config("alice-abroad", alice.key, added["certificate"])
    copy = at.folder / "alice-again"
    for half in ("", ".pub"):
        shutil.copy(f"{alice.key}{half}", f"{copy}{half}")
    unknown = at.config("alice-again", copy, at.certified(copy, Life(6, place.tenant, operator=alice.name)))
    other = at.key("olga", *PIN)
    olga = at.config("olga", other, at.certified(other, Life(7, place.tenant, operator="olga")))
    hers = {alice.config: place.host, second: abroad, unknown: place.host}

    def entered(logins: dict[Path, str]) -> list[tuple[int, bool]]:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            ended = list(pool.map(lambda way: at.login(*way, "id"), logins.items()))
        return [(done.code, IN in done.out) for done in ended]

    began = time.monotonic()
    assert entered(hers) == [(0, True)] * len(hers)
    logins, before = time.monotonic() - began, datetime.now(UTC)
    began = time.monotonic()
    assert at.told("operator", "revoke", alice.name, "--reason", "a live test")
    seconds = time.monotonic() - began
    record_property("seconds", {"revoke": round(seconds, 1), "logins": round(logins, 1)})
    assert entered(hers | {olga: place.host}) == [(255, False)] * len(hers) + [(0, True)]
    assert seconds < max(REVOKED_SECONDS, REVOKED_LOGINS * logins)
    assert eventually(lambda: any("revoked" in line["message"] for line in messages(at, names.PLATFORM, before)))
