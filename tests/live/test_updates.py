"""Security updates come in their window: the unit that the timer starts, on a tenant's server, out of the window and in it.

What is open is made: an older version of a package that the mirror has and no server needs. Everything is put back, the window first.
"""

from __future__ import annotations

import contextlib
import json
import shlex
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from hardening.services.credentials import seen
from hardening.services.packages import WINDOW
from infra.policy.services import Service, declared_services
from ringfence.health.questions import PACKAGES, UPDATES, last_run, open_updates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from testinfra.host import Host

    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
PACKAGE = "apt-transport-https"
"""The lab's mirror has it, and it needs nothing which a server lacks (``labcloud.machine.mirror``)."""
UNIT, TIMER = "ringfence-updates.service", "ringfence-updates.timer"
HALF = timedelta(minutes=30)
"""Of a window of an hour. A server's own minute is in the first half, so it is over where half an hour is."""
OLDER = "2~of.a.test"
"""Older than any that Debian 13 has; apt breaks those before 1.5."""
KEPT = (UPDATES, "/var/lib/ringfence/updates.window", "/var/lib/aide/aide.db")
"""What the unit leaves: what it did, in which window, and the list of the server's files."""
ASIDE = "/var/lib/of-a-test"
INSTALL = f"""set -eu
folder=$(mktemp -d)
chmod 0755 "$folder"
mkdir -m 0755 "$folder/DEBIAN"
printf '%s\\n' 'Package: {PACKAGE}' 'Version: {OLDER}' 'Architecture: all' 'Maintainer: a test' 'Description: older than the mirror has' \
    >"$folder/DEBIAN/control"
dpkg-deb --build --root-owner-group "$folder" "$folder.deb"
dpkg --install "$folder.deb"
rm -r "$folder" "$folder.deb"
"""


def shell(host: Host, script: str) -> str:
    """Run a script that has to succeed, and return what it says."""
    return str(host.check_output(f"sh -c {shlex.quote(script)}"))


@contextlib.contextmanager
def put_back(host: Host) -> Iterator[None]:
    """Keep what the unit leaves, and take the records of earlier runs away meanwhile."""
    shell(host, f"set -e; mkdir -m 0700 {ASIDE}; for file in {' '.join(KEPT)}; do [ ! -e $file ] || cp -a $file {ASIDE}; done")
    shell(host, f"rm -f {' '.join(KEPT[:2])}")
    try:
        yield
    finally:
        back = "".join(
            f"rm -f {file}; [ ! -e {ASIDE}/{name} ] || mv {ASIDE}/{name} {file};" for file in KEPT for name in [file.rpartition("/")[2]]
        )
        shell(host, f"set -e; {back} rmdir {ASIDE}")


@contextlib.contextmanager
def an_older_package(host: Host) -> Iterator[None]:
    """Install what the mirror has a newer version of; nothing of it stays."""
    try:
        shell(host, INSTALL)
        yield
    finally:
        host.check_output(f"dpkg --purge {PACKAGE}")


@contextlib.contextmanager
def window(host: Host, opens: datetime) -> Iterator[None]:
    """Let the server see another window, of an hour, at whose end it is not restarted; its files themselves stay as they are."""
    file, minutes = "/run/window-of-a-test", HALF * 2 // timedelta(minutes=1)
    shell(host, f"echo {opens:%H%M} {minutes} stay >{file} && mount --bind {file} {seen(WINDOW)}")
    try:
        yield
    finally:
        shell(host, f"umount {seen(WINDOW)} && rm {file}")


def is_installed(host: Host) -> bool:
    """Tell whether the package is there; dpkg may know its name all the same."""
    return str(host.run(f"dpkg-query -W -f '${{db:Status-Status}}' {PACKAGE}").stdout) == "installed"


def started(host: Host) -> tuple[str, str]:
    """Start the timer's unit, wait for its end, and return the installed version and what is told of the last run."""
    host.check_output(f"systemctl start {UNIT}")
    return host.check_output(f"dpkg-query -W -f '${{Version}}' {PACKAGE}"), shell(host, PACKAGES["updates"][2])


def test_a_server_installs_updates_in_its_window_only_and_once(opened: Opened, hosts: dict[str, Host]) -> None:
    """Before the window opens: nothing, on the same server with the same update open. In it: installed and told, and not twice."""
    if Service.PACKAGES not in declared_services(opened.inventory.platform):
        pytest.skip("the platform offers no packages")
    host = next(iter(hosts.values()))
    assert host.check_output(f"systemctl show --property=Triggers --value {TIMER}") == UNIT
    assert host.check_output(f"systemctl is-active {TIMER}") == "active"
    assert not is_installed(host)
    host.check_output("apt-get update --error-on=any")
    with put_back(host), an_older_package(host):
        if (found := open_updates(host.check_output(shlex.join(PACKAGES["open"])))) != [PACKAGE]:
            pytest.skip(f"the mirror has other updates for this server than the one that is made: {', '.join(found) or 'none'}")
        assert is_installed(host)
        begun = datetime.fromtimestamp(int(host.check_output("date +%s")), UTC)
        with window(host, begun + HALF):
            version, told = started(host)
            assert (version, last_run(told)) == (OLDER, None)
        with window(host, begun - HALF):
            version, told = started(host)
            run = last_run(told)
            assert run is not None
            assert (run["result"], json.loads(told)["packages"], run["at"] >= begun) == ("done", [f"{PACKAGE} {version}"], True)
            assert version != OLDER
            assert started(host) == (version, told)
    assert not is_installed(host)
