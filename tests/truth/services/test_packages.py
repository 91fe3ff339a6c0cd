"""nginx and apt as the image has them: a server without a route gets security updates, and nobody gets anything else."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from ipaddress import IPv4Address, ip_network
from typing import TYPE_CHECKING

import pytest

from hardening.services import credentials, packages
from hardening.services.packages import Front, Mirror, Updates
from infra.declaration.model import Platform
from infra.vulnerabilities import tracker
from infra.vulnerabilities.findings import Remedy, assessed, hits
from infra.vulnerabilities.installed import installed, offered, release
from ringfence.health.vulnerabilities import questions
from tests.fast.declaration.declared import PLATFORM
from tests.fast.declaration.declared import SERVICES as DECLARED_SERVICES
from tests.fast.vulnerabilities.publishing import Row, packed
from tests.truth.services.archive import SECURITY, SUITE, Archive
from tests.truth.services.house import eventually
from tests.truth.services.papers import Papers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hardening.services.credentials import Credentials
    from tests.truth.services.house import Host, House

MIRROR, SERVICES = IPv4Address("172.29.0.66"), IPv4Address("172.29.0.200")
WEB, STRANGER = IPv4Address("172.30.0.4"), IPv4Address("172.30.1.4")
FRONT = Front(SERVICES, 443, (ip_network("172.30.0.0/24"),))
OPEN = Updates(time(0, 0), 1440, restart=True)
"""A window that is open all day; a server's own minute is in its first half."""
DECLARED = f"/debian/dists/{SUITE}/InRelease"
REFUSED = (
    "/",
    "/debian/dists/sid/InRelease",  # another suite
    "/debian/pool/contrib/c/canary/canary_1.0_all.deb",  # another component
    "/keys/pubring.kbx",  # another folder of the mirror
    f"/debian/dists/{SUITE}/../../../keys/pubring.kbx",
    f"/debian/dists/{SUITE}/%2e%2e/%2e%2e/%2e%2e/keys/pubring.kbx",
    f"{DECLARED}?tell=secret",
    f"http://{MIRROR}/debian/project/trace",  # as a forward proxy is asked
)
_ASK = """
import http.client, ssl, sys
method, path = sys.argv[1:3]
context = ssl.create_default_context(cafile=sys.argv[3])
connection = http.client.HTTPSConnection(sys.argv[4], 443, context=context, timeout=120)
connection.putrequest(method, path, skip_accept_encoding=True)
connection.putheader("X-Told", "secret")
connection.endheaders()
print(connection.getresponse().status)
"""


def serve(host: Host, folder: Path) -> Path:
    """Start a mirror in a host's network: this machine's Python over the archive's folder. Returns its log."""
    log = host.folder / "mirror.log"
    host.outside("python3", "-u", "-m", "http.server", "80", "--directory", str(folder), log=log)
    assert eventually(lambda: "Serving" in log.read_text(encoding="utf-8"), seconds=60)
    return log


@dataclass
class Street:
    """A mirror, the services server in front of it, and a server that reaches nothing but that."""

    archive: Archive
    papers: Papers
    services: Host
    web: Host
    asked: Path
    mirror: Mirror
    own: Credentials
    """What the services server shows."""

    def ask(self, path: str, *, method: str = "GET", host: Host | None = None) -> int:
        """The status of an answer of the proxy."""
        return int((host or self.web).run_outside("python3", "-c", _ASK, method, path, str(self.authority), str(SERVICES)).stdout)

    @property
    def authority(self) -> Path:
        """A file with the authority's certificate."""
        return self.web.root / "run/ringfence/files" / credentials.AUTHORITY

    def apt(self, *words: str, check: bool = True) -> str:
        """What apt-get says on the server."""
        done = self.web.run("apt-get", "-q", "-y", *words, check=check)
        return done.stdout + done.stderr

    def installed(self, name: str) -> str:
        """The version of a package that is installed."""
        return self.web.run("dpkg-query", "-W", "-f", "${Version}", name, check=False).stdout


@pytest.fixture
def street(house: House, tmp_path: Path) -> Iterator[Street]:
    """Everything up; the first version of the package is installed."""
    archive, papers = Archive.new(tmp_path / "archive"), Papers.new()
    try:
        archive.add(SUITE, {"canary": "1.0", "other": "1.0"})
        archive.add(SECURITY, {})
        outside, services, web = house.add("mirror", MIRROR), house.add("services", SERVICES), house.add("web", WEB)
        asked = serve(outside, tmp_path / "archive")
        mirror = Mirror("debian", "http", "mirror.example", MIRROR, 80, "/debian", (SUITE, SECURITY), key=archive.key)
        services.run("mkdir", "/data")
        services.run("mount", "-t", "tmpfs", "tmpfs", "/data")
        own = papers.server("services", SERVICES)
        services.put((*credentials.files(own), *packages.proxy(FRONT, (mirror,), 1)))
        services.start(packages.UNIT)
        web.put((*credentials.files(papers.client("acme", "web", WEB)), *packages.client(FRONT, (mirror,), OPEN)))
        made = Street(archive, papers, services, web, asked, mirror, own)
        assert eventually(lambda: services.run("sh", "-c", "cat /proc/net/tcp | grep -c ' 0A '", check=False).stdout.strip() != "0")
        yield made
    finally:
        archive.close()


