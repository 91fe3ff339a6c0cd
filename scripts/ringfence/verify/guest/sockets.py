"""Who listens: from the kernel's own tables of sockets, with the program that holds each, found by the socket's number."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import struct
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ringfence.verify.guest.files import once

if TYPE_CHECKING:
    from ringfence.verify.guest.basics import Json

IPV4, IPV6 = socket.AF_INET, socket.AF_INET6
TABLES = {"tcp": IPV4, "tcp6": IPV6, "udp": IPV4, "udp6": IPV6, "udplite": IPV4, "udplite6": IPV6, "raw": IPV4, "raw6": IPV6}
TRANSPORTS = ("tcp", "tcp6", "udp", "udp6")
LISTENING, UNCONNECTED = "0A", "07"
GREETING_SECONDS = 2.0
NOBODY: Json = {"pid": 0, "program": "", "content": "", "command": [], "unit": ""}


def sockets(_: Json) -> Json:
    """Tell every socket that waits for somebody, but for those of this program."""
    holders = owners()
    rows = []
    for table, family in TABLES.items():
        try:
            with Path(f"/proc/net/{table}").open(encoding="ascii") as stream:
                lines = [line.split() for line in stream][1:]
        except FileNotFoundError:
            continue
        protocol = table.rstrip("6")
        for words in lines:
            if words[3] == (LISTENING if protocol == "tcp" else UNCONNECTED) and os.getpid() not in (pids := holders.get(words[9], [])):
                host, port = words[1].split(":")
                row = {"protocol": protocol, "address": address(host, family), "port": int(port, 16)}
                rows.append(row | {"programs": [program(pid) for pid in pids] or [NOBODY]})
    rows += packets(holders)
    greet([row for row in rows if row["protocol"] == "tcp"])
    return {"rows": rows}


def bound() -> list[int]:
    """Tell every local port that a socket of TCP or UDP has, listening or not: no probe can leave from it."""
    found = set()
    for table in TRANSPORTS:
        with contextlib.suppress(FileNotFoundError), Path(f"/proc/net/{table}").open(encoding="ascii") as stream:
            found |= {int(line.split()[1].rpartition(":")[2], 16) for line in list(stream)[1:]}
    return sorted(found)


def packets(holders: dict[str, list[int]]) -> list[Json]:
    """Tell who takes copies of what the cards receive."""
    with Path("/proc/net/packet").open(encoding="ascii") as stream:
        lines = [line.split() for line in stream][1:]
    found = []
    for words in lines:
        pids = holders.get(words[8], [])
        if os.getpid() not in pids:
            found.append({"protocol": "packet", "address": "", "port": 0, "programs": [program(pid) for pid in pids] or [NOBODY]})
    return found


def address(text: str, family: int) -> str:
    """Read an address as the kernel writes it: words of 32 bits, each in the machine's own order."""
    words = [int(text[place : place + 8], 16) for place in range(0, len(text), 8)]
    data = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(family, data)


def owners() -> dict[str, list[int]]:
    """Return the processes that hold each socket, by its number."""
    found: dict[str, list[int]] = {}
    for pid in (int(place.name) for place in Path("/proc").iterdir() if place.name.isdigit()):
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            for entry in os.scandir(f"/proc/{pid}/fd"):
                with contextlib.suppress(FileNotFoundError):
                    link = str(Path(entry.path).readlink())
                    if link.startswith("socket:["):
                        found.setdefault(link[8:-1], []).append(pid)
    return found


def program(pid: int) -> Json:
    """Tell what a process runs: the file, its content, its words, and the unit that it is in."""
    try:
        content = once(f"/proc/{pid}/exe")
        with Path(f"/proc/{pid}/cmdline").open("rb") as stream:
            words = stream.read().decode(errors="replace").rstrip("\0").split("\0")
        with Path(f"/proc/{pid}/cgroup").open(encoding="utf-8", errors="replace") as stream:
            unit = stream.readline().strip().rpartition("/")[2]
        path = str(Path(f"/proc/{pid}/exe").readlink())
    except (FileNotFoundError, ProcessLookupError):
        return NOBODY | {"pid": pid}
    return {"pid": pid, "program": path, "content": content, "command": words, "unit": unit}


def greet(rows: list[Any]) -> None:
    """Ask every listener of TCP what it says to who connects: a server for SSH speaks first, whatever its program is called."""
    selector = selectors.DefaultSelector()
    for row in rows:
        row["greeting"] = ""
        here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(row["address"], row["address"])  # noqa: S104 - told, not opened
        sock = socket.socket(socket.AF_INET6 if ":" in here else socket.AF_INET, socket.SOCK_STREAM)
        sock.setblocking(False)
        with contextlib.suppress(OSError):
            sock.connect_ex((here, row["port"]))
        selector.register(sock, selectors.EVENT_READ, (sock, row))
    end = time.monotonic() + GREETING_SECONDS
    while selector.get_map() and (left := end - time.monotonic()) > 0:
        for key, _ in selector.select(left):
            with contextlib.suppress(OSError):
                key.data[1]["greeting"] = key.data[0].recv(64).decode("ascii", "replace").strip()
            selector.unregister(key.data[0])
            key.data[0].close()
    for key in list(selector.get_map().values()):
        key.data[0].close()
