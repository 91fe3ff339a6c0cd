"""Whose lines the store takes: a certificate counts from its own server only, and no other authority's counts at all."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from hardening.logs import wire
from hardening.services.logs import KEPT
from infra.declaration import names
from infra.declaration.addresses import services_address
from infra.pki.certificates import Purpose, Request, Signer, Subject, authority, issued
from infra.pki.keys import encoded
from infra.pki.lives import Life
from infra.policy.services import Service
from ringfence.operators.logs import opened as store
from tests.live.operators import eventually, everywhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.ssh.access import Session
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
SEND = """
import json, os, socket, ssl, sys
PAPERS = "/run/papers-of-a-test.pem"
address, port, mark = sys.argv[1:4]
told = json.load(sys.stdin)
made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
made.load_verify_locations("AUTHORITY")
try:
    with open(PAPERS, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
        file.write(told)
    made.load_cert_chain(PAPERS)
finally:
    os.unlink(PAPERS)
fields = {"sent": "", "facility": "auth", "severity": "info", "program": mark, "process": "1", "message": mark}
batch = json.dumps(fields).encode() + b"\\n"
try:
    with made.wrap_socket(socket.create_connection((address, int(port)), 60), server_hostname=address) as link:
        link.settimeout(60)
        link.sendall(b"%d\\n%b" % (len(batch), batch))
        print(link.recv(64).decode().strip() or "closed")
except OSError as error:
    print("closed", type(error).__name__)
""".replace("AUTHORITY", wire.AUTHORITY)


def papers(host: Session) -> str:
    """Return a server's own certificate and key."""
    done = host.run(["sudo", "-n", "cat", wire.CERTIFICATE, wire.KEY])
    assert done.status == 0, done.stderr
    return done.stdout


def forged(tenant: str, server: str, address: str) -> str:
    """Return papers for a server by an authority that nobody believes."""
    now = datetime.now(UTC)
    life = Life(now - timedelta(hours=1), now + timedelta(days=1))
    own, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    signer = Signer(authority(Subject("platform", "platform"), own, 1, life), encoded(own))
    request = Request(Subject(tenant, names.server(tenant, server)), frozenset(Purpose), (), (ip_address(address),))
    return issued(signer, request, key, 2, life) + encoded(key)


def places(run: Callable[[list[str]], str], mark: str) -> set[str]:
    """Return the folders in the store in which a line of a program is."""
    found = run(["sh", "-c", f'grep -rlF \'"program": "{mark}"\' {KEPT} || [ $? = 1 ]'])
    return {path.removeprefix(f"{KEPT}/").rpartition("/")[0] for path in found.split()}


def test_a_server_writes_as_itself_and_as_nobody_else(opened: Opened) -> None:
    """With its own papers; with another tenant's, or those of an authority of its own, nothing is taken."""
    inventory = opened.inventory
    if inventory.platform.services is None or inventory.platform.services.logs is None:
        pytest.skip("the platform keeps no logs")
    if len(inventory.tenants) < 2:
        pytest.skip("only one tenant is up")
    first, second = ((tenant, next(iter(tenant.facts.servers.items()))) for tenant in inventory.tenants[:2])
    marks = {what: f"{what}-{secrets.token_hex(4)}" for what in ("own", "stolen", "forged")}
    (tenant, (server, facts)), (victim, (target, _)) = first, second
    with everywhere(inventory) as hosts:
        host, from_whom = hosts[f"{tenant.name}/{server}"], hosts[f"{victim.name}/{target}"]
        shown = {"own": papers(host), "stolen": papers(from_whom), "forged": forged(victim.name, target, str(facts.management))}
        address, port = str(services_address(inventory.platform)), str(Service.LOGS.port)
        said = {}
        for what, text in shown.items():
            done = host.run(["sudo", "-n", "python3", "-c", SEND, address, port, marks[what]], stdin=json.dumps(text))
            said[what] = done.stdout.split()[0] if done.status == 0 else done.stderr
    assert said == {"own": "ok", "stolen": "closed", "forged": "closed"}
    with store() as kept:
        assert eventually(lambda: places(kept.run, marks["own"]) == {f"{tenant.name}/{names.server(tenant.name, server)}"})
        assert [places(kept.run, marks[what]) for what in ("stolen", "forged")] == [set(), set()]
