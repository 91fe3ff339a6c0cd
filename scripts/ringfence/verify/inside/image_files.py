"""The files of a guest image as it lies on this machine: what a server's own are compared with. Needs no privileges."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hardening.image import cache
from infra import paths
from infra.errors import GuestError
from ringfence.verify.guest.files import digest
from ringfence.verify.inside.places import HASHED, HOMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

Json = dict[str, Any]
ROOT_TYPE = "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709"
"""Type of the root partition (Discoverable Partitions Specification, x86-64)."""
SECTOR = 512
FIELDS = 7
VERSION = 2
"""Of the file that keeps a listing."""
NEXT = "./scripts/image build, on the machine that runs this, at the commit that the platform's image was built at"


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """Every watched file of an image by its path, its packages with their versions, and the names of its kernel modules."""

    rows: Mapping[str, FileRow]
    packages: Mapping[str, str]
    modules: frozenset[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file: its kind, mode, owner, content (BLAKE2b, or where a link leads), capabilities; ``package`` is whose it is.

    ``intact`` says whether its content is what its package's own list says; asked only of packages that are not the image's, ``None`` where
    the list says nothing.
    """

    path: str
    kind: str
    mode: int
    uid: int
    gid: int
    content: str
    capabilities: str = ""
    package: str = ""
    intact: bool | None = None


def of(prefix: str) -> ImageFiles:
    """Return the files of the image whose SHA-256 begins so. Raises :class:`GuestError` when they cannot be had on this machine."""
    found = [path for path in sorted(cache.directory().glob("*.json")) if prefix and _sha256(path).startswith(prefix)]
    if not found or not (image := found[0].with_suffix(".qcow2")).exists():
        raise GuestError.of("the server's image is not on this machine", where=f"SHA-256 {prefix or '?'}...", hint=NEXT)
    kept = paths.cache() / "image-files" / f"{_sha256(found[0])}.json"
    try:
        document: Json = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"version": 0}
        if document["version"] != VERSION or document["hashed"] != [*HASHED, *HOMES]:
            document = _listing(image)
            _keep(kept, document)
    except (OSError, subprocess.CalledProcessError, ValueError, LookupError) as problem:
        raise GuestError.of(
            "the image's files cannot be read", where=str(image), got=f"{type(problem).__name__}: {problem}", hint=NEXT
        ) from problem
    rows = [FileRow(*row) for row in document["rows"]]
    packages = json.loads(found[0].read_text(encoding="utf-8"))["packages"]
    return ImageFiles({row.path: row for row in rows}, packages, frozenset(document["modules"]))


def sha256_of(name: str) -> str:
    """Return the SHA-256 of the image that is kept under a name on this machine; nothing where none is."""
    return _sha256(cache.directory() / f"{name}.json") if Path(name).name == name else ""


def _keep(file: Path, document: Json) -> None:
    """Write a listing in one step: somebody else may read the one before at the same time, or write this one as well."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.getpid()}.draft")
    draft.write_text(json.dumps(document), encoding="utf-8")
    draft.replace(file)


def _sha256(manifest: Path) -> str:
    try:
        return str(json.loads(manifest.read_text(encoding="utf-8"))["sha256"])
    except (OSError, ValueError, LookupError, TypeError):
        return ""


def _listing(image: Path) -> Json:
    """List an image: unpack its root file system with debugfs(8), and take modes, owners and capabilities as it tells them."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        raw, tree = work / "image.raw", work / "tree"
        _run("qemu-img", "convert", "-O", "raw", str(image), str(raw))
        table = json.loads(_run("sfdisk", "--json", str(raw)))["partitiontable"]["partitions"]
        start = next(part["start"] for part in table if part["type"] == ROOT_TYPE)
        disk = f"{raw}?offset={start * SECTOR}"
        tree.mkdir()
        _debugfs(disk, [f"rdump / {tree}"], work)
        folders = [path for path in tree.rglob("*") if path.is_dir() and not path.is_symlink()]
        inside = ["", *(f"/{path.relative_to(tree)}" for path in folders)]
        entries = list(_entries(inside, _debugfs(disk, [f'ls -p "{folder or "/"}"' for folder in inside], work)))
        running = [path for path, mode, _, _ in entries if stat.S_ISREG(mode) and mode & 0o111]
        capabilities = dict(_capabilities(running, _debugfs(disk, [f'ea_get -x "{path}" security.capability' for path in running], work)))
        owners = dict(_owners(tree / "var/lib/dpkg/info"))
        rows = [row for entry in entries if (row := _row(tree, entry, capabilities.get(entry[0], ""), owners))]
        modules = sorted({path.name.partition(".")[0].replace("-", "_") for path in tree.glob("usr/lib/modules/**/*.ko*")})
    return {"version": VERSION, "hashed": [*HASHED, *HOMES], "rows": rows, "modules": modules}


def _entries(folders: Iterable[str], text: str) -> Iterator[tuple[str, int, int, int]]:
    """Yield path, mode, owner and group of every file; the answers come in the order of the questions."""
    names = iter(folders)
    folder = ""
    for line in text.splitlines():
        if line.startswith("debugfs: ls"):
            folder = next(names)
        elif len(parts := line.split("/")) >= FIELDS and parts[5] not in {".", ".."}:
            yield f"{folder}/{parts[5]}", int(parts[2], 8), int(parts[3]), int(parts[4])


def _capabilities(files: Iterable[str], text: str) -> Iterator[tuple[str, str]]:
    names = iter(files)
    path = ""
    for line in text.splitlines():
        if line.startswith("debugfs: ea_get"):
            path = next(names)
        elif " = " in line or line.startswith("security.capability"):
            yield path, "".join(line.rpartition("=")[2].split())


def _owners(folder: Path) -> Iterator[tuple[str, str]]:
    for path in folder.glob("*.list"):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield line, path.stem.partition(":")[0]


def _row(tree: Path, entry: tuple[str, int, int, int], capabilities: str, owners: Mapping[str, str]) -> list[Any] | None:
    path, mode, uid, gid = entry
    hashed = path.startswith(tuple(f"{folder}/" for folder in (*HASHED, *HOMES)))
    special = stat.S_ISREG(mode) and bool(mode & (stat.S_ISUID | stat.S_ISGID) or capabilities)
    if stat.S_ISDIR(mode) or not (hashed or special):
        return None
    place = tree / path.removeprefix("/")
    if stat.S_ISLNK(mode):
        kind, content = "link", str(place.readlink())
    elif stat.S_ISREG(mode):
        kind, content = "file", digest(str(place)) if hashed else ""
    else:
        kind, content = "other", ""
    return [path, kind, stat.S_IMODE(mode), uid, gid, content, capabilities, owners.get(path, "")]


def _debugfs(disk: str, requests: list[str], work: Path) -> str:
    script = work / "requests"
    script.write_text("".join(f"{line}\n" for line in requests), encoding="utf-8")
    return _run("debugfs", "-f", str(script), disk)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout
