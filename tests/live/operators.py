"""A desk of operators, with OpenSSH's software authenticator: who is certified or revoked there is so in a folder of its own.

What the servers are told is taken back at the end: a list of what is revoked only grows, so it is put aside before.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from hardening.operators.sshd import REVOKED
from infra import paths
from infra.declaration import names
from infra.operators.changes import signing
from infra.operators.roles import Role
from infra.ssh.access import PATIENCE_SECONDS, open_bastion, open_server
from ringfence.operators import book, client
from ringfence.project import Project
from ringfence.verify.probes import session
from tests.truth.operators.tree import authenticator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from infra.ssh.access import Session
    from ringfence.verify.inventory import Inventory
    from ringfence.verify.open import Opened
    from tests.truth.operators.life import Life

RINGFENCE = Path(sys.executable).parent / "ringfence"
ASIDE = f"{REVOKED}.aside"
SECONDS = 600
"""How long anything may take that comes in the end."""
PIN = ("-O", "verify-required")
"""Of a key that asks for touch and PIN."""
WRITE = "for i in $(seq {lines}); do logger -p auth.info -t {mark} line $i; sleep 1; done"
"""One line each second."""
TRIES = ("-o", "ConnectTimeout=120", "-o", "ConnectionAttempts=1")


class Ended(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Desk:
    """A copy of the project, keys and configurations; ``hosts`` is where they lead, known by the platform's authority alone."""

    folder: Path
    hosts: client.Hosts
    authority: str
    port: int
    environment: dict[str, str] = field(repr=False)

    def run(self, *command: object, text: str = "") -> Ended:
        """Run a program as at a terminal of the operator's."""
        words = [str(word) for word in command]
        done = subprocess.run(
            words, input=text, capture_output=True, text=True, timeout=SECONDS, check=False, cwd=self.folder, env=self.environment
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def ringfence(self, *words: object) -> Ended:
        """Run a verb in the folder."""
        return self.run(RINGFENCE, *words)

    def told(self, *words: object, codes: Sequence[int] = (0,)) -> dict[str, Any]:
        """Run a verb that has to succeed, and return what programs are told."""
        done = self.ringfence(*words, "--json")
        assert done.code in codes, done.err
        return dict(json.loads(done.out))

    def key(self, name: str, *options: str, kind: str = "ed25519-sk") -> Path:
        """Make a key and return its file."""
        file = self.folder / name
        provider = ("-w", str(authenticator())) if kind.endswith("-sk") else ()
        done = self.run("ssh-keygen", "-q", "-t", kind, *provider, *options, "-N", "", "-f", file)
        assert done.code == 0, done.err
        return file

    def fingerprint(self, name: str) -> str:
        """Return how logs name a key that was made here (ssh-keygen(1), ``-l``)."""
        done = self.run("ssh-keygen", "-l", "-f", self.folder / f"{name}.pub")
        assert done.code == 0, done.err
        return done.out.split()[1]

    def certified(self, key: Path, life: Life, authority: Path | None = None) -> Path:
        """Certify a key as the verb does, but with whatever life; return the certificate's file."""
        public = key.with_name(f"{key.name}.pub")
        words = ("env", "TZ=UTC0", "ssh-keygen", "-q", "-s", authority or paths.authority_key("operators"))
        done = self.run(*words, *signing(life.certificate(public.read_text())), public)
        assert done.code == 0, done.err
        return key.with_name(f"{key.name}-cert.pub")

    def config(self, name: str, key: Path, certificate: object, role: Role = Role.ADMIN) -> Path:
        """Write the configuration that an operator gets, with the software authenticator, and return its file."""
        folder = self.folder / f"{name}.ssh"
        folder.mkdir()
        how = client.Client(str(key), str(certificate), role, self.port, str(folder))
        (folder / "known_hosts").write_text(client.known_hosts(self.hosts, self.authority))
        (folder / "config").write_text(with_authenticator(client.render(self.hosts, how)))
        return folder / "config"

    def login(self, config: Path, host: str, *words: str, options: Sequence[str] = (), text: str = "") -> Ended:
        """Log in by a configuration."""
        return self.run("ssh", *TRIES, *options, "-F", config, host, *words, text=text)


def with_authenticator(config: str) -> str:
    """Return a configuration that has the software authenticator besides."""
    return f"{config}\nHost *\n    SecurityKeyProvider {authenticator()}\n"


@contextlib.contextmanager
def desk(opened: Opened, folder: Path) -> Iterator[Desk]:
    """Set up a desk, and take back from every host what was revoked there."""
    tenants = [tenant.name for tenant in opened.inventory.tenants]
    Project(folder, tenants[0], beside=tenants).copy_declaration()
    pin = folder / "pin"
    pin.write_text("#!/bin/sh\necho 1234\n")
    pin.chmod(0o755)
    asking = {"SSH_ASKPASS": str(pin), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": "none"}
    believed = book.read().authority
    assert believed is not None
    way = session.jump_host(opened.inventory)
    addresses = {
        names.server(tenant.name, name): str(server.management)
        for tenant in opened.inventory.tenants
        for name, server in tenant.facts.servers.items()
    }
    hosts = client.Hosts(names.BASTION, way.bastion_address, addresses, way.proxy_command or "", {})
    with kept(opened.inventory):
        yield Desk(folder, hosts, believed.hosts, way.port, {**os.environ, **asking})


@contextlib.contextmanager
def everywhere(inventory: Inventory) -> Iterator[dict[str, Session]]:
    """Log in to every host as the automation."""
    way = session.jump_host(inventory)
    with contextlib.ExitStack() as stack:
        bastion = stack.enter_context(open_bastion(way, patience=PATIENCE_SECONDS))
        found = {session.BASTION: bastion}
        for name, target in session.targets(inventory).items():
            found[name] = stack.enter_context(open_server(way, target, via=bastion, patience=PATIENCE_SECONDS))
        yield found


@contextlib.contextmanager
def kept(inventory: Inventory) -> Iterator[None]:
    """Put aside on every host the list of what is revoked, and put it back."""
    _everywhere(inventory, "cp", "-a", REVOKED, ASIDE)
    try:
        yield
    finally:
        _everywhere(inventory, "mv", ASIDE, REVOKED)


def _everywhere(inventory: Inventory, *command: str) -> None:
    with everywhere(inventory) as hosts:
        for name, host in hosts.items():
            done = host.run(["sudo", "-n", *command])
            assert done.status == 0, f"{name}: {done.stderr}"


def written(host: Session, mark: str, lines: int) -> None:
    """Let a host log its lines, over a login that is there already."""
    done = host.run(["sh", "-c", WRITE.format(lines=lines, mark=mark)], timeout=SECONDS)
    assert done.status == 0, done.stderr


def eventually(holds: Callable[[], bool]) -> bool:
    """Tell whether something comes to hold; how long that takes is the machine's affair."""
    end = time.monotonic() + SECONDS
    while not (found := holds()) and time.monotonic() < end:
        time.sleep(2)
    return found
