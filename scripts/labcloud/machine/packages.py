"""The Debian packages that the lab runs from. Installing them is the one thing it changes on the machine."""

from __future__ import annotations

import fcntl
from pathlib import Path
from typing import Final

from hardening.image import host
from labcloud.settings import LabError

LIST: Final = Path(__file__).with_name("host-packages.txt")


def listed(file: Path = LIST) -> tuple[str, ...]:
    """The names in a list of packages; lines that begin with # are comments."""
    return host.packages(file.read_text(encoding="utf-8"))


def missing(names: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """Those of the packages (the lab's, when none are named) that are not installed."""
    wanted = listed() if names is None else names
    return host.missing(wanted, host.status(wanted))


def install(packages: tuple[str, ...], log: Path) -> None:
    """Install packages without starting a single daemon on the machine; :class:`LabError` when apt fails."""
    with host.LOCK.open("a") as lock, log.open("ab") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        policy = _forbid_starts()
        try:
            for arguments in (("update",), ("install", "-y", "--no-install-recommends", *packages)):
                code = host.apt(*arguments, log=output).returncode
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


def _forbid_starts() -> Path | None:
    """Put Debian's switch against starting daemons in place, unless the machine has one of its own."""
    file = Path("/usr/sbin/policy-rc.d")
    if file.exists():
        return None
    file.write_text("#!/bin/sh\nexit 101\n")
    file.chmod(0o755)
    return file
