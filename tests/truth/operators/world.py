"""A small platform of real programs: an operator's station, the bastion, a server of the tenant acme, and the store of recordings.

Each is a host of its own (:mod:`tests.truth.operators.host`) with the image's sshd and sudo, their configuration as the image and the
renderers write it. Keys on an authenticator are OpenSSH's own software ones.
"""

from __future__ import annotations

import base64
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Network, ip_interface, ip_network
from typing import TYPE_CHECKING

from hardening.firstboot import sshd as first_boot
from hardening.firstboot.config_drive import Nic
from hardening.firstboot.plan import MANAGEMENT, Card, Plan
from hardening.operators import recording, sshd
from infra.operators.changes import signing
from infra.operators.registry import Certificate
from infra.operators.roles import Role
from infra.pki.certificates import Purpose
from ringfence.operators import client
from tests.truth import netns
from tests.truth.operators.certificates import Authority
from tests.truth.operators.host import Host, begin, eventually, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.truth.operators.host import Done

NETWORK = ip_network("172.30.0.0/24")
STATION, BASTION, SERVER, STORE = "station", "platform-bastion", "acme-web", "platform-services"
ADDRESSES = {STATION: "172.30.0.9", BASTION: "172.30.0.1", SERVER: "172.30.0.3", STORE: "172.30.0.5"}
ELSEWHERE = "172.30.0.77"
"""Another address of the station, from which the automation may open nothing."""
SSH = 22
PROVIDER = "/opt/sk-dummy.so"
ASKPASS = "/opt/pin"
LOG = "/var/log/sshd"
KEPT = recording.Retention(365, 1)


@dataclass(frozen=True, slots=True)
class World:
    """The running platform, and who certifies operators and hosts."""

    hosts: dict[str, Host]
    operators_ca: str
    hosts_ca: str
    tls: Authority

    def __getitem__(self, name: str) -> Host:
        """Return a host."""
        return self.hosts[name]

    @property
    def station(self) -> Host:
        """The operator's machine."""
        return self.hosts[STATION]

    def key(self, name: str, *options: str, kind: str = "ed25519-sk") -> str:
        """Make a key at the station and return its file."""
        file = f"/root/{name}"
        provider = ("-w", PROVIDER) if kind.endswith("-sk") else ()
        self.station.must("env", *ASKING, "ssh-keygen", "-q", "-t", kind, *provider, *options, "-N", "", "-f", file)
        return file

    def certified(self, file: str, wish: Life, authority: str = "operators") -> str:
        """Certify a key as the verb does, but with whatever life; return the certificate's file."""
        certificate = wish.certificate(self.station.read(f"{file}.pub"))
        words = ("env", "TZ=UTC0", "ssh-keygen", "-q", "-s", f"/root/{authority}", *signing(certificate), f"{file}.pub")
        self.station.must(*words)
        return f"{file}-cert.pub"

    def login(self, who: str, *command: str, config: str = "", options: Iterable[str] = (), terminal: bool = False, text: str = "") -> Done:
        """Log in to a host by the configuration that an operator gets."""
        words = ("ssh", *(["-tt"] if terminal else []), "-F", config or "/root/config", *options, who, *command)
        return self.station.run("env", *ASKING, *words, text=text)

    def config(self, name: str, key: str, certificate: str, *, role: Role = Role.ADMIN) -> str:
        """Write the configuration of an operator and return its file."""
        folder = f"/root/{name}.ssh"
        how = client.Client(key, certificate, role, SSH, folder)
        hosts = client.Hosts(BASTION, ADDRESSES[BASTION], {SERVER: ADDRESSES[SERVER]}, "", {})
        extra = f"Host *\n    SecurityKeyProvider {PROVIDER}\n"
        self.station.write(f"{folder}/config", client.render(hosts, how) + extra)
        self.station.write(f"{folder}/known_hosts", client.known_hosts(hosts, self.hosts_ca))
        return f"{folder}/config"

    def said(self, host: str) -> Log:
        """Listen to a host's sshd from here on."""
        return Log(self.hosts[host], len(self.hosts[host].read(LOG)))

    def revoke(self, host: str, listed: str) -> None:
        """Hand a host a longer list of what is revoked, by the guest's own command."""
        said = self.station.read("/root/listed")
        listed = listed if listed in said else said + listed
        self.station.write("/root/listed", listed)
        self.station.must("ssh-keygen", "-q", "-k", "-f", "/root/krl", "-s", "/root/operators.pub", "/root/listed")
        text = base64.b64encode((self.station.root / "root/krl").read_bytes()).decode()
        self.hosts[host].must("/usr/lib/ringfence/revoke", "-", text=text)


ASKING = (f"SSH_ASKPASS={ASKPASS}", "SSH_ASKPASS_REQUIRE=force", "DISPLAY=none")
"""The PIN comes from a program, as from an agent's window."""


