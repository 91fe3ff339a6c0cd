"""A small mirror of Debian's security archive for the host outside: its true index, signed by Debian, and one package of it.

What a platform declares as its mirror must be one that apt believes. So apt itself fetches the index, over this machine's own sources, and
the files are laid out as a mirror has them.
"""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Final

from hardening.image import archive
from labcloud.settings import LabError

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

SUITE: Final = "trixie"
SECURITY: Final = f"{SUITE}-security"
FOLDER: Final = "debian-security"
"""The path under which the host outside offers it, as Debian's own mirrors do."""
PACKAGE: Final = "apt-transport-https"
"""A small package of the archive that needs nothing which a server lacks."""
FRESH_SECONDS: Final = 24 * 3600.0
"""An index that is older is fetched again; Debian's are valid for a week."""
PATIENCE_SECONDS: Final = 300.0


def location(cache: Path) -> Path:
    """The folder that the host outside offers."""
    return cache / "lab-mirror"


def is_ready(cache: Path) -> bool:
    """Tell whether the mirror is there and fresh."""
    try:
        return time.time() - _release(location(cache)).stat().st_ctime < FRESH_SECONDS
    except FileNotFoundError:
        return False


def make(cache: Path, log: Path) -> Path:
    """Fetch the mirror unless it is fresh; one maker at a time, and whole or not at all. :class:`LabError` when that fails."""
    target = location(cache)
    with (cache / "lab-mirror.lock").open("a") as lock, log.open("ab") as output:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready(cache):
            return target
        draft = target.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        apt = _private_apt(draft / "apt")
        _run((*apt, "update"), draft, output)
        pool = _place(apt, draft)  # before the package is there: apt says nothing of what it has
        _run((*apt, "download", PACKAGE), draft, output)
        lay_out(draft, pool)
        shutil.rmtree(draft / "apt")
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
    return target


def _private_apt(folder: Path) -> tuple[str, ...]:
    """Return apt-get with folders of its own: the machine's lists and settings of packages stay as they are."""
    for name in ("lists/partial", "archives/partial"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()
    lines = [line for line in archive.host_sources(SUITE) if f" {SECURITY} " in line]
    if not lines:
        hint = "add Debian's security archive to this machine's sources and run apt-get update"
        raise LabError.of("this machine's apt knows no security archive", where="apt's sources", expected=SECURITY, hint=hint)
    (folder / "sources.list").write_text("".join(f"{line}\n" for line in lines))
    options = (
        f"Dir::Etc::sourcelist={folder}/sources.list",
        "Dir::Etc::sourceparts=/dev/null",
        "Dir::Etc::preferencesparts=/dev/null",
        f"Dir::State::lists={folder}/lists",
        f"Dir::State::status={folder}/status",
        f"Dir::Cache={folder}",
        "APT::Architecture=amd64",
        "APT::Sandbox::User=root",
        "Acquire::GzipIndexes=false",
        "Acquire::Languages=none",
    )
    return ("apt-get", "-q", *(word for option in options for word in ("-o", option)))


def _place(apt: tuple[str, ...], folder: Path) -> str:
    """Return the path of the package on a mirror, as the index says."""
    command = (*apt, "download", "--print-uris", PACKAGE)
    uris = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder).stdout
    return uris.split("'")[1].partition(f"/{FOLDER}/")[2]


def lay_out(draft: Path, pool: str) -> None:
    """Put what apt fetched to where a mirror has it."""
    (release,) = draft.glob("apt/lists/*_InRelease")
    (index,) = draft.glob("apt/lists/*_Packages")
    package = next(draft.glob(f"{PACKAGE}_*.deb"))
    for source, place in (
        (release, f"dists/{SECURITY}/InRelease"),
        (index, f"dists/{SECURITY}/main/binary-amd64/Packages"),
        (package, pool),
    ):
        target = draft / FOLDER / place
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(source, target)


def _release(mirror: Path) -> Path:
    return mirror / FOLDER / "dists" / SECURITY / "InRelease"


def _run(command: tuple[str, ...], folder: Path, output: BinaryIO) -> None:
    code = subprocess.run(command, stdout=output, stderr=subprocess.STDOUT, check=False, timeout=PATIENCE_SECONDS, cwd=folder).returncode
    if code:
        raise LabError.of(
            "the mirror of the host outside could not be fetched",
            where=output.name,
            expected=f"`apt-get {command[-1]}` ends with 0",
            got=str(code),
            hint="read the log, then ./scripts/lab up again",
        )