def test_a_server_without_a_route_gets_a_package_and_its_security_update(street: Street) -> None:
    """Apt installs over the proxy; the update comes by itself in the window, from the security suite only, and what was done is told."""
    street.apt("update")
    street.apt("install", "canary", "other")
    assert street.installed("canary") == "1.0"
    street.archive.add(SUITE, {"canary": "1.0", "other": "2.0"})
    street.archive.add(SECURITY, {"canary": "1.1"})
    street.services.run("sh", "-c", "rm -rf /data/packages/cache/*")
    street.web.run("/usr/lib/ringfence/security-updates", "now")
    assert (street.installed("canary"), street.installed("other")) == ("1.1", "1.0")
    told = json.loads((street.web.root / "var/lib/ringfence/updates.json").read_text(encoding="utf-8"))
    assert (told["result"], told["packages"]) == ("done", ["canary 1.1"])


def test_what_a_server_has_and_is_offered_is_told_by_its_own_programs(street: Street) -> None:
    """The list of dpkg, the release, and what apt would bring from the security suite; a source that is vulnerable, and mended by it."""
    asked = questions.of_host(Platform.model_validate(PLATFORM | {"services": DECLARED_SERVICES}))
    street.apt("update")
    street.apt("install", "canary", "other")
    told = {name: street.web.run(*command).stdout for name, command in asked.items()}
    assert offered(told["offered"]) == ()
    street.archive.add(SUITE, {"canary": "1.0", "other": "2.0"})
    street.archive.add(SECURITY, {"canary": "1.1"})
    street.services.run("sh", "-c", "rm -rf /data/packages/cache/*")
    street.apt("update")
    told = {name: street.web.run(*command).stdout for name, command in asked.items()}
    has, brought, release_ = installed(told["installed"]), offered(told["offered"]), release(told["release"])
    assert (release_.name, [(each.name, each.version) for each in brought]) == ("trixie", [("canary", "1.1")])
    assert len(has) > 100
    data = tracker.read(packed([Row("CVE-2026-1001", "canary", others="1.1"), Row("CVE-2026-1002", "other", others="2.0")]), "trixie")
    found = {hit.entry.bug: assessed(hit, has, brought, release_.number).remedy for hit in hits(has, data)}
    assert found == {"CVE-2026-1001": Remedy.UPDATE, "CVE-2026-1002": Remedy.NONE}
    sources = {source.name for package in has if package.name.startswith("linux-image-6") for source in package.sources}
    assert "linux" in sources, "the kernel's vulnerabilities are those of its source"
    street.web.run("rm", "/run/ringfence/files/apt/security.pref")
    street.web.run("sh", "-c", "echo 'Pin: broken' > /run/ringfence/files/apt/security.pref")
    assert street.web.run(*asked["offered"], check=False).returncode != 0


def test_only_declared_paths_are_handed_on(street: Street) -> None:
    """The mirror has every one of these files, or is asked for none of them; only the declared one arrives."""
    (street.archive.folder / "dists/sid").mkdir()
    (street.archive.folder / "dists/sid/InRelease").write_text("there", encoding="utf-8")
    assert {path: street.ask(path) for path in REFUSED} == dict.fromkeys(REFUSED, 403)
    assert "GET" not in street.asked.read_text(encoding="utf-8")
    assert street.ask(DECLARED) == 200
    assert street.asked.read_text(encoding="utf-8").count("GET") == 1


def test_nothing_but_reading_is_possible(street: Street) -> None:
    """Other methods never reach the mirror; reading the same path does."""
    answers = {method: street.ask(DECLARED, method=method) for method in ("POST", "PUT", "DELETE", "PURGE", "CONNECT")}
    assert set(answers.values()) <= {400, 403, 405}, answers
    assert not any(method in street.asked.read_text(encoding="utf-8") for method in answers)
    assert street.ask(DECLARED) == 200


def test_who_is_not_in_the_pool_gets_nothing(street: Street, house: House) -> None:
    """The proxy itself refuses, whatever a packet filter lets through; a server of the pool gets the same file."""
    assert street.ask(DECLARED, host=house.add("stranger", STRANGER)) == 403
    assert street.ask(DECLARED) == 200