@dataclass(frozen=True, slots=True)
class Life:
    """What a certificate is to say."""

    serial: int
    tenant: str = "acme"
    role: Role = Role.ADMIN
    operator: str = "alice"
    since: timedelta = timedelta(minutes=-5)
    until: timedelta = timedelta(minutes=6)

    def certificate(self, public: str) -> Certificate:
        """Return it for a key; no check of the key, for wrong ones are certified here as well."""
        now = datetime.now(UTC)
        return Certificate.model_construct(
            serial=self.serial,
            operator=self.operator,
            tenant=self.tenant,
            role=self.role,
            key=public,
            since=now + self.since,
            until=now + self.until,
        )


@dataclass(frozen=True, slots=True)
class Log:
    """What sshd says from a moment on."""

    host: Host
    start: int

    @property
    def text(self) -> str:
        """All of it so far."""
        return self.host.read(LOG)[self.start :]

    def has(self, words: str) -> bool:
        """Tell whether it says something soon."""
        return eventually(lambda: words in self.text, 5)


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
            hosts[name].write("/etc/hosts", names(ADDRESSES, name))
        yield _configured(hosts)
    finally:
        for host in hosts.values():
            host.end()
        subprocess.run(("ip", "netns", "delete", lan), check=False)


def _configured(hosts: dict[str, Host]) -> World:
    """Make keys and authorities at the station, and give every host its files."""
    station = hosts[STATION]
    station.must("ip", "address", "add", f"{ELSEWHERE}/24", "dev", "mgmt0")
    station.write(ASKPASS, "#!/bin/sh\necho 1234\n", 0o755)
    for name in ("operators", "hosts", "automation"):
        station.must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"/root/{name}")
    authority, hosts_ca, automation = (station.read(f"/root/{name}.pub").strip() for name in ("operators", "hosts", "automation"))
    tls = Authority("platform")
    for name in (BASTION, SERVER):
        hosts[name].must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "/etc/ssh/ssh_host_ed25519_key")
        certificate = _host_certificate(station, hosts[name])
        came_from = ADDRESSES[STATION] if name == BASTION else ADDRESSES[BASTION]
        logins = sshd.Logins(authority, automation, (IPv4Network(came_from),), certificate)
        files = sshd.server(logins, "acme") if name == SERVER else sshd.bastion(logins, SSH)
        hosts[name].deliver(sshd.FILES, files)
        hosts[name].write("/etc/ssh/sshd_config.d/10-ringfence.conf", first_boot.config(_plan(name)))
    _recorded(hosts, tls)
    for name in (BASTION, SERVER):
        hosts[name].must("mkdir", "-p", "/run/sshd")
        assert hosts[name].run("/usr/sbin/sshd", "-t").err == ""
        hosts[name].start(LOG, "/usr/sbin/sshd", "-D", "-e")
        assert eventually(lambda name=name: "Server listening" in hosts[name].read(LOG)), hosts[name].read(LOG)
    return World(hosts, authority, hosts_ca, tls)


def _recorded(hosts: dict[str, Host], tls: Authority) -> None:
    server, store = hosts[SERVER], hosts[STORE]
    store.deliver(sshd.FILES, recording.store(ADDRESSES[STORE], tls.identity(STORE, ADDRESSES[STORE], Purpose.SERVER), KEPT))
    outward = tls.identity(SERVER, ADDRESSES[SERVER], Purpose.CLIENT)
    local = Authority(SERVER).identity(SERVER, "127.0.1.1", named=True)
    server.deliver(sshd.FILES, recording.server(SERVER, ADDRESSES[STORE], outward, local))
    start_store(store)
    start_relay(server)


def start_store(store: Host) -> None:
    """Start the store, as its unit does."""
    store.must("mkdir", "-p", recording.STORE_FOLDER)
    store.start("/var/log/store", "sudo_logsrvd", "-n", "-f", f"{sshd.FILES}/sessions/store.conf")


def start_relay(server: Host) -> None:
    """Start the relay, as its unit does."""
    server.must("mkdir", "-p", recording.RELAY_FOLDER)
    server.start("/var/log/relay", "sudo_logsrvd", "-n", "-f", f"{sshd.FILES}/sessions/relay.conf")


def _host_certificate(station: Host, host: Host) -> str:
    public = (host.root / "etc/ssh/ssh_host_ed25519_key.pub").read_text(encoding="utf-8")
    file = f"/root/{host.name}.pub"
    station.write(file, public)
    station.must("ssh-keygen", "-q", "-s", "/root/hosts", "-h", "-I", host.name, "-n", host.name, "-V", "-5m:+1d", file)
    return station.read(f"/root/{host.name}-cert.pub").strip()


def _plan(name: str) -> Plan:
    """Return the plan of a first boot, with one card."""
    nic = Nic("02:00:00:00:00:01", 1500, (ip_interface(f"{ADDRESSES[name]}/24"),), (), dhcp4=False)
    role = "bastion" if name == BASTION else "server"
    return Plan(name, (), role, (Card(MANAGEMENT, nic),), (NETWORK,), SSH, (NETWORK,), ())
