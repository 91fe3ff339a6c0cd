"""The examiners themselves: fetched by apt, checked against hashes that stand here, unpacked into the cache and installed nowhere.

Benchmark content and Lynis are newer than Debian 13 has them, so they come from Debian's unstable suite, whose packages change: exactly one
file of each is accepted, and once fetched it is kept under its hash. The scanner with its libraries is Debian 13's own.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from examiners.model import ExaminerError
from hardening.image import archive, recipe
from infra import paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hardening.image.progress import Progress

UNSTABLE: Final = "sid"
SCANNERS: Final = ("openscap-scanner", "nmap")
"""Taken with all that they need, so that they run by a loader and libraries of their own."""


class NotToBeHadError(ExaminerError):
    """The archive cannot be reached, or has moved on from a pinned version: nobody can examine on this machine today."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One file of Debian's archive."""

    package: str
    version: str
    sha256: str


PINS: Final = (
    Pin("lynis", "3.1.7-1", "05c4390d8ff521773f6f9f4ae1813dc04f6cc2969ba35399086004062b69e6b9"),
    Pin("ssg-base", "0.1.82-1", "9d38443eace83def86b6e9c487c6973c4fa08a514094f511afdcfd5242f06a6b"),
    Pin("ssg-debian", "0.1.82-1", "cfde145916f1f37ec96c0fe2a9ea5f44a2db0ee6f0a2dacfcf86534c0977755a"),
)

_LEFT_OUT: Final = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/scap-security-guide",
)
_LIBRARIES: Final = "usr/lib/x86_64-linux-gnu"
_APT: Final = """\
Dir "{folder}";
Dir::State::status "{folder}/status";
Dir::Etc::main "none";
Dir::Etc::parts "none";
Dir::Etc::preferencesparts "none";
Dir::Etc::sourceparts "none";
Dir::Etc::sourcelist "{folder}/sources.list";
APT::Sandbox::User "root";
APT::Install-Recommends "false";
APT::Get::Assume-Yes "true";
Acquire::Languages "none";
Acquire::IndexTargets {{ deb {{ DEP-11 {{ DefaultEnabled "false"; }}; }}; }};
"""


