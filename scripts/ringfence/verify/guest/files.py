"""Files that decide what a server runs and who gets in: read from the disk as they are, without any program of the server."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.guest.basics import Json

CAPABILITY = "security.capability"
MOST = 400_000
"""Entries of all file systems: where there are more, nobody can say that none is setuid."""
ON_DISKS = {"ext2", "ext3", "ext4", "xfs", "btrfs", "tmpfs", "ramfs", "overlay", "squashfs", "vfat", "iso9660"}
LONGEST = 1 << 16
INFO = "/var/lib/dpkg/info"


def mounts() -> list[tuple[str, str, set[str]]]:
    """Mount point, type and options of every mount that this process sees."""
    with Path("/proc/self/mounts").open(encoding="utf-8", errors="surrogateescape") as stream:
        lines = [line.split() for line in stream]
    return [(words[1].encode().decode("unicode_escape"), words[2], set(words[3].split(","))) for words in lines]


def tree(request: Json) -> Json:
    """Tell every file below the wanted folders by its hash, and everywhere those that give rights of their own to who runs them."""
    wanted = tuple(f"{folder}/" for folder in request["hashed"])
    known, versions = listed(), {name: version for name, version, _ in blocks()}
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
                other = package not in request["packages"] or versions.get(package) != request["packages"][package]
                asked = sum_ and other and row[1] == "file"
                rows.append([*row, package, digest(entry.path, "md5") == sum_ if asked else None])
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
            kind, content = "file", digest(entry.path) if hashed else ""
        else:
            kind, content = "other", ""
    except FileNotFoundError:
        return None
    return [entry.path, kind, stat.S_IMODE(mode), found.st_uid, found.st_gid, content, capabilities]


def digest(path: str, kind: str = "sha256") -> str:
    """Hash of a file."""
    total = hashlib.new(kind, usedforsecurity=False)
    with Path(path).open("rb") as stream:
        while part := stream.read(1 << 18):
            total.update(part)
    return total.hexdigest()


def blocks() -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, version and lines of each installed package, by dpkg's own list."""
    with Path("/var/lib/dpkg/status").open(encoding="utf-8", errors="replace") as stream:
        texts = stream.read().split("\n\n")
    for text in texts:
        lines = text.splitlines()
        fields = dict(line.split(": ", 1) for line in lines if ": " in line and line[0] not in " \t")
        if fields.get("Status", "").endswith(" installed"):
            yield fields["Package"], fields["Version"], lines


def listed() -> dict[str, tuple[str, str]]:
    """Return package and MD5 of every file that a package says it has, by its path; configuration files have theirs in the list."""
    found: dict[str, tuple[str, str]] = {}
    for name in (place.name for place in Path(INFO).iterdir()):
        package, _, kind = name.rpartition(".")
        package = package.partition(":")[0]
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
        for line in lines:
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
