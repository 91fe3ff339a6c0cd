"""``revoke``: take a new list of operators' certificates and keys that are revoked. It only grows, and it is never missing for a moment.

The list is no part of a bundle: a bundle of an older checkout, or a rollback, would take a revocation back. sshd reads it at every login
and refuses everybody when it is not there, so it is written beside and renamed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
import sys

from hardening.agent import store
from hardening.agent.paths import EXIT_REFUSED, EXIT_USAGE, Paths, PolicyError
from hardening.agent.processes import run

LIST = "operators.krl"
USAGE = "usage: revoke - (a list of ssh-keygen -k, as base64 on standard input) | revoke show"


def main(arguments: list[str]) -> int:
    """Entry point: one JSON object and an exit code."""
    paths = Paths.from_environment()
    try:
        answer = _asked(paths, arguments)
    except (PolicyError, OSError) as error:
        code = error.code if isinstance(error, PolicyError) else EXIT_REFUSED
        sys.stderr.write(json.dumps({"error": str(error), "code": code}) + "\n")
        return code
    sys.stdout.write(json.dumps(answer) + "\n")
    return 0


def _asked(paths: Paths, arguments: list[str]) -> dict[str, object]:
    match arguments:
        case ["show"]:
            return show(paths)
        case ["-"]:
            text = sys.stdin.read()  # before the lock: nobody waits for it with the lock in hand
            with store.locked(paths):
                return take(paths, text)
    raise PolicyError(EXIT_USAGE, USAGE)


def show(paths: Paths) -> dict[str, object]:
    """Return what is in force: the digest of the list, and how much is on it."""
    content = _content(place(paths))
    serials, keys = _entries(place(paths), content)
    return {"sha256": hashlib.sha256(content).hexdigest(), "entries": len(serials) + len(keys)}


def take(paths: Paths, text: str) -> dict[str, object]:
    """Put a new list into force. Raises :class:`PolicyError` when it is none, or when something that is revoked now is not on it."""
    try:
        content = base64.b64decode(text.strip(), validate=True)
    except binascii.Error:
        raise PolicyError(EXIT_REFUSED, "the list is not base64") from None
    target = place(paths)
    fresh = f"{target}.new"
    store.remove(fresh)
    store.create(fresh, content, 0o644)
    try:
        serials, keys = _entries(fresh, content)
        old_serials, old_keys = _entries(target, _content(target))
        missing = sorted(old_keys - keys) + [f"{first}-{last}" for first, last in old_serials if not _covered(first, last, serials)]
        if missing:
            raise PolicyError(
                EXIT_REFUSED, f"the list lacks what is revoked already: {', '.join(missing)}; expected a list that only grows"
            )
        os.replace(fresh, target)  # noqa: PTH105 - pathlib costs an emulated guest a quarter of a second
    finally:
        store.remove(fresh)
    store.sync_folder(paths.etc)
    return show(paths)


def place(paths: Paths) -> str:
    """Return the list's file."""
    return f"{paths.etc}/{LIST}"


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - as above
            return stream.read()
    except FileNotFoundError:
        return b""


def _entries(path: str, content: bytes) -> tuple[set[tuple[int, int]], set[str]]:
    """Return ranges of serials and fingerprints of keys that are on a list, as OpenSSH reads it; an empty file is an empty list."""
    if not content:
        return set(), set()
    result = run("ssh-keygen", "-Q", "-l", "-f", path)
    if result.returncode:
        raise PolicyError(EXIT_REFUSED, f"ssh-keygen cannot read the list: {result.stderr.strip()[-200:]}")
    serials, keys = set(), set()
    for line in result.stdout.splitlines():
        kind, _, value = line.partition(": ")
        if kind == "serial":
            first, _, last = value.partition("-")
            serials.add((int(first), int(last or first)))
        elif kind == "hash":
            keys.add(value.split()[0])
        elif line.strip() and not line.startswith("#"):
            raise PolicyError(EXIT_REFUSED, f"the list says something that is not known here: {line[:80]}")
    return serials, keys


def _covered(first: int, last: int, ranges: set[tuple[int, int]]) -> bool:
    """Tell whether ranges hold every number from first to last."""
    for begin, end in sorted(ranges):
        if begin <= first <= end:
            first = end + 1
    return first > last
