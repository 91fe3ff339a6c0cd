"""The Debian packages that the lab runs from. Installing them is the one thing it changes on the machine."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import BinaryIO, Final

from labcloud.settings import LabError

# libvirt-daemon and not libvirt-daemon-system: the latter brings units and configuration for the host.
PACKAGES: Final = (
    *("libvirt-daemon", "libvirt-daemon-driver-qemu", "libvirt-clients", "python3-libvirt"),
    *("qemu-system-x86", "qemu-utils", "qemu-block-extra"),
    *("openvswitch-switch", "openvswitch-common", "ovn-central", "ovn-host"),
    *("mariadb-server", "rabbitmq-server", "memcached"),
    *("ceph-mon", "ceph-mgr", "ceph-osd", "ceph-common", "python3-rados", "python3-rbd"),
    # Nova writes config drives with genisoimage; uwsgi comes as source only.
    *("genisoimage", "ethtool", "iproute2", "iputils-ping", "iputils-arping", "netcat-openbsd", "tcpdump"),
    *("openssh-client", "cryptsetup-bin", "nftables", "zstd", "gcc", "libc6-dev", "python3-dev", "python3-venv"),
)
LOCK: Final = Path("/tmp/apt.lock")  # noqa: S108 - shared on purpose by everything here that calls apt
SECONDS: Final = 1200.0


def missing() -> tuple[str, ...]:
    """The packages that are not installed."""
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *PACKAGES],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return tuple(package for package in PACKAGES if package not in installed)


def install(packages: tuple[str, ...], log: Path) -> None:
    """Install packages without starting a single daemon on the machine; :class:`LabError` when apt fails."""
    with LOCK.open("a") as lock, log.open("ab") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        policy = _forbid_starts()
        try:
            for arguments in (("update", "-q"), ("install", "-y", "-q", "--no-install-recommends", *packages)):
                code = _apt(arguments, output)
                if code:
                    raise LabError.of(
                        "apt-get could not install the lab's packages",
                        where=str(log),
                        expected=f"`apt-get {arguments[0]}` ends with 0",
                        got=str(code),
                        hint="read the log, repair apt, and run ./scripts/lab up again",
                    )
        finally:
            if policy:
                policy.unlink()


def _apt(arguments: tuple[str, ...], output: BinaryIO) -> int:
    """Run apt-get without a question."""
    return subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=300", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"},
        timeout=SECONDS,
        check=False,
    ).returncode


def _forbid_starts() -> Path | None:
    """Put Debian's switch against starting daemons in place, unless the machine has one of its own."""
    file = Path("/usr/sbin/policy-rc.d")
    if file.exists():
        return None
    file.write_text("#!/bin/sh\nexit 101\n")
    file.chmod(0o755)
    return file
