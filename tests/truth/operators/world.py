"""A small platform of real programs: an operator's station, the bastion, a server of the tenant acme, and the services server.

Each is a host of its own (:mod:`tests.truth.operators.host`) with the image's sshd and sudo, and what the stacks hand to it
(:mod:`tests.truth.operators.stacks`), laid by the image's own agent. Keys on an authenticator are OpenSSH's own software ones.
"""

from __future__ import annotations

import base64
import contextlib
import subprocess
import tempfile
from dataclasses import dataclass
from ipaddress import ip_interface, ip_network
from typing import TYPE_CHECKING

import pytest

from hardening.firstboot import sshd as first_boot
from hardening.firstboot.config_drive import Nic
from hardening.firstboot.plan import MANAGEMENT, Card, Plan
from hardening.operators import recording, sshd
from infra import paths
from infra.declaration import names
from infra.delivery.operators import Operators
from infra.operators.changes import signing
from infra.operators.roles import Role
from ringfence.operators import client
from tests.truth import netns
from tests.truth.operators import stacks
from tests.truth.operators.certificates import Authority
from tests.truth.operators.host import LENGTH, Host, begin, etc_hosts, eventually

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from hardening.bundle import Bundle
    from tests.truth.operators.host import Done
    from tests.truth.operators.life import Life

STATION, BASTION, SERVER, STORE = "station", names.BASTION, "acme-web", names.SERVICES
ADDRESSES = {STATION: "172.24.4.9", BASTION: "172.29.0.10", SERVER: "172.30.0.5", STORE: "172.29.0.200"}
"""Where the shipped declaration has them; the recording cloud gives a tenant's server this management address."""
ELSEWHERE = "172.25.0.77"
"""Another address of the station, from which the automation may open nothing."""
SSH = 22
PROVIDER = "/opt/sk-dummy.so"
ASKPASS = "/opt/pin"
LOG = "/var/log/sshd"


@dataclass(frozen=True, slots=True)
class World:
    """The running platform, and who certifies operators and hosts."""

    hosts: dict[str, Host]
    operators_ca: str
    hosts_ca: str
    tls: Authority
    given: dict[str, Bundle]

    def __getitem__(self, name: str) -> Host:
        """Return a host."""
        return self.hosts[name]

    @property
    def station(self) -> Host:
        """The operator's machine."""
        return self.hosts[STATION]

    def key(self, name: str, *options: str, kind: str = "ed25519-sk") -> str:
        """Make a key at the station and return its file."""
        file = f"/home/{name}"
        provider = ("-w", PROVIDER) if kind.endswith("-sk") else ()
        self.station.must("env", *ASKING, "ssh-keygen", "-q", "-t", kind, *provider, *options, "-N", "", "-f", file)
        return file

    def certified(self, file: str, wish: Life, authority: str = "operators") -> str:
        """Certify a key as the verb does, but with whatever life; return the certificate's file."""
        certificate = wish.certificate(self.station.read(f"{file}.pub"))
        words = ("env", "TZ=UTC0", "ssh-keygen", "-q", "-s", f"/home/{authority}", *signing(certificate), f"{file}.pub")
        self.station.must(*words)
        return f"{file}-cert.pub"

    def login(self, who: str, *command: str, config: str = "", options: Iterable[str] = (), terminal: bool = False, text: str = "") -> Done:
        """Log in to a host by the configuration that an operator gets."""
        words = ("ssh", *(["-tt"] if terminal else []), "-F", config or "/home/config", *options, who, *command)
        return self.station.run("env", *ASKING, *words, text=text)

    def config(self, name: str, key: str, certificate: str, *, role: Role = Role.ADMIN) -> str:
        """Write the configuration of an operator and return its file."""
        folder = f"/home/{name}.ssh"
        how = client.Client(key, certificate, role, SSH, folder)
        hosts = client.Hosts(BASTION, ADDRESSES[BASTION], {name: ADDRESSES[name] for name in (SERVER, STORE)}, "", {})
        extra = f"Host *\n    SecurityKeyProvider {PROVIDER}\n"
        self.station.write(f"{folder}/config", client.render(hosts, how) + extra)
        self.station.write(f"{folder}/known_hosts", client.known_hosts(hosts, self.hosts_ca))
        return f"{folder}/config"

    def shown(self, host: str, identity: recording.Identity) -> Bundle:
        """Return what a host is given, with another identity between relay and store."""
        texts = {"authority.pem": identity.authority, "certificate.pem": identity.certificate, "key.pem": identity.private_key}
        files = [
            file._replace(text=texts[file.path.rpartition("/")[2]])
            if file.path.rpartition("/")[0] == recording.STORE and file.path.endswith(".pem")
            else file
            for file in self.given[host].files
        ]
        return self.given[host]._replace(files=tuple(files))

    def said(self, host: str) -> Log:
        """Listen to a host's sshd from here on."""
        return Log(self.hosts[host], len(self.hosts[host].read(LOG)))

    def revoke(self, host: str, listed: str) -> None:
        """Hand a host a longer list of what is revoked, by the guest's own command."""
        said = self.station.read("/home/listed")
        listed = listed if listed in said else said + listed
        self.station.write("/home/listed", listed)
        self.station.must("ssh-keygen", "-q", "-k", "-f", "/home/krl", "-s", "/home/operators.pub", "/home/listed")
        text = base64.b64encode((self.station.root / "home/krl").read_bytes()).decode()
        self.hosts[host].must("/usr/lib/ringfence/revoke", "-", text=text)