@dataclass(frozen=True, slots=True)
class Toolbox:
    """Where the examiners are unpacked. ``seen`` is where the programs find that folder: another place inside an examined server."""

    folder: Path
    seen: Path

    def program(self, name: str) -> tuple[str, ...]:
        """Return the beginning of the command that runs one of the programs with its own libraries."""
        libraries = self.seen / _LIBRARIES
        # Debian chooses among libraries of linear algebra by alternatives, which nobody has set here.
        return (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", f"{libraries}:{libraries}/blas", str(self.seen / name))


def toolbox(progress: Progress) -> Toolbox:
    """Return the examiners of these pins, fetched unless they are there; one fetches at a time, whole or not at all.

    Raises:
        ExaminerError: apt failed, or a package is another one than is pinned.
    """
    home = paths.cache() / "examiners"
    target = home / _name()
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.is_dir():
            with progress.step("Examiners from Debian's archive"), tempfile.TemporaryDirectory(dir=home, prefix=".draft-") as draft:
                _fetch(Path(draft), home).rename(target)
    return Toolbox(target, target)


def _name() -> str:
    wanted = "\0".join([*SCANNERS, *(pin.sha256 for pin in PINS), *_LEFT_OUT, LYNIS])
    return hashlib.sha256(wanted.encode()).hexdigest()[:16]


def _fetch(draft: Path, home: Path) -> Path:
    """Fetch what is not there, and unpack everything into a folder of the draft."""
    missing = [pin for pin in PINS if not kept(home, pin).exists()]
    apt = _Apt(draft, missing)
    apt.run("update")
    apt.run("install", "--download-only", *SCANNERS)
    for pin in missing:
        apt.run("download", f"{pin.package}={pin.version}")
        keep(home, pin, apt.file(pin))
    tree = draft / "root"
    for package in (*sorted((draft / "var/cache/apt/archives").glob("*.deb")), *(kept(home, pin) for pin in PINS)):
        _done(("dpkg-deb", "--extract", str(package), str(tree)), "dpkg-deb")
    _slim(tree)
    _beside_itself(tree)
    return tree


def kept(home: Path, pin: Pin) -> Path:
    """Return where a pinned file is kept; whoever has it may put it there."""
    return home / f"{pin.sha256}.deb"


def keep(home: Path, pin: Pin, fetched: Path) -> None:
    """Keep a file that was fetched, if it is the one that is pinned. Raises :class:`ExaminerError` when it is another."""
    with fetched.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != pin.sha256:
        raise ExaminerError.of(
            f"{pin.package} {pin.version} is another file than is pinned",
            where=fetched.name,
            expected=f"SHA-256 {pin.sha256}",
            got=found,
            hint=f"look at what the archive has; the right file may also be put at {kept(home, pin)}",
        )
    part = kept(home, pin).with_suffix(".part")
    shutil.copyfile(fetched, part)
    part.rename(kept(home, pin))


class _Apt:
    """apt with folders of its own: it knows nothing of what is installed here, and changes nothing of it."""

    def __init__(self, folder: Path, pins: Iterable[Pin]) -> None:
        self._folder = folder
        for name in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "etc/apt", "pinned"):
            (folder / name).mkdir(parents=True)
        (folder / "status").touch()
        lines = [*archive.host_sources(recipe.SUITE), *(_unstable() if list(pins) else ())]
        (folder / "sources.list").write_text("\n".join(lines) + "\n", encoding="utf-8")
        settings = "\n".join([_APT.format(folder=folder), *archive.host_options(), f'APT::Default-Release "{recipe.SUITE}";'])
        (folder / "apt.conf").write_text(settings + "\n", encoding="utf-8")

    def run(self, *arguments: str) -> None:
        """Run apt-get. Raises :class:`ExaminerError` with its last words."""
        command = ("env", f"APT_CONFIG={self._folder}/apt.conf", "apt-get", "-q", *arguments)
        _done(command, f"apt-get {' '.join(arguments)}", self._folder / "pinned")

    def file(self, pin: Pin) -> Path:
        """Return what was downloaded for a pin."""
        return next((self._folder / "pinned").glob(f"{pin.package}_*.deb"))


def _unstable() -> Iterator[str]:
    """Return the lines of the unstable suite: whether its index is of today does not matter, as the files are pinned."""
    for line in archive.host_sources(UNSTABLE):
        if line.endswith(f" {UNSTABLE} main"):
            yield line.replace("[", "[check-valid-until=no ", 1)


def _slim(tree: Path) -> None:
    """Take away what no examiner reads: the rest goes onto a disk of every examined server."""
    for name in _LEFT_OUT:
        shutil.rmtree(tree / name, ignore_errors=True)
    for path in (tree / "usr/share/xml/scap/ssg/content").iterdir():
        if path.name != CONTENT:
            path.unlink()


def _beside_itself(tree: Path) -> None:
    """Put Lynis into one folder, as its own archive has it: from there it runs anywhere (``--usecwd``)."""
    shutil.copytree(tree / "usr/share/lynis", tree / LYNIS, symlinks=False)
    shutil.copytree(tree / "etc/lynis", tree / LYNIS, dirs_exist_ok=True)
    shutil.copy(tree / "usr/sbin/lynis", tree / LYNIS)


CONTENT: Final = "ssg-debian13-ds.xml"
LYNIS: Final = "lynis"
"""Its folder among the examiners."""


def _done(command: tuple[str, ...], what: str, folder: Path | None = None) -> None:
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if result.returncode:
        raise NotToBeHadError.of(
            f"{what} failed",
            where="fetching the examiners",
            expected="exit code 0",
            got=f"exit code {result.returncode}: {(result.stderr or result.stdout).strip()[-1000:]}",
            hint="look at apt's sources and the network; a pinned file may also be put where docs/examiners.md says",
        )
