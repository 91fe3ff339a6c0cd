"""What the platform's services give to tenants' servers, and what they refuse; what they let through is the matrix's part of ``verify``."""

from __future__ import annotations

import csv
import json
import shutil
import time
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.declaration.addresses import services_address
from tests.fast.vulnerabilities.publishing import Row, packed
from tests.live.test_verbs import RINGFENCE, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from testinfra.host import Host

    from infra.declaration.services import Services
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
AUTHENTICATED, SELECTED = "NTS", ["^", "*"]
FOLLOW_SECONDS = 600.0
DOWNLOAD = "/usr/lib/apt/apt-helper download-file {url} {file}"


@pytest.fixture(scope="module")
def services(opened: Opened) -> Services:
    """Return what the platform declares."""
    declared = opened.inventory.platform.services
    if declared is None:
        pytest.skip("the platform declares no services")
    return declared


@pytest.fixture(scope="module")
def proxy(opened: Opened, services: Services) -> str:
    """Return where the proxy answers."""
    del services
    return f"https://{services_address(opened.inventory.platform)}"


def test_a_server_without_a_way_outside_gets_security_updates(services: Services, hosts: dict[str, Host], proxy: str) -> None:
    """The mirror itself is out of reach; through the proxy its signed index comes, and apt believes it."""
    if services.packages is None:
        pytest.skip("the platform offers no packages")
    for name, host in hosts.items():
        for mirror in services.packages.mirrors.values():
            direct = host.run(f"timeout 5 {DOWNLOAD.format(url=f'http://{mirror.host}:{mirror.port}/', file='/dev/null')}")
            assert direct.rc != 0, name
        told = host.check_output("apt-get update --error-on=any")
        assert proxy in told, name
        assert "trixie-security" in told, name


def test_the_proxy_hands_on_what_is_declared_and_nothing_else(services: Services, hosts: dict[str, Host], proxy: str) -> None:
    """The index of a declared suite is there; its neighbours, a way up, and what else lies on the same disk are forbidden."""
    if services.packages is None:
        pytest.skip("the platform offers no packages")
    name, mirror = next(iter(services.packages.mirrors.items()))
    host = next(iter(hosts.values()))
    file = host.check_output("mktemp -u")
    allowed = host.run(DOWNLOAD.format(url=f"{proxy}/{name}/dists/{mirror.suites[0]}/InRelease", file=file))
    assert allowed.rc == 0, allowed.stderr
    for path in ("", f"{name}/", f"{name}/dists/sid/InRelease", f"{name}/dists/../README", "another/dists/trixie/InRelease", "data/logs/"):
        refused = host.run(DOWNLOAD.format(url=f"{proxy}/{path}", file=file))
        assert (refused.rc != 0, "403" in refused.stdout + refused.stderr) == (True, True), path
    host.check_output(f"rm -f {file}")


@pytest.fixture
def without_a_journal(tmp_path: Path) -> Iterator[None]:
    """Put aside what was seen of vulnerabilities before, for what these tests make up was never published."""
    kept, aside = paths.state() / "vulnerabilities", tmp_path / "aside"
    if kept.exists():
        shutil.move(kept, aside)
    yield
    shutil.rmtree(kept, ignore_errors=True)
    if aside.exists():
        shutil.move(aside, kept)


@pytest.mark.usefixtures("without_a_journal", "services")
def test_a_vulnerability_of_a_program_that_servers_have_is_told_for_each_of_them(opened: Opened, tmp_path: Path) -> None:
    """By the packages that the servers say they have; what is fixed in their version is not told. Its deadline is still to come."""
    data = tmp_path / "trixie"
    rows = (Row("CVE-2026-0001", "openssh", "SHRF", "99:1", "99:1"), Row("CVE-2026-0002", "openssh", "SHRF", "1:1", "1:1"))
    data.write_bytes(packed(rows, "openssh,openssh-client openssh-server openssh\n"))
    done = run(RINGFENCE, "vulns", "--data", data, "--json")
    assert done.code == 0, done.err + done.out[-3000:]
    told = json.loads(done.out)
    found = {(one["tenant"], one["server"]): [(each["cve"], each["over"]) for each in one["vulnerabilities"]] for one in told["servers"]}
    servers = {(tenant.name, server) for tenant in opened.inventory.tenants for server in tenant.declaration.servers}
    assert found.keys() > servers
    assert set(map(tuple, found.values())) == {(("CVE-2026-0001", False),)}


def rows(host: Host, question: str) -> list[list[str]]:
    """Ask a server's chrony."""
    return list(csv.reader(host.check_output(f"chronyc -c {question}").splitlines()))


def followed(host: Host) -> list[object]:
    """Return whom a server follows: the source and its authentication, whether it has cookies, and whether it is selected.

    Everything was started anew a while ago, and chrony asks for keys again after pauses that grow: the answer is awaited, and what needs
    none of it is tried meanwhile.
    """
    end = time.monotonic() + FOLLOW_SECONDS
    while True:
        (authdata,), (source,) = rows(host, "authdata"), rows(host, "sources")
        told: list[object] = [authdata[:2], int(authdata[8]) > 0, source[:3]]
        if source[:2] == SELECTED or time.monotonic() > end:
            return told
        time.sleep(2)


def test_every_server_follows_the_services_server_and_has_proof_of_it(opened: Opened, services: Services, hosts: dict[str, Host]) -> None:
    """One source, authenticated by NTS with cookies in store, and selected."""
    if services.time is None:
        pytest.skip("the platform offers no time")
    source = str(services_address(opened.inventory.platform))
    for name, host in hosts.items():
        assert followed(host) == [[source, AUTHENTICATED], True, [*SELECTED, source]], name
