"""What the stores of logs and of recordings take, and from whom; and that nobody has anything back from them.

A certificate counts from its own server only, and no other authority's counts at all. Every question is asked from a tenant's server, by
the papers that it really has, and the same server's own papers are the twin in the same run.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hardening.logs import wire
from hardening.operators import recording
from hardening.operators.sshd import FILES
from hardening.services.logs import KEPT, STORE_UNIT, UNIT
from infra.declaration import names
from infra.declaration.addresses import services_address
from infra.pki.certificates import Purpose, Request, Signer, Subject, authority, issued
from infra.pki.keys import encoded
from infra.pki.lives import Life
from infra.policy.services import Service
from ringfence.verify.inventory import SERVICES
from tests.live.operators import eventually, everywhere, written
from tests.live.test_verbs import RINGFENCE, run
from tests.truth.services.asking import ASK, Question, batch, taken, to_read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from infra.ssh.access import Session
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
SESSIONS_PAPERS = tuple(f"{FILES}/{recording.STORE}/{recording.TLS[part]}" for part in ("cert", "key"))
GREETING = "Sudo Audit Server"
"""What sudo_logsrvd says first to a client that it believes (sudo_logsrv.proto(5), ``ServerHello``)."""
LINES = 10
DEARER = 2
"""How many times as much processor time lines may take with the store away; a sender without pauses takes all there is."""
RETENTION = "ringfence-retention.service"
STRANGER, PAPERS = "store-of-a-test", "/run/store-of-a-test.pem"
ANOTHER_STORE = """
import sys
sys.path.insert(0, "/usr/lib/ringfence/python")
from hardening.logs import store, wire
wire.CERTIFICATE = wire.KEY = sys.argv[1]
sys.exit(store.main())
"""
"""The image's own store, with other papers."""


def root(login: Session, *command: str, text: str = "") -> str:
    """Run a command that has to succeed, as root, and return what it says."""
    done = login.run(["sudo", "-n", *command], stdin=text)
    assert done.status == 0, done.stderr
    return done.stdout


@contextlib.contextmanager
def undone(login: Session, do: Sequence[str], undo: Sequence[str]) -> Iterator[None]:
    """Run a command as root, and another one afterwards."""
    root(login, *do)
    try:
        yield
    finally:
        root(login, *undo)


def forged(subject: Subject, address: str) -> str:
    """Return papers for a host, with its names and its address, by an authority that nobody believes."""
    now = datetime.now(UTC)
    life = Life(now - timedelta(hours=1), now + timedelta(days=1))
    own, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signer = Signer(authority(Subject(names.PLATFORM, names.PLATFORM), own, 1, life), encoded(own))
    request = Request(subject, frozenset(Purpose), (), (ip_address(address),))
    return issued(signer, request, key, 2, life) + encoded(key)


@dataclass(frozen=True, slots=True)
class Writer:
    """A server of a tenant, over a login of the automation."""

    tenant: str
    host: str
    address: str
    store: str
    """The address of the services server."""
    login: Session

    @property
    def place(self) -> str:
        """Its folder in the store of logs."""
        return f"{self.tenant}/{self.host}"

    def papers(self, *files: str) -> str:
        """Return a certificate and a key that the server really has."""
        return root(self.login, "cat", *files)

    def forged(self) -> str:
        """Return papers for the server by an authority that nobody believes."""
        return forged(Subject(self.tenant, self.host), self.address)

    def computed(self) -> int:
        """Return how many nanoseconds of processor time its sender has had, with the journal's reader that it starts."""
        return int(root(self.login, "systemctl", "show", "--property=CPUUsageNSec", "--value", UNIT))

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """Ask the services server from here, and return the answers."""
        return list(json.loads(root(self.login, "python3", "-c", ASK, self.store, text=json.dumps(questions))))


@dataclass(frozen=True, slots=True)
class Street:
    """A server of one tenant and one of another, and the services server."""

    host: Writer
    victim: Writer
    services: Session

    def places(self, program: str) -> set[str]:
        """Return the folders in the store in which a line of a program is."""
        return set(self.lines(program))

    def lines(self, program: str) -> dict[str, set[str]]:
        """Return what the store has of a program: messages, by the folder in which they are."""
        said: dict[str, set[str]] = {}
        search = f'grep -rF \'"program": "{program}"\' {KEPT} || [ $? = 1 ]'
        for found in root(self.services, "sh", "-c", search).splitlines():
            path, _, text = found.partition(":")
            said.setdefault(path.removeprefix(f"{KEPT}/").rpartition("/")[0], set()).add(json.loads(text)["message"])
        return said

    def away(self) -> AbstractContextManager[None]:
        """Stop the store of logs for a while; the rest of the services server runs on."""
        return undone(self.services, ("systemctl", "stop", STORE_UNIT), ("systemctl", "start", STORE_UNIT))


@pytest.fixture(scope="module")
def street(opened: Opened) -> Iterator[Street]:
    """Log in."""
    inventory, address = opened.inventory, services_address(opened.inventory.platform)
    if inventory.platform.services is None or inventory.platform.services.logs is None:
        pytest.skip("the platform keeps no logs")
    if len(inventory.tenants) < 2:
        pytest.skip("only one tenant is up")
    with everywhere(inventory) as hosts:
        found = []
        for tenant in inventory.tenants[:2]:
            server, facts = next(iter(tenant.facts.servers.items()))
            login = hosts[f"{tenant.name}/{server}"]
            found.append(Writer(tenant.name, names.server(tenant.name, server), str(facts.management), str(address), login))
        yield Street(found[0], found[1], hosts[SERVICES])


def mark(what: str) -> str:
    """Return a word that is nowhere yet."""
    return f"{what}-{secrets.token_hex(4)}"


def line(program: str, claims: Writer | None = None) -> str:
    """Return a batch of one line, which may claim to be of another server."""
    claimed = {"tenant": claims.tenant, "server": claims.host, "organisation": claims.tenant} if claims else {}
    return batch(program, **claimed)


def test_a_server_writes_as_itself_and_as_nobody_else(street: Street) -> None:
    """With its own papers, whatever its lines claim; with another tenant's, or those of an authority of its own, nothing is taken."""
    host, victim = street.host, street.victim
    own = host.papers(wire.CERTIFICATE, wire.KEY)
    shown = {"own": own, "claims": own, "stolen": victim.papers(wire.CERTIFICATE, wire.KEY), "forged": host.forged()}
    marks = {what: mark(what) for what in shown}
    said = {what: line(marks[what], victim if what == "claims" else None) for what in shown}
    answers = dict(
        zip(shown, host.ask([Question(Service.LOGS.port, papers, said[what], 1) for what, papers in shown.items()]), strict=True)
    )
    assert answers == {what: taken(said[what]) if shown[what] == own else "" for what in shown}
    kept = {what: street.places(program) for what, program in marks.items()}
    assert kept == {"own": {host.place}, "claims": {host.place}, "stolen": set(), "forged": set()}


def test_no_server_reads_a_log(street: Street) -> None:
    """Whatever a believed server asks for, the store answers its own batch and closes, with another tenant's line on its disk meanwhile."""
    host, victim = street.host, street.victim
    secret = mark("secret")
    (answer,) = victim.ask([Question(Service.LOGS.port, victim.papers(wire.CERTIFICATE, wire.KEY), line(secret), 1)])
    assert answer == taken(line(secret))
    file = f"{victim.place}/{datetime.now(UTC):%Y-%m-%d}.jsonl"
    words = to_read(f"{KEPT}/{file}")
    own, ours = host.papers(wire.CERTIFICATE, wire.KEY), mark("ours")
    answers = host.ask([Question(Service.LOGS.port, own, line(ours) + word) for word in words])
    assert answers == [taken(line(ours))] * len(words)
    assert [street.places(secret), street.places(ours)] == [{victim.place}, {host.place}]


def spent(host: Writer, program: str) -> int:
    """Return how much processor time a server's sender has while lines are said, one each second."""
    before = host.computed()
    written(host.login, program, LINES)
    return host.computed() - before


def test_a_store_that_is_away_costs_a_server_next_to_nothing(street: Street, record_property: Callable[[str, object], None]) -> None:
    """A sender that tried without a pause would take the whole processor; the same lines cost about the same, and all arrive."""
    host, marks = street.host, {what: mark(what) for what in ("before", "there", "away")}
    written(host.login, marks["before"], 1)
    assert eventually(lambda: street.places(marks["before"]) == {host.place})
    there = spent(host, marks["there"])
    with street.away():
        away = spent(host, marks["away"])
        assert street.places(marks["away"]) == set()
    record_property("milliseconds", {"there": there // 10**6, "away": away // 10**6})
    said = {host.place: {f"line {number}" for number in range(1, LINES + 1)}}
    assert eventually(lambda: [street.lines(marks[what]) for what in ("there", "away")] == [said, said])
    assert 0 < away < DEARER * there


def test_a_store_of_another_authority_gets_nothing(street: Street) -> None:
    """It would keep what it gets, at the same address and port; the line waits, and the right store has it without anybody's help."""
    host, secret = street.host, mark("secret")
    begun = root(host.login, "date", "+%s").strip()
    papers = forged(Subject(names.PLATFORM, names.SERVICES), host.store)
    root(street.services, "sh", "-c", f"umask 077; cat >{PAPERS}", text=papers)
    start = ("systemd-run", "--quiet", "--collect", f"--unit={STRANGER}", "python3", "-IS", "-c", ANOTHER_STORE, PAPERS)
    stop = ("sh", "-c", f"systemctl stop {STRANGER}; rm {PAPERS}")
    with street.away(), undone(street.services, start, stop):
        written(host.login, secret, 1)
        journal = ("journalctl", "--quiet", "--output=cat", f"--since=@{begun}", f"--unit={UNIT}")
        assert eventually(lambda: "SSLCertVerificationError" in root(host.login, *journal)), root(host.login, *journal)
        assert street.places(secret) == set()
    assert eventually(lambda: street.places(secret) == {host.place})


def test_days_and_size_are_held_as_they_are_declared(opened: Opened, street: Street) -> None:
    """A day that is too old goes, and one that is not stays; when there is too much, the oldest day goes of who has most, and no other."""
    assert opened.inventory.platform.services is not None
    declared = opened.inventory.platform.services.logs
    assert declared is not None
    if declared.keep_days < 2:
        pytest.skip("no day is older than another one and still kept")
    host, ours, flood = street.host, mark("ours"), f"{KEPT}/{mark('flood')}"
    assert host.ask([Question(Service.LOGS.port, host.papers(wire.CERTIFICATE, wire.KEY), line(ours), 1)]) == [taken(line(ours))]
    ages = {"old": declared.keep_days + 1, "first": declared.keep_days - 1, "last": 0}
    days = {what: f"{datetime.now(UTC) - timedelta(days=age):%Y-%m-%d}.jsonl" for what, age in ages.items()}

    def left() -> set[str]:
        root(street.services, "systemctl", "restart", RETENTION)
        return {what for what, day in days.items() if day in root(street.services, "ls", f"{flood}/server").split()}

    make = f"mkdir -p {flood}/server && cd {flood}/server && touch {' '.join(days.values())}"
    with undone(street.services, ("sh", "-c", make), ("rm", "-r", flood)):
        assert left() == {"first", "last"}
        for what in ("first", "last"):
            root(street.services, "fallocate", "--length", f"{declared.size * 600}MiB", f"{flood}/server/{days[what]}")
        assert left() == {"last"}
    assert street.places(ours) == {host.place}


def test_a_copy_for_a_tenants_administrator_has_this_tenants_lines_only(street: Street, tmp_path: Path) -> None:
    """Each tenant's has the line of its own server, below that server's name, and no byte of the other's; its hashes hold."""
    began = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    marks = {writer.tenant: mark("line") for writer in (street.host, street.victim)}
    for writer in (street.host, street.victim):
        own, said = writer.papers(wire.CERTIFICATE, wire.KEY), line(marks[writer.tenant])
        assert writer.ask([Question(Service.LOGS.port, own, said, 1)]) == [taken(said)]
    with ThreadPoolExecutor(len(marks)) as pool:
        words = {tenant: (RINGFENCE, "logs", tenant, "--since", began, "--export", tmp_path / tenant) for tenant in marks}
        exported = [pool.submit(run, *command) for command in words.values()]
    assert [each.result().code for each in exported] == [0, 0], [each.result().err for each in exported]
    for writer in (street.host, street.victim):
        folder = tmp_path / writer.tenant
        subprocess.run(("sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"), cwd=folder, check=True)
        texts = [(path.parent.name, path.read_text()) for path in folder.rglob("*") if path.is_file()]
        found = {tenant: [server for server, text in texts if word in text] for tenant, word in marks.items()}
        assert found == {tenant: [writer.host] if tenant == writer.tenant else [] for tenant in marks}


def test_recordings_are_taken_from_a_server_with_its_own_papers_only(opened: Opened, street: Street) -> None:
    """Its store greets whom it believes, and nobody with another tenant's papers or those of another authority."""
    assert opened.inventory.platform.services is not None
    if opened.inventory.platform.services.sessions is None:
        pytest.skip("the platform records no sessions")
    host, victim = street.host, street.victim
    shown = {"own": host.papers(*SESSIONS_PAPERS), "stolen": victim.papers(*SESSIONS_PAPERS), "forged": host.forged()}
    answers = host.ask([Question(Service.SESSIONS.port, papers, "", 1) for papers in shown.values()])
    assert [GREETING in answer for answer in answers] == [True, False, False], answers
    assert answers[1:] == ["", ""]
