"""A street of logs: the store, a writer, and their journals, as the image has them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from hardening.services import credentials, logs
from hardening.services.logs import Retention, Store
from tests.truth.services.house import eventually
from tests.truth.services.papers import Papers

if TYPE_CHECKING:
    from tests.truth.services.house import Daemon, Host, House

SERVICES = IPv4Address("172.29.0.200")
WEB, DB = (IPv4Address(text) for text in ("172.30.0.4", "172.30.0.20"))
STORE = Store(SERVICES, 6514)
NAME = "platform-services"


def journald(host: Host) -> None:
    """Start the journal of a host: the image's own, in memory."""
    host.run("sh", "-c", "cat /proc/sys/kernel/random/uuid | tr -d - >/etc/machine-id; mkdir -p /run/systemd/journal /run/log/journal")
    # The machine's kernel is not the host's: neither its lines nor its audit.
    settings = host.root / "etc/systemd/journald.conf.d/test.conf"
    settings.parent.mkdir(exist_ok=True)
    settings.write_text("[Journal]\nReadKMsg=no\nAudit=no\n", encoding="ascii")
    journal = host.background("/usr/lib/systemd/systemd-journald")
    assert eventually((host.root / "run/systemd/journal/dev-log").exists, seconds=300)
    assert journal.runs, journal.said


def say(host: Host, *messages: str, priority: str = "authpriv.info", program: str = "sshd") -> None:
    """Write lines into a host's journal, as a program that logs authentication does."""
    for message in messages:
        host.run("logger", "--socket", "/run/systemd/journal/dev-log", "-p", priority, "-t", program, "--", message)


@dataclass
class Street:
    """The store and a writer."""

    house: House
    papers: Papers
    services: Host
    web: Host
    store: Daemon
    client: Daemon

    def kept(self, place: str) -> list[str]:
        """Messages in a folder of the store."""
        files = sorted((self.services.root / "data/logs" / place).glob("*.jsonl"))
        return [json.loads(line)["message"].strip() for file in files for line in file.read_text(encoding="utf-8").splitlines()]

    def arrived(self, message: str, place: str = "acme/web") -> bool:
        """Whether a line is in a folder of the store."""
        return eventually(lambda: message in self.kept(place), seconds=300)

    def refused(self, said: int) -> bool:
        """Whether the writer says that the store does not take lines, beyond what it has said already."""
        return eventually(lambda: "SSLCertVerificationError" in self.client.said[said:], seconds=300)


def begin(host: Host, papers: Papers, tenant: str, name: str) -> Daemon:
    """Start the journal and the client of a server."""
    journald(host)
    host.put((*credentials.files(papers.client(tenant, name, host.address)), *logs.client(STORE)))
    return host.start(logs.UNIT)


def built(house: House) -> Street:
    """Build the store, and acme's server web, of which a line has arrived."""
    papers = Papers.new()
    services, web = house.add("services", SERVICES), house.add("web", WEB)
    services.run("mkdir", "/data")
    services.run("mount", "-t", "tmpfs", "tmpfs", "/data")
    journald(services)
    own = papers.server(NAME, SERVICES)
    services.put((*credentials.files(own), *logs.server(STORE, Retention(30, 1))))
    made = Street(house, papers, services, web, services.start(logs.STORE_UNIT), begin(web, papers, "acme", "web"))
    say(web, "the first line")
    assert made.arrived("the first line"), made.client.said + made.store.said
    return made
