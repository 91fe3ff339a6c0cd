"""The Debian packages that the build needs on this machine, installed when they are missing and the user is root."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from infra.errors import RingfenceError

if TYPE_CHECKING:
    from hardening.image.progress import Progress

LIST: Final = Path(__file__).parent / "host-packages.txt"
LOCK: Final = Path("/tmp/apt.lock")  # noqa: S108 - shared on purpose by everything here that calls apt
_APT: Final = ("apt-get", "-q", "-o", "DPkg::Lock::Timeout=300")
_ENVIRONMENT: Final = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
SECONDS: Final = 1200.0


def packages(text: str) -> tuple[str, ...]:
    """Names in the list: one in each line, comments and empty lines left out."""
    return tuple(line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#"))


def missing(wanted: tuple[str, ...], status: str) -> tuple[str, ...]:
    """Packages of ``wanted`` that ``dpkg-query`` does not call installed; ``status`` has ``name state`` in each line."""
    installed = {line.split()[0] for line in status.splitlines() if line.endswith(" installed")}
    return tuple(name for name in wanted if name not in installed)


def ensure(progress: Progress) -> None:
    """Install what is missing; nothing is done, and no privilege needed, when all is there.

    Raises:
        RingfenceError: not root, or apt failed.
    """
    wanted = packages(LIST.read_text(encoding="utf-8"))
    if not missing(wanted, status(wanted)):
        return
    if os.geteuid() != 0:
        raise RingfenceError.of(
            "packages for the build of the image are missing",
            where="this machine",
            expected=" ".join(wanted),
            hint=f"apt-get install --no-install-recommends {' '.join(missing(wanted, status(wanted)))}",
        )
    with progress.step("Packages for the build"), LOCK.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Somebody else may have installed them while this waited.
        if names := missing(wanted, status(wanted)):
            _apt("update")
            _apt("install", "-y", "--no-install-recommends", *names)


def status(wanted: tuple[str, ...]) -> str:
    """Return ``name state`` of packages, a line each."""
    command = ("dpkg-query", "--show", "--showformat=${Package} ${db:Status-Status}\n", *wanted)
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def apt(*arguments: str, log: BinaryIO | None = None) -> subprocess.CompletedProcess[str]:
    """Run apt-get without a question; what it says goes to the log, or into the answer when there is none."""
    out, error = (log, subprocess.STDOUT) if log else (subprocess.PIPE, subprocess.PIPE)
    return subprocess.run(
        (*_APT, *arguments),
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=error,
        text=True,
        check=False,
        env=_ENVIRONMENT,
        timeout=SECONDS,
    )


def _apt(*arguments: str) -> None:
    result = apt(*arguments)
    if result.returncode:
        raise RingfenceError.of(
            f"apt-get {arguments[0]} failed",
            where="this machine",
            expected="exit code 0",
            got=f"exit code {result.returncode}: {result.stderr.strip()[-500:]}",
            hint="repair apt and run scripts/image build again",
        )
