"""Files that decide what a server runs and who gets in: read from the disk as they are, without any program of the server."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

    from ringfence.verify.guest.basics import Json

CAPABILITY = "security.capability"
MOST = 400_000
"""Entries of all file systems: where there are more, nobody can say that none is setuid."""
ON_DISKS = {"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "overlay", "squashfs", "vfat", "iso9660"}
LONGEST = 1 << 16
SIZE = 32
"""Bytes of a digest."""
INFO = "/var/lib/dpkg/info"


def mounts() -> list[tuple[str, str, set[str]]]:
    """Mount point, type and options of every mount that this process sees."""
    with Path("/proc/self/mounts").open(encoding="utf-8", errors="surrogateescape") as stream:
        lines = [line.split() for line in stream]
    return [(words[1].encode().decode("unicode_escape"), words[2], set(words[3].split(","))) for words in lines]


def tree(request: Json) -> Json:
    """Tell every file below the wanted folders by its digest, and everywhere those that give rights of their own to who runs them."""
    wanted = tuple(f"{folder}/" for folder in request["hashed"])
    image, versions = request["packages"], {name: version for name, version, _ in blocks()}
    known = listed(frozenset(name for name in image if versions.get(name) == image[name]))
    rows = []
    seen = 0
    for top, kind, options in mounts():
        concerned = top == "/" or top.startswith(wanted) or any(folder.startswith(f"{top}/") for folder in wanted)
        if kind not in ON_DISKS or ("nosuid" in options and not concerned):
            continue
        for entry in below(top):
            seen += 1
            if seen > MOST:
                raise OverflowError(f"more than {MOST} files")
            row = told(entry, hashed=f"{entry.path}/".startswith(wanted))
            if row:
                package, sum_ = known.get(entry.path, ("", ""))
                rows.append([*row, package, md5(entry.path) == sum_ if sum_ and row[1] == "file" else None])
    return {"rows": rows, "mounts": [[top, kind] for top, kind, _ in mounts()]}


def below(top: str) -> Iterator[os.DirEntry[str]]:
    """Yield what is on the file system that is mounted at ``top``; what is gone meanwhile is left out."""
    device = os.lstat(top).st_dev
    todo = [top]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            yield entry
            try:
                if entry.is_dir(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_dev == device:
                    todo.append(entry.path)
            except FileNotFoundError:
                continue


def told(entry: os.DirEntry[str], *, hashed: bool) -> list[str | int] | None:
    """Path, kind, mode, owner, group, content and capabilities of a file; nothing of one that is of no interest."""
    try:
        found = entry.stat(follow_symlinks=False)
        mode = found.st_mode
        regular = stat.S_ISREG(mode)
        capabilities = ""
        if regular and mode & 0o111 and CAPABILITY in os.listxattr(entry.path, follow_symlinks=False):
            capabilities = os.getxattr(entry.path, CAPABILITY, follow_symlinks=False).hex()
        special = regular and bool(mode & (stat.S_ISUID | stat.S_ISGID) or capabilities)
        if not hashed and not special:
            return None
        if stat.S_ISDIR(mode):
            return None
        if stat.S_ISLNK(mode):
            kind, content = "link", str(Path(entry.path).readlink())
        elif regular:
            kind, content = "file", once(entry.path) if hashed else ""
        else:
            kind, content = "other", ""
    except FileNotFoundError:
        return None
    return [entry.path, kind, stat.S_IMODE(mode), found.st_uid, found.st_gid, content, capabilities]


_SEEN: dict[tuple[int, ...], str] = {}
"""Digests of this request, by device, inode, size and times: a program that runs is a file as well, and a file may have several names."""


def forget() -> None:
    """Begin a request: what was read for an earlier one counts for nothing, whatever a file's times say."""
    _SEEN.clear()


def once(path: str) -> str:
    """Digest of a file, which is read once for each request."""
    with Path(path).open("rb") as stream:
        found = os.fstat(stream.fileno())
        key = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        if key not in _SEEN:
            _SEEN[key] = _sum(stream, hashlib.blake2b(digest_size=SIZE))
        return _SEEN[key]


def digest(path: str) -> str:
    """BLAKE2b of a file: as strong as SHA-256, and twice as fast on a server without instructions for either."""
    with Path(path).open("rb") as stream:
        return _sum(stream, hashlib.blake2b(digest_size=SIZE))


def digest_of(text: str) -> str:
    """Return the digest of a file that says this."""
    return hashlib.blake2b(text.encode(), digest_size=SIZE).hexdigest()


def md5(path: str) -> str:
    """MD5 of a file, which is what packages say of theirs."""
    with Path(path).open("rb") as stream:
        return _sum(stream, hashlib.md5(usedforsecurity=False))


def _sum(stream: BinaryIO, total: Any) -> str:  # noqa: ANN401 - hashlib has no type for all of its hashes
    while part := stream.read(1 << 18):
        total.update(part)
    return str(total.hexdigest())


def blocks() -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, version and lines of each installed package, by dpkg's own list."""
    with Path("/var/lib/dpkg/status").open(encoding="utf-8", errors="replace") as stream:
        texts = stream.read().split("\n\n")
    for text in texts:
        lines = text.splitlines()
        fields = dict(line.split(": ", 1) for line in lines if ": " in line and line[0] not in " \t")
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields["Version"], lines


def listed(known: frozenset[str]) -> dict[str, tuple[str, str]]:
    """Return package and MD5 of every file that a package says it has, by its path; configuration files have theirs in the list.

    Of packages that are ``known``, being the image's, nobody asks that: their files are compared with the image's own.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in (place.name for place in Path(INFO).iterdir()):
        package, _, kind = name.rpartition(".")
        package = package.partition(":")[0]
        if package in known or kind not in {"list", "md5sums"}:
            continue
        with Path(f"{INFO}/{name}").open(encoding="utf-8", errors="replace") as stream:
            if kind == "list":
                for line in stream:
                    path = line.rstrip("\n")
                    found[path] = (package, found.get(path, ("", ""))[1])
            elif kind == "md5sums":
                for line in stream:
                    sum_, _, path = line.rstrip("\n").partition("  ")
                    found[f"/{path}"] = (package, sum_)
    for package, _, lines in blocks():
        for line in lines if package not in known else ():
            words = line.split()
            if line.startswith(" /") and len(words) > 1:
                found[words[0]] = (package, words[1])
    return found


def packages(_: Json) -> Json:
    """Tell name and version of every installed package."""
    return {"rows": [[name, version] for name, version, _ in blocks()]}


def texts(request: Json) -> Json:
    """Read the few files that are judged by what they say; none of them holds a secret."""
    rows = []
    for folder in map(Path, request["read"]):
        for place in sorted(folder.iterdir()) if folder.is_dir() else []:
            if place.is_file():
                with place.open("rb") as stream:
                    rows.append([str(place), stream.read(LONGEST).decode(errors="replace")])
    return {"rows": rows}
