"""What the stores of logs and of recordings take, and from whom; and that nobody has anything back from them.

A certificate counts from its own server only, and no other authority's counts at all. Every question is asked from a tenant's server, by
the papers that it really has, and the same server's own papers are the twin in the same run.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hardening.logs import wire
from hardening.operators import recording
from hardening.operators.sshd import FILES
from hardening.services.logs import KEPT
from infra.declaration import names
from infra.declaration.addresses import services_address
from infra.pki.certificates import Purpose, Request, Signer, Subject, authority, issued
from infra.pki.keys import encoded
from infra.pki.lives import Life
from infra.policy.services import Service
from ringfence.verify.inventory import SERVICES
from tests.live.operators import everywhere
from tests.truth.services.asking import ASK, Question, batch, taken, to_read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.ssh.access import Session
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
SESSIONS_PAPERS = tuple(f"{FILES}/{recording.STORE}/{recording.TLS[part]}" for part in ("cert", "key"))
GREETING = "Sudo Audit Server"
"""What sudo_logsrvd says first to a client that it believes (sudo_logsrv.proto(5), ``ServerHello``)."""


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
        done = self.login.run(["sudo", "-n", "cat", *files])
        assert done.status == 0, done.stderr
        return done.stdout

    def forged(self) -> str:
        """Return papers for the server, with its names and its address, by an authority that nobody believes."""
        now = datetime.now(UTC)
        life = Life(now - timedelta(hours=1), now + timedelta(days=1))
        own, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        signer = Signer(authority(Subject(names.PLATFORM, names.PLATFORM), own, 1, life), encoded(own))
        request = Request(Subject(self.tenant, self.host), frozenset(Purpose), (), (ip_address(self.address),))
        return issued(signer, request, key, 2, life) + encoded(key)

    def ask(self, questions: Sequence[Question]) -> list[str]:
        """Ask the services server from here, and return the answers."""
        done = self.login.run(["sudo", "-n", "python3", "-c", ASK, self.store], stdin=json.dumps(questions))
        assert done.status == 0, done.stderr
        return list(json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Street:
    """A server of one tenant and one of another, and the services server."""

    host: Writer
    victim: Writer
    services: Session

    def places(self, program: str) -> set[str]:
        """Return the folders in the store in which a line of a program is."""
        search = f'grep -rlF \'"program": "{program}"\' {KEPT} || [ $? = 1 ]'
        found = self.services.run(["sudo", "-n", "sh", "-c", search])
        assert found.status == 0, found.stderr
        return {path.removeprefix(f"{KEPT}/").rpartition("/")[0] for path in found.stdout.split()}


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
