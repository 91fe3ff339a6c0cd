"""What the platform's services give to tenants' servers, and what they refuse; what they let through is the matrix's part of ``verify``."""

from __future__ import annotations

import csv
import time
from typing import TYPE_CHECKING

import pytest

from infra.declaration.addresses import services_address

if TYPE_CHECKING:
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


def rows(host: Host, question: str) -> list[list[str]]:
    """Ask a server's chrony."""
    return list(csv.reader(host.check_output(f"chronyc -c {question}").splitlines()))


def followed(host: Host) -> list[object]:
    """Return whom a server follows: the source and its authentication, whether it has cookies, and whether it is selected.

    Everything was started anew a while ago, and chrony asks for keys again after pauses that grow: the answer is awaited.
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
    """The index of a declared suite is there; its neighbours, and a way up, are forbidden."""
    if services.packages is None:
        pytest.skip("the platform offers no packages")
    name, mirror = next(iter(services.packages.mirrors.items()))
    host = next(iter(hosts.values()))
    file = host.check_output("mktemp -u")
    allowed = host.run(DOWNLOAD.format(url=f"{proxy}/{name}/dists/{mirror.suites[0]}/InRelease", file=file))
    assert allowed.rc == 0, allowed.stderr
    for path in ("", f"{name}/", f"{name}/dists/sid/InRelease", f"{name}/dists/../README", "another/dists/trixie/InRelease"):
        refused = host.run(DOWNLOAD.format(url=f"{proxy}/{path}", file=file))
        assert (refused.rc != 0, "403" in refused.stdout + refused.stderr) == (True, True), path
    host.check_output(f"rm -f {file}")
