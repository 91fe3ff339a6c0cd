"""A generation: the folder that a bundle becomes, and what the files in it really are."""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import stat

from hardening.agent import store
from hardening.agent.paths import EXIT_REFUSED, PolicyError
from hardening.bundle import Bundle, FileFacts, digest_of

POLICY, FILES, MANIFEST = "policy.nft", "files", "manifest.json"
"""What is in the folder: the packet filter, the files, and what was asked for."""
FOLDER = "folder"
"""Stands where a file has its hash."""


def ids(owner: str) -> tuple[int, int]:
    """Numbers of ``account:group``. Raises :class:`PolicyError` when the server has no such account or group."""
    account, _, group = owner.partition(":")
    try:
        return pwd.getpwnam(account).pw_uid, grp.getgrnam(group).gr_gid
    except KeyError:
        raise PolicyError(EXIT_REFUSED, f"owner {owner}: this server has no such account or group") from None


def lay(folder: str, bundle: Bundle) -> None:
    """Make the folder of a bundle. Raises :class:`PolicyError` before it makes anything when an owner is not known."""
    owners = {file.owner: ids(file.owner) for file in bundle.files}
    store.make_folder(f"{folder}/{FILES}")
    store.create(f"{folder}/{POLICY}", bundle.policy.encode(), 0o600)
    for file in bundle.files:
        path = f"{folder}/{FILES}/{file.path}"
        store.make_folder(os.path.dirname(path))  # noqa: PTH120 - pathlib costs an emulated guest a quarter of a second
        store.create(path, file.content, file.mode, owners[file.owner])
    manifest = {"files": [list(file.facts) for file in bundle.files], "units": list(bundle.units)}
    store.create(f"{folder}/{MANIFEST}", json.dumps(manifest).encode(), 0o600)


def copy(source: str, target: str) -> None:
    """Copy a generation onto the disk; it has its name when all of it is there."""
    temporary = f"{target}.new"
    store.remove(temporary)
    store.make_folder(temporary)
    for folder, folders, names in os.walk(source):
        place = temporary + folder.removeprefix(source)
        for name in folders:
            store.make_folder(f"{place}/{name}")
        for name in names:
            with open(f"{folder}/{name}", "rb") as stream:  # noqa: PTH123
                found = os.fstat(stream.fileno())
                store.create(f"{place}/{name}", stream.read(), stat.S_IMODE(found.st_mode), (found.st_uid, found.st_gid))
        store.sync_folder(place)
    os.replace(temporary, target)  # noqa: PTH105
    store.sync_folder(os.path.dirname(target))  # noqa: PTH120


def wanted(folder: str) -> tuple[list[FileFacts], tuple[str, ...]]:
    """What a generation was asked to hold, and its units; nothing where there is no generation."""
    if not os.path.exists(f"{folder}/{MANIFEST}"):  # noqa: PTH110
        return [], ()
    manifest = json.loads(store.read(f"{folder}/{MANIFEST}"))
    return [FileFacts(*facts) for facts in manifest["files"]], tuple(manifest["units"])


def found(files: str) -> list[FileFacts]:
    """What is in a folder of files: content, mode and owner of each, also of what is no file, and of folders that others may change."""
    entries = []
    for folder, folders, names in os.walk(files):
        place = folder.removeprefix(files).strip("/")
        entries += [_facts(f"{folder}/{name}", f"{place}/{name}".strip("/")) for name in (*folders, *names)]
    usual = (FOLDER, store.FOLDER_MODE, _account(os.geteuid()))
    return sorted(facts for facts in entries if (facts.sha256, facts.mode, facts.owner.partition(":")[0]) != usual)


def _facts(path: str, name: str) -> FileFacts:
    state = os.lstat(path)
    if stat.S_ISREG(state.st_mode):
        with open(path, "rb") as stream:  # noqa: PTH123
            content = hashlib.sha256(stream.read()).hexdigest()
    else:
        content = FOLDER if stat.S_ISDIR(state.st_mode) else "no file"
    return FileFacts(name, content, stat.S_IMODE(state.st_mode), f"{_account(state.st_uid)}:{_group(state.st_gid)}")


def _account(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def digest(folder: str) -> str:
    """Digest of what a generation really holds; equal to the bundle's when nothing has changed it."""
    return digest_of(store.read(f"{folder}/{POLICY}"), found(f"{folder}/{FILES}"), wanted(folder)[1])


def files_digest(folder: str) -> str:
    """Digest of what the units of a generation read; empty where there is none, or where no unit reads anything."""
    facts, units = wanted(folder)
    return digest_of("", facts, units) if facts or units else ""
