"""Accounts, what opens them, and the files that a login runs: read from the server's own lists, which sshd and sudo read as well."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.verify.guest.files import once

if TYPE_CHECKING:
    from ringfence.verify.guest.basics import Json

KEYS = (".ssh/authorized_keys", ".ssh/authorized_keys2")
RUN_AT_LOGIN = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".bash_logout", ".ssh/rc", ".ssh/environment", ".pam_environment")
SHADOWED = "x"
LOCKED = ("*", "!", SHADOWED)


def lines(path: str) -> list[str]:
    """Return the lines of a file."""
    with Path(path).open(encoding="utf-8", errors="replace") as stream:
        return stream.read().splitlines()


def accounts(_: Json) -> Json:
    """Tell every account: its numbers, home and shell, and whether a password opens it, never which."""
    shadow = {fields[0]: fields[1] for fields in (line.split(":") for line in lines("/etc/shadow")) if len(fields) > 1}
    rows = []
    for line in lines("/etc/passwd"):
        name, word, uid, gid, _comment, home, shell = line.split(":")
        word = shadow.get(name, "*") if word == SHADOWED else word
        opens = "none" if not word else "locked" if word.startswith(LOCKED) else "set"
        rows.append({"name": name, "uid": int(uid), "gid": int(gid), "home": home, "shell": shell, "password": opens})
    groups = []
    for line in lines("/etc/group"):
        name, _word, gid, members = line.split(":")
        groups.append({"name": name, "gid": int(gid), "members": [member for member in members.split(",") if member]})
    return {"rows": rows, "groups": groups}


def keys(_: Json) -> Json:
    """Tell every line of every account's key files, and the files that a login of the account runs."""
    rows, started = [], []
    homes: dict[str, list[str]] = {}
    for line in lines("/etc/passwd"):
        homes.setdefault(line.split(":")[5].rstrip("/"), []).append(line.split(":")[0])
    for home, names in homes.items():
        for name in KEYS:
            path = f"{home}/{name}"
            if Path(path).exists():
                rows += [
                    {"accounts": names, "path": path, "line": number, "text": text.strip()}
                    for number, text in enumerate(lines(path), 1)
                    if text.strip() and not text.strip().startswith("#")
                ]
        for name in RUN_AT_LOGIN:
            path = f"{home}/{name}"
            if Path(path).is_file():
                started.append([path, once(path)])
    return {"rows": rows, "started": started}
