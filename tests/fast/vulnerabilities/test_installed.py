"""What a server has and is offered is read as a whole or not at all."""

from __future__ import annotations

import pytest

from infra.errors import GuestError
from infra.vulnerabilities.installed import Package, Release, Source, installed, offered, release
from tests.fast.vulnerabilities.publishing import RELEASE, listed

pytestmark = pytest.mark.fast
KERNEL = "linux-image-6.12.57+deb13-amd64 6.12.57-1 linux-signed-amd64 6.12.57+1 linux (= 6.12.57-1)"
PLAN = """Reading package lists...
Inst libc6 [2.41-12] (2.41-12+deb13u1 Debian-Security:13/stable-security [amd64])
Inst linux-image-6.12.63+deb13-amd64 (6.12.63-1 Debian-Security:13/stable-security [amd64])
Conf libc6 (2.41-12+deb13u1 Debian-Security:13/stable-security [amd64])
1 upgraded, 1 newly installed, 0 to remove and 0 not upgraded.
"""
RECORDS = """Package: libc6
Source: glibc
Version: 2.41-12+deb13u1
Package: linux-image-6.12.63+deb13-amd64
Source: linux-signed-amd64 (6.12.63+1)
Version: 6.12.63-1
Built-Using: linux (= 6.12.63-1)
"""


def test_a_package_has_its_source_and_what_is_built_into_it() -> None:
    """A signed kernel is of the source linux, which only the latter says; what left only its configuration is not there."""
    text = listed(KERNEL, "libssl3t64 3.5.1-1+b1 openssl 3.5.1-1") + "rc \tgone\t1\tgone\t1\t\t\niU \thalf\t1\thalf\t1\t\t\n"
    found = {package.name: package for package in installed(text)}
    assert found["linux-image-6.12.57+deb13-amd64"].sources == (Source("linux-signed-amd64", "6.12.57+1"), Source("linux", "6.12.57-1"))
    assert found["libssl3t64"] == Package("libssl3t64", "3.5.1-1+b1", (Source("openssl", "3.5.1-1"),))
    assert ("gone" in found, "half" in found) == (False, True)


def test_what_is_offered_is_what_is_planned_with_its_sources() -> None:
    """Also what comes newly beside the old one."""
    assert offered(PLAN + RECORDS) == (
        Package("libc6", "2.41-12+deb13u1", (Source("glibc", "2.41-12+deb13u1"),)),
        Package("linux-image-6.12.63+deb13-amd64", "6.12.63-1", (Source("linux-signed-amd64", "6.12.63+1"), Source("linux", "6.12.63-1"))),
    )
    assert offered("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n") == ()


@pytest.mark.parametrize(
    "text",
    [
        "",
        listed().replace("dpkg", "other"),
        listed() + "ii \tbash\t5\n",
        listed() + "xx \tbash\t5\tbash\t5\t\t\n",
        listed("bash 5_1 bash 5"),
        listed("bash 5 bash 5_1"),
        listed("bash 5 BASH 5"),
        listed("bash 5 bash 5 linux 6.12"),
    ],
)
def test_a_list_of_packages_that_is_not_understood_is_refused(text: str) -> None:
    """None of its lines is left out."""
    with pytest.raises(GuestError, match="list of packages"):
        installed(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        RECORDS,
        PLAN,
        PLAN + RECORDS.replace("2.41-12+deb13u1", "2.41-13"),
        PLAN + RECORDS.replace("Package: libc6\n", ""),
        PLAN.replace("(2.41", "2.41") + RECORDS,
    ],
)
def test_a_plan_that_is_not_understood_is_refused(text: str) -> None:
    """No plan, no record of what is planned, a record of another version."""
    with pytest.raises(GuestError, match="apt"):
        offered(text)


def test_the_release_is_the_servers_own_word() -> None:
    """Another distribution, and a server that does not say, have none."""
    assert release(RELEASE) == Release("trixie", "13")
    for text in ("", RELEASE.replace("ID=debian", "ID=ubuntu"), RELEASE.replace("VERSION_CODENAME", "X")):
        with pytest.raises(GuestError, match="which release"):
            release(text)
