"""``retain-recordings``: hold the store of operators' sessions to its days and its size.

Days first, by when a recording was written to last. Then, while all of them take too much room, the oldest one of whoever's take most
goes: an operator who fills the store loses recordings of their own and nobody else's. The log of the sessions is kept in a file for each
day and goes by its days only, so that who was where and when is known as long as that.
"""

from __future__ import annotations

import glob
import json
import os
import re
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from hardening.agent import store
from hardening.agent.paths import Paths
from hardening.agent.processes import run

if TYPE_CHECKING:
    from collections.abc import Iterable

FOLDER = "sessions"
SETTINGS = "sessions/retention"
EVENTS = "events.json"
UNIT = "ringfence-sessions.service"
DAY = 86400
KIBIBYTES = 1024
BLOCK = 512
"""What ``st_blocks`` counts (stat(2))."""
OPERATOR = re.compile(rb"RINGFENCE_OPERATOR=([a-z0-9-]+)")
ROTATED = re.compile(r"events-(\d{4}-\d{2}-\d{2})\.json")


class Recording(NamedTuple):
    """A recording: where it is, when it was written to last, whose session it is, and how much room it takes."""

    folder: str
    written: float
    operator: str
    kibibytes: int


def too_many(recordings: Iterable[Recording], now: float, days: int, kibibytes: int) -> tuple[list[Recording], list[Recording]]:
    """Return what is too old, and what has to go for want of room."""
    ordered = sorted(recordings, key=lambda one: one.written)
    old = [one for one in ordered if now - one.written > days * DAY]
    left = ordered[len(old) :]
    room: dict[str, int] = {}
    for one in left:
        room[one.operator] = room.get(one.operator, 0) + one.kibibytes
    crowded = []
    while sum(room.values()) > kibibytes and left:
        most = max(room, key=lambda operator: (room[operator], operator))
        oldest = next(one for one in left if one.operator == most)
        left.remove(oldest)
        room[most] -= oldest.kibibytes
        if not any(one.operator == most for one in left):
            del room[most]
        crowded.append(oldest)
    return old, crowded


def main() -> int:
    """Entry point: one JSON object. It ends with 1 when there is no store."""
    paths = Paths.from_environment()
    place = f"{os.environ.get('RINGFENCE_STORE', '/data')}/{FOLDER}"
    days, mebibytes = map(int, store.read(f"{paths.files}/{SETTINGS}").split())
    if not os.path.isdir(place):  # noqa: PTH112 - pathlib costs an emulated guest a quarter of a second
        sys.stderr.write(json.dumps({"error": f"{place} is not there"}) + "\n")
        return 1
    now = time.time()
    old, crowded = too_many(found(place), now, days, mebibytes * KIBIBYTES)
    for one in (*old, *crowded):
        store.remove(one.folder)
    if crowded:
        said = ", ".join(f"{one.folder.removeprefix(place)} of {one.operator or 'nobody'}" for one in crowded)
        run("logger", "-p", "auth.warning", "-t", "retain-recordings", f"the store of recordings is full: removed {said}")
    rotate(place, now, days)
    sys.stdout.write(json.dumps({"old": len(old), "crowded": len(crowded)}) + "\n")
    return 0


def found(place: str) -> list[Recording]:
    """Return the recordings below a folder."""
    return [_recording(folder) for folder in sorted(glob.glob(f"{place}/??/??/??"))]  # noqa: PTH207 - as above


def _recording(folder: str) -> Recording:
    sizes, written = 0, 0.0
    for name in os.listdir(folder):  # noqa: PTH208 - as above
        facts = os.lstat(f"{folder}/{name}")
        sizes, written = sizes + facts.st_blocks * BLOCK, max(written, facts.st_mtime)
    return Recording(folder, written or os.lstat(folder).st_mtime, _operator(f"{folder}/log.json"), -(-sizes // KIBIBYTES))


def _operator(file: str) -> str:
    try:
        with open(file, "rb") as stream:  # noqa: PTH123 - as above
            known = OPERATOR.search(stream.read())
    except OSError:
        return ""
    return known.group(1).decode() if known else ""


def rotate(place: str, now: float, days: int) -> None:
    """Begin a new log of sessions once a day, and remove those of days that are over; the store writes into the new one from then on."""
    today = time.strftime("%Y-%m-%d", time.gmtime(now))
    first = time.strftime("%Y-%m-%d", time.gmtime(now - days * DAY))
    for name in os.listdir(place):  # noqa: PTH208 - as above
        day = ROTATED.fullmatch(name)
        if day and day.group(1) < first:
            store.remove(f"{place}/{name}")
    current, kept = f"{place}/{EVENTS}", f"{place}/events-{today}.json"
    if os.path.exists(kept) or not os.path.exists(current) or not os.path.getsize(current):  # noqa: PTH110, PTH202 - as above
        return
    os.replace(current, kept)  # noqa: PTH105 - as above
    store.create(current, b"", 0o600)
    store.sync_folder(place)
    run("systemctl", "kill", "--signal=HUP", UNIT)