ASKING = (f"SSH_ASKPASS={ASKPASS}", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none")
"""The PIN comes from a program, as from an agent's window."""


@dataclass(frozen=True, slots=True)
class Log:
    """What sshd says from a moment on."""

    host: Host
    start: int

    @property
    def text(self) -> str:
        """All of it so far."""
        return self.host.read(LOG)[self.start :]

    def has(self, *words: str) -> bool:
        """Tell whether it says one of these things."""
        return eventually(lambda: any(each in self.text for each in words))


def build(tree: Path) -> Iterator[World]:
    """Start everything, and end it when the caller is done."""
    lan = netns.name("operators")
    subprocess.run(("ip", "netns", "add", lan), check=True)
    hosts: dict[str, Host] = {}
    try:
        subprocess.run(("ip", "-n", lan, "link", "add", "lan", "type", "bridge"), check=True)
        subprocess.run(("ip", "-n", lan, "link", "set", "lan", "up"), check=True)
        for name, address in ADDRESSES.items():
            hosts[name] = begin(name, address, tree, lan)
            hosts[name].write("/etc/hosts", etc_hosts(ADDRESSES, name))
        yield _configured(hosts)
    finally:
        for host in hosts.values():
            host.end()
        subprocess.run(("ip", "netns", "delete", lan), check=False)


def _configured(hosts: dict[str, Host]) -> World:
    """Make keys and authorities at the station, and give every host what the stacks hand to it."""
    station = hosts[STATION]
    station.must("ip", "address", "add", f"{ELSEWHERE}/{LENGTH}", "dev", "mgmt0")
    station.write(ASKPASS, "#!/bin/sh\necho 1234\n", 0o755)
    for name in ("operators", "hosts", "automation"):
        station.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/home/{name}")
    for name in ENTERED:
        hosts[name].must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
    authority, hosts_ca, automation = (_public(station, f"/home/{name}.pub") for name in ("operators", "hosts", "automation"))
    host_keys = {name: _public(hosts[name], "/etc/ssh/ssh_host_ed25519_key.pub") for name in ENTERED}
    with hosts_authority(station.read("/home/hosts")):
        handed = stacks.handed(Operators(authority, hosts_ca, "", automation), host_keys)
    for name in ENTERED:
        hosts[name].must("mkdir", "-p", "/run/sshd")  # as ssh.service has it, while the agent's check reads the configuration
        hosts[name].deliver(handed.bundles[name])
        hosts[name].write("/etc/ssh/sshd_config.d/10-ringfence.conf", first_boot.config(plan(name)))
    start_store(hosts[STORE])
    for name in (SERVER, STORE):
        start_relay(hosts[name])
    for name in ENTERED:
        hosts[name].start(LOG, "/usr/sbin/sshd", "-D", "-e")
        assert eventually(lambda name=name: "Server listening" in hosts[name].read(LOG)), hosts[name].read(LOG)
    return World(hosts, authority, hosts_ca, Authority("platform", handed.authority), handed.bundles)


ENTERED = (BASTION, SERVER, STORE)
"""Hosts that somebody logs in to."""


@contextlib.contextmanager
def hosts_authority(private: str) -> Iterator[None]:
    """Let the authority for hosts be this machine's, as on an operator's machine."""
    with tempfile.TemporaryDirectory() as state, pytest.MonkeyPatch.context() as patch:
        patch.setenv(paths.STATE, state)
        file = paths.authority_key("hosts")
        file.parent.mkdir(parents=True)
        file.write_text(private, encoding="utf-8")
        yield


def _public(host: Host, file: str) -> str:
    """Return a public key without its comment."""
    return " ".join(host.read(file).split()[:2])


def start_store(store: Host) -> None:
    """Start the store, as its unit does."""
    store.must("mkdir", "-p", recording.STORE_FOLDER)
    store.start("/var/log/store", "sudo_logsrvd", "-n", "-f", f"{sshd.FILES}/sessions/store.conf")


def start_relay(server: Host) -> None:
    """Start the relay, as its unit does."""
    server.must("mkdir", "-p", recording.RELAY_FOLDER)
    server.start("/var/log/relay", "sudo_logsrvd", "-n", "-f", f"{sshd.FILES}/sessions/relay.conf")


def plan(name: str) -> Plan:
    """Return the plan of a first boot, with one card."""
    nic = Nic("02:00:00:00:00:01", 1500, (ip_interface(f"{ADDRESSES[name]}/{LENGTH}"),), (), dhcp4=False)
    role = {BASTION: "bastion", STORE: "services"}.get(name, "server")
    known = (ip_network(f"{ADDRESSES[name]}/{LENGTH}", strict=False),)
    return Plan(name, (), role, (Card(MANAGEMENT, nic),), known, SSH, known, ())
