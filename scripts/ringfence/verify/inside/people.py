"""Who may be on a server: accounts and keys against the image's recipe and the automation's key. Pure."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import TYPE_CHECKING, Any

from hardening.image import recipe

if TYPE_CHECKING:
    from ringfence.verify.inside.image_files import ImageFiles

Json = dict[str, Any]
ROOT = "root"
NO_SHELLS = {recipe.NOLOGIN, "/sbin/nologin", "/bin/false", "/usr/bin/false"}
SYNC = ("sync", "/bin/sync")
"""Debian's account that runs one program, with no password."""
POWERFUL = {
    "sudo": "may become root, by Debian's /etc/sudoers",
    "root": "may write what belongs to root's group",
    "shadow": "may read the passwords",
    "disk": "may read and write every disk",
    "kmem": "may read the kernel's memory",
    "adm": "may read all logs",
    "systemd-journal": "may read all logs",
}
"""Groups that mean more than their name, which nobody of the image is in."""
LOCKED = "locked"
OPEN = {"set": "a password", "none": "an empty password"}
ALWAYS_STRANGE = (".ssh/rc", ".ssh/environment", ".pam_environment")
KINDS = ("ssh-", "sk-", "ecdsa-")


def accounts(told: Json) -> list[str]:
    """Return accounts that are more than the image's: root's number, a password, a shell, a powerful group."""
    homes = {ROOT: ("/root", "/bin/bash"), recipe.ACCOUNT: (f"/home/{recipe.ACCOUNT}", "/bin/sh"), **recipe.OPERATORS}
    names: dict[int, str] = {}
    problems = []
    for row in told["rows"]:
        name, uid, shell = row["name"], row["uid"], row["shell"] or "/bin/sh"
        if uid in names or (uid == 0 and name != ROOT):
            problems.append(f"account {name} has number {uid}, which is that of {names.get(uid, ROOT)}")
        names.setdefault(uid, name)
        problems += [f"account {name} has {OPEN[row['password']]}"] if row["password"] != LOCKED else []
        if name in homes:
            home, wanted = homes[name]
            problems += [f"account {name} has shell {shell}, the image's has {wanted}"] if shell != wanted else []
            problems += (
                [f"account {name} has home {row['home']}, the image's has {home}"] if row["home"].rstrip("/") != home.rstrip("/") else []
            )
        elif shell not in NO_SHELLS and (name, shell) != SYNC:
            problems.append(f"account {name} is not the image's and has shell {shell}")
    problems += [f"account {name} of the image is missing" for name in homes if name not in names.values() and name != ROOT]
    return problems + _groups(told)


def _groups(told: Json) -> list[str]:
    problems = []
    for group in told["groups"]:
        first = [row["name"] for row in told["rows"] if row["gid"] == group["gid"] and row["name"] != group["name"]]
        members = sorted({*group["members"], *(first if group["name"] in POWERFUL else [])} - ({"sync"} | {ROOT}))
        if group["name"] in POWERFUL:
            problems += [f"account {name} is in group {group['name']}, which {POWERFUL[group['name']]}" for name in members]
    return problems


def keys(told: Json, automation_key: str, image: ImageFiles | None) -> list[str]:
    """Return keys in accounts' files that are not the automation's, and changed files that a login runs."""
    own = _blob(automation_key)
    problems = []
    for row in told["rows"]:
        blob = _blob(row["text"])
        if recipe.ACCOUNT not in row["accounts"] or not blob or blob != own:
            problems.append(f"{row['path']} line {row['line']}: {_named(row['text'])} opens {', '.join(row['accounts'])}")
    for path, content in told["started"]:
        if path.endswith(ALWAYS_STRANGE):
            problems.append(f"{path} is run or read at each login, and the image has none")
        elif image is not None and (path not in image.rows or image.rows[path].content != content):
            problems.append(f"{path}, which each login runs, is not the image's")
    return problems


def _words(text: str) -> tuple[str, str, str]:
    """Return kind, data and comment of a line of keys; options come before and may hold spaces within quotes."""
    words = text.split()
    place = next((number for number, word in enumerate(words) if word.startswith(KINDS)), None)
    if place is None or place + 1 >= len(words):
        return "", "", ""
    return words[place], words[place + 1], " ".join(words[place + 2 :])


def _blob(text: str) -> bytes:
    try:
        return base64.b64decode(_words(text)[1], validate=True)
    except binascii.Error:
        return b""


def _named(text: str) -> str:
    kind, _, comment = _words(text)
    blob = _blob(text)
    if not blob:
        return "a line that is no key"
    print_ = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"key {kind} SHA256:{print_}{f' ({comment})' if comment else ''}"
