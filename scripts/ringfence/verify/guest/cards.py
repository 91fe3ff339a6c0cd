"""Network cards as the kernel has them, over its own interface (rtnetlink(7)): names, addresses, what rewrites packets on them."""

from __future__ import annotations

import errno
import os
import socket
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.guest.basics import Json

GETLINK, GETADDR, GETQDISC, GETTFILTER = 18, 22, 38, 46
REQUEST, DUMP = 0x1, 0x300
DONE, ERROR = 3, 2
HEADER, ATTRIBUTE = 16, 4
IFINFO, IFADDR, TCMSG = 16, 8, 20
IFLA_NAME, IFLA_MASTER, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_XDP, XDP_ATTACHED = 3, 10, 18, 1, 43, 2
IFA_ADDRESS, IFA_LOCAL = 1, 2
TCA_KIND = 1
INGRESS, BEFORE, AFTER = 0xFFFFFFF1, 0xFFFFFFF2, 0xFFFFFFF3
PROMISCUOUS = 0x100
ABSENT = {errno.ENOENT, errno.EINVAL, errno.EOPNOTSUPP}
"""What the kernel says of a place of a card that nobody has put anything at."""
LETTERS = 6
"""Where in a line of modules the letters of foreign ones are; Debian's have none."""
SWITCHES = (
    "forwarding",
    "mc_forwarding",
    "proxy_arp",
    "proxy_ndp",
    "accept_redirects",
    "accept_source_route",
    "accept_ra",
    "send_redirects",
    "rp_filter",
    "arp_ignore",
    "arp_announce",
    "route_localnet",
    "accept_local",
)


def dump(kind: int, body: bytes) -> Iterator[bytes]:
    """Yield the body of each message of a dump; raises ``OSError`` when the kernel refuses."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as sock:
        sock.settimeout(10)
        sock.send(struct.pack("=IHHII", HEADER + len(body), kind, REQUEST | DUMP, 1, 0) + body)
        while True:
            data = sock.recv(1 << 18)
            while data:
                length, type_ = struct.unpack_from("=IH", data)
                if type_ == ERROR:
                    number = -struct.unpack_from("=i", data, HEADER)[0]
                    raise OSError(number, os.strerror(number))
                if type_ == DONE:
                    return
                yield data[HEADER:length]
                data = data[(length + 3) & ~3 :]


def attributes(data: bytes) -> dict[int, bytes]:
    """Return the attributes of a message by their numbers."""
    found = {}
    while len(data) >= ATTRIBUTE:
        length, type_ = struct.unpack_from("=HH", data)
        found[type_ & 0x3FFF] = data[ATTRIBUTE:length]
        data = data[(length + 3) & ~3 :]
    return found


def word(data: bytes) -> str:
    """Read a text of the kernel."""
    return data.rstrip(b"\0").decode(errors="replace")


def cards(_: Json) -> Json:
    """Tell every card: kind, bridge, promiscuity, XDP, addresses, queues and filters, and its switches in /proc."""
    rows: dict[int, Json] = {}
    for message in dump(GETLINK, bytes(IFINFO)):
        found, index = attributes(message[IFINFO:]), struct.unpack_from("=i", message, 4)[0]
        name = word(found[IFLA_NAME])
        with Path(f"/sys/class/net/{name}/flags").open(encoding="ascii") as stream:
            flags = int(stream.read(), 16)
        rows[index] = {
            "name": name,
            "kind": word(attributes(found.get(IFLA_LINKINFO, b"")).get(IFLA_INFO_KIND, b"")),
            "bridged": IFLA_MASTER in found,
            "promiscuous": bool(flags & PROMISCUOUS),
            "xdp": any(attributes(found.get(IFLA_XDP, b"")).get(XDP_ATTACHED, b"")),
            "addresses": [],
            "queues": [],
            "filters": [],
            "switches": {4: switches(4, name), 6: switches(6, name)},
        }
    for message in dump(GETADDR, bytes(IFADDR)):
        family, length, _, _, index = struct.unpack_from("=BBBBI", message)
        found = attributes(message[IFADDR:])
        text = socket.inet_ntop(family, found.get(IFA_LOCAL) or found[IFA_ADDRESS])
        rows[index]["addresses"].append(f"{text}/{length}")
    for message in dump(GETQDISC, bytes(TCMSG)):
        rows[struct.unpack_from("=i", message, 4)[0]]["queues"].append(word(attributes(message[TCMSG:])[TCA_KIND]))
    for index, row in rows.items():
        row["filters"] = sorted({kind for parent in (0, INGRESS, BEFORE, AFTER) for kind in filters(index, parent)})
    everywhere = [{"name": name, "switches": {4: switches(4, name), 6: switches(6, name)}} for name in ("all", "default")]
    return {"rows": list(rows.values()), "everywhere": everywhere}


def filters(index: int, parent: int) -> set[str]:
    """Return the kinds of the filters at one place of a card."""
    body = struct.pack("=BxxxiIII", 0, index, 0, parent, 0)
    try:
        return {word(attributes(message[TCMSG:])[TCA_KIND]) for message in dump(GETTFILTER, body)}
    except OSError as problem:
        if problem.errno in ABSENT:
            return set()
        raise


def switches(family: int, name: str) -> dict[str, str]:
    """Return the switches of a card in one family, as far as that family has them."""
    found = {}
    for switch in SWITCHES:
        path = f"/proc/sys/net/ipv{family}/conf/{name}/{switch}"
        if Path(path).exists():
            with Path(path).open(encoding="ascii") as stream:
                found[switch] = stream.read().strip()
    return found


def kernel(request: Json) -> Json:
    """Tell the modules that the kernel has, with the letters that it puts to foreign ones, and the wanted settings."""
    rows = []
    with Path("/proc/modules").open(encoding="ascii") as stream:
        for line in stream:
            words = line.split()
            rows.append([words[0], words[LETTERS].strip("()") if len(words) > LETTERS else ""])
    settings = {}
    for path in request["settings"]:
        with Path(f"/proc/sys/{path}").open(encoding="ascii") as stream:
            settings[path] = stream.read().strip()
    with Path("/proc/sys/kernel/tainted").open(encoding="ascii") as stream:
        tainted = int(stream.read())
    with Path("/proc/sys/kernel/osrelease").open(encoding="ascii") as stream:
        release = stream.read().strip()
    return {"rows": rows, "settings": settings, "tainted": tainted, "release": release}
