"""The Debian packages that the lab runs from. Installing them is the one thing it changes on the machine."""

from __future__ import annotations

import fcntl
import subprocess
from pathlib import Path
from typing import BinaryIO, Final

from labcloud.settings import LabError

LIST: Final = Path(__file__).with_name("host-packages.txt")
LOCK: Final = Path("/tmp/apt.lock")  # noqa: S108 - shared on purpose by everything here that calls apt
SECONDS: Final = 1200.0


def listed(file: Path = LIST) -> tuple[str, ...]:
    """The names in a list of packages; lines that begin with # are comments."""
    lines = (line.strip() for line in file.read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def missing(names: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Those of the packages (the lab's, when none are named) that are not installed."""
    wanted = listed() if names is None else names
    answer = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    installed = {line.split()[0] for line in answer.stdout.splitlines() if line.endswith(" installed")}
    return tuple(package for package in wanted if package not in installed)


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
