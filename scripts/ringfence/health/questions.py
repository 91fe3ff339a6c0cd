"""What a server is asked, and how the answers are read: texts of programs, taken apart strictly. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hardening.operators.recording import EVENTS
from hardening.services import clock, logs, packages
from hardening.services.credentials import CERTIFICATE, seen
from infra.errors import GuestError
from infra.policy.services import Service, declared_services

if TYPE_CHECKING:
    from infra.declaration.model import Platform

Command = tuple[str, ...]
DATA = "/data"
UPDATES = "/var/lib/ringfence/updates.json"
SESSIONS_UNIT = "ringfence-sessions.service"
UNITS = {Service.TIME: clock.UNIT, Service.PACKAGES: packages.UNIT, Service.LOGS: logs.STORE_UNIT, Service.SESSIONS: SESSIONS_UNIT}
"""What runs on the services server, by service."""
ABSENT = "absent"
"""What is said of a file that is not there, which is an answer; a file that cannot be read is none."""

SOURCE_FIELDS, AUTH_FIELDS, TRACKING_FIELDS = 10, 10, 14
"""Columns of ``chronyc -c``, for sources, authdata and tracking."""


def _file(path: str) -> Command:
    return ("sh", "-c", f"if [ -e {path} ]; then exec cat {path}; fi; echo {ABSENT}")


TIME: dict[str, Command] = {what: ("chronyc", "-c", "-n", what) for what in ("sources", "authdata", "tracking")}
PACKAGES: dict[str, Command] = {
    "updates": _file(UPDATES),
    "open": ("apt-get", "-q", "-s", "-o", f"Dir::Etc::preferences={seen(packages.SECURITY)}", "upgrade", "--with-new-pkgs"),
    "kernel": ("sh", "-c", "uname -r; readlink -f /vmlinuz"),
}
EVERYWHERE: dict[str, Command] = {"certificate": ("cat", seen(CERTIFICATE))}
LAST = ("find", logs.KEPT, "-mindepth", "3", "-maxdepth", "3", "-name", "*.jsonl", "-printf", "%T@ %P\\n")


def of_host(platform: Platform) -> dict[str, Command]:
    """Return what every server is asked, the platform's too; run as root."""
    declared = declared_services(platform)
    asked = dict(EVERYWHERE)
    asked |= TIME if Service.TIME in declared else {}
    return asked | (PACKAGES if Service.PACKAGES in declared else {})


def of_store(platform: Platform) -> dict[str, Command]:
    """Return what the services server is asked besides."""
    declared = declared_services(platform)
    asked = {
        "disk": ("df", "-B1", "--output=size,used,target", DATA),
        "units": ("sh", "-c", f"systemctl is-active {' '.join(UNITS[service] for service in declared)} || true"),
    }
    asked |= {"last": LAST} if Service.LOGS in declared else {}
    return asked | ({"events": _file(EVENTS)} if Service.SESSIONS in declared else {})


@dataclass(frozen=True, slots=True)
class Source:
    """The source that a server's clock follows: its address, whether it still answers, and whether it proves who it is."""

    address: str
    answers: bool
    authenticated: bool


def source(sources: str, authdata: str) -> Source | None:
    """Return the source that is followed; nothing when there is none. Raises :class:`GuestError` for what is not understood."""
    modes = {row[0]: row[1] for row in _rows(authdata, AUTH_FIELDS)}
    for row in _rows(sources, SOURCE_FIELDS):
        if row[1] == "*":
            return Source(row[2], int(row[5], 8) != 0, modes.get(row[2]) == "NTS")
    return None


def offset(tracking: str) -> float:
    """Return by how many seconds the clock is off, as chrony knows: what is still to be corrected, or what the last answer showed."""
    rows = _rows(tracking, TRACKING_FIELDS)
    if len(rows) != 1:
        raise GuestError.of("chrony does not say how far the clock is off", expected="one line", got=tracking[:80])
    return max(abs(float(rows[0][4])), abs(float(rows[0][5])))


def _rows(text: str, columns: int) -> list[list[str]]:
    rows = [line.split(",") for line in text.splitlines() if line]
    if any(len(row) != columns for row in rows):
        raise GuestError.of("chrony's answer is of another version", expected=f"{columns} columns", got=text[:80])
    return rows


def last_run(text: str) -> dict[str, Any] | None:
    """Return what security updates did last; nothing when they never ran."""
    if text.strip() == ABSENT:
        return None
    found = json.loads(text)
    return {"at": datetime.fromtimestamp(int(found["seconds"]), UTC), "result": str(found["result"])}


def open_updates(text: str) -> list[str]:
    """Return the packages that ``apt-get -s upgrade`` would bring."""
    if "upgraded," not in text:
        raise GuestError.of("apt does not say what it would do", expected="... upgraded, ...", got=text[-80:])
    return [line.split()[1] for line in text.splitlines() if line.startswith("Inst ")]


def last_lines(text: str) -> dict[tuple[str, str], datetime]:
    """Return when the last line of each server arrived, by tenant and server."""
    found: dict[tuple[str, str], datetime] = {}
    for line in text.splitlines():
        seconds, _, path = line.partition(" ")
        tenant, server, _day = path.split("/")
        at = datetime.fromtimestamp(float(seconds), UTC)
        found[tenant, server] = max(at, found.get((tenant, server), at))
    return found


def taken(text: str) -> tuple[int, int, str]:
    """Return the size of the store, how much of it is taken, and where that file system is mounted."""
    size, used, target = text.splitlines()[1].split(maxsplit=2)
    return int(size), int(used), target