def test_an_archive_that_another_key_signed_is_not_believed(street: Street, tmp_path: Path) -> None:
    """The proxy hands on what the mirror has; apt refuses it. Signed by the right key, the same is taken."""
    street.apt("update")
    forged = Archive.new(tmp_path / "forged")
    try:
        forged.add(SUITE, {"canary": "6.6"})
        right = (street.archive.folder / f"dists/{SUITE}/InRelease").read_bytes()
        (street.archive.folder / f"dists/{SUITE}/InRelease").write_bytes((forged.folder / f"dists/{SUITE}/InRelease").read_bytes())
        street.services.run("sh", "-c", "rm -rf /data/packages/cache/*")
        assert "NO_PUBKEY" in (said := street.apt("update", "-o", "APT::Update::Error-Mode=any", check=False)) or "Missing key" in said, (
            said
        )
        (street.archive.folder / f"dists/{SUITE}/InRelease").write_bytes(right)
    finally:
        forged.close()
    street.services.run("sh", "-c", "rm -rf /data/packages/cache/*")
    street.apt("update", "-o", "APT::Update::Error-Mode=any")


def test_a_proxy_of_another_authority_is_not_asked_for_packages(street: Street) -> None:
    """The client checks who answers: with another authority's certificate apt gets nothing, with the right one it does."""
    street.apt("update", "-o", "APT::Update::Error-Mode=any")
    street.web.put(credentials.files(Papers.new().client("acme", "web", WEB))[:1])
    said = street.apt("update", "-o", "APT::Update::Error-Mode=any", check=False)
    assert "certificate" in said.lower(), said


@pytest.mark.parametrize("how", ["revoked", "missing"])
def test_a_proxy_whose_certificate_is_revoked_is_not_asked_for_packages(street: Street, how: str) -> None:
    """By the server's list; without one apt asks nobody. With a new certificate, and the list, it does.

    Of OpenSSL's reason apt says only that it did not believe the certificate: the same one was believed with the list of before.
    """
    strictly = ("update", "-o", "APT::Update::Error-Mode=any")
    street.apt(*strictly)
    place = street.web.root / "run/ringfence/files" / credentials.REVOKED
    street.papers.take_back(street.own.certificate)
    place.write_text(street.papers.revoked, encoding="ascii") if how == "revoked" else place.unlink()
    said = street.apt(*strictly, check=False)
    assert ("certificate verify failed" if how == "revoked" else "revocation list") in said, said
    place.write_text(street.papers.revoked, encoding="ascii")
    street.services.put(credentials.files(street.papers.server("services", SERVICES)))
    street.services.daemons[-1].stop()
    street.services.start(packages.UNIT)
    assert eventually(lambda: street.web.run("apt-get", "-q", "-y", *strictly, check=False).returncode == 0)


def test_updates_wait_for_their_window_come_once_in_it_and_restart_the_server_if_that_is_declared(street: Street) -> None:
    """Before it: nothing. In it: once. The kernel that runs here is no package's, so the server needs a restart, and asks for it once."""
    asked = street.web.root / "tmp/asked"
    fake = street.web.root / "usr/bin/systemctl"
    fake.write_text('#!/bin/sh\necho "$@" >>/tmp/asked\n', encoding="utf-8")
    (street.web.root / "etc/hostname").write_text("web\n", encoding="utf-8")
    street.apt("update")
    street.apt("install", "canary")
    street.archive.add(SECURITY, {"canary": "1.1"})
    street.services.run("sh", "-c", "rm -rf /data/packages/cache/*")
    now = datetime.now(UTC)
    later, since = now + timedelta(minutes=30), now - timedelta(minutes=15)
    for opens, version, restarts in ((later, "1.0", 0), (since, "1.1", 1), (since, "1.1", 1)):
        window = replace(OPEN, start=opens.time().replace(second=0, microsecond=0), minutes=25)
        street.web.put(packages.client(FRONT, (street.mirror,), window))
        street.web.run("/usr/lib/ringfence/security-updates")
        assert street.installed("canary") == version
        assert (asked.read_text(encoding="utf-8").count("reboot") if asked.exists() else 0) == restarts


def test_what_was_fetched_once_is_there_while_the_mirror_is_away(street: Street, house: House) -> None:
    """A package that one server has fetched is in the cache for the next."""
    street.apt("update")
    street.apt("install", "canary")
    house.cut(house.hosts[0])
    street.web.run("apt-get", "clean")
    street.apt("install", "--reinstall", "canary")
    assert street.asked.read_text(encoding="utf-8").count("canary_1.0_all.deb") == 1
