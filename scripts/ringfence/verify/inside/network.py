"""What listens on a server, and what its cards do, against its flows and the image's settings. Pure."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_interface
from typing import TYPE_CHECKING, Any

from infra.declaration.model import Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from infra.declaration.model import Address
    from ringfence.verify.inside.expected import Expected
    from ringfence.verify.inside.image_files import ImageFiles

Json = dict[str, Any]
SSHD = "/usr/sbin/sshd"
SYSTEMD = "/usr/lib/systemd/systemd"
STARTED = f"sshd: {SSHD} -D [listener]"
"""How the image's sshd names itself: the words that it was started with."""
GREETING = "SSH-"
REPLACED = " (deleted)"
QUEUES = {"noqueue", "mq", "fq_codel", "pfifo_fast", "fq"}
"""Queues that the kernel gives a card by itself."""
_TUNNELS = ("geneve", "gre", "ip6_gre", "ip6_tunnel", "ip_gre", "ip_vti", "ipip", "l2tp_core", "sit", "tap", "tun", "vxlan", "wireguard")
_SWITCHES = ("act_mirred", "bonding", "bridge", "dummy", "ipvlan", "macvlan", "macvtap", "openvswitch", "team", "veth")
JOINING = frozenset((*_TUNNELS, *_SWITCHES))
"""Modules of the kernel that copy packets, or join networks; nothing of the image asks for one."""
TROUBLE = (2, 4, 5, 7, 9, 11, 14)
"""Bits of ``/proc/sys/kernel/tainted`` by which the kernel speaks of its own troubles (Linux, admin-guide/tainted-kernels).

They are: processor out of specification, machine check, bad page, oops, warning, firmware, soft lockup. The last one takes no more than a
starved host. All other bits say that somebody brought something along.
"""


def listeners(expected: Expected, image: ImageFiles | None, told: Json) -> list[str]:
    """Return who listens where no flow lets anybody in, who takes copies of packets, and servers for SSH that are not the image's."""
    return [sentence for row in told["rows"] for sentence in _listener(expected, image, row)]


def _listener(expected: Expected, image: ImageFiles | None, row: Json) -> Iterator[str]:
    programs = row["programs"]
    who = ", ".join(sorted({_who(one) for one in programs}))
    if row["protocol"] in {"packet", "raw"}:
        yield f"{who} takes copies of what the NICs receive ({row['protocol']} socket)"
        return
    place = f"{row['protocol']} {_at(row['address'], row['port'])}"
    own = image.rows[SSHD].content if image and SSHD in image.rows else None
    speaks = str(row.get("greeting", "")).startswith(GREETING)
    is_sshd = any(one["program"].startswith(SSHD) or one["content"] == own for one in programs)
    if row["protocol"] == "tcp" and row["port"] == expected.ssh_port:
        for one in programs:
            path = _path(image, one)
            if path not in {SSHD, SYSTEMD}:
                yield f"{_who(one)} listens on {place}, the port of SSH"
            elif path == SSHD and not " ".join(one["command"]).startswith(STARTED):
                yield f"sshd was not started as the image does: {' '.join(one['command'])}"
        return
    if speaks or is_sshd:
        yield f"{who} serves SSH on {place}"
        return
    address: Address = ip_address(row["address"])
    if not address.is_loopback and not _is_admitted(expected, row):
        yield f"{who} listens on {place}, and no flow lets anybody in there"


def _path(image: ImageFiles | None, program: Json) -> str:
    """Return what a process runs; a file that an update replaced meanwhile is the image's when its content is."""
    path = str(program["program"]).removesuffix(REPLACED)
    known = image.rows.get(path) if image else None
    return path if known and known.content == program["content"] else str(program["program"])


def _is_admitted(expected: Expected, row: Json) -> bool:
    protocol = Protocol(row["protocol"]) if row["protocol"] in set(Protocol) else None
    return protocol is not None and any(match.admits(protocol, row["port"], row["port"]) for match in expected.admitted)


def _who(program: Json) -> str:
    if not program["program"]:
        return "a program that has ended or the kernel itself"
    unit = f", {program['unit']}" if program["unit"] else ""
    return f"{program['program']} (process {program['pid']}{unit})"


def _at(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def cards(expected: Expected, settings: Mapping[str, str], told: Json) -> list[str]:
    """Return undeclared addresses, and cards that filter, copy, rewrite or hand on packets."""
    own = {nic.device: {str(address) for address in nic.addresses} for nic in expected.node.nics}
    problems = []
    for row in told["rows"]:
        name = row["name"]
        given = [ip_interface(text).ip for text in row["addresses"]]
        strange = [address for address in given if not _is_of_itself(name, address) and str(address) not in own.get(name, set())]
        problems += [f"{name} has the undeclared address {address}" for address in strange]
        problems += [f"{name} lacks its address {address}" for address in sorted(own.get(name, set()) - {str(a) for a in given})]
        problems += [f"{name} is promiscuous: it takes frames for everybody"] if row["promiscuous"] else []
        problems += [f"{name} is part of a bridge or bond"] if row["bridged"] else []
        problems += [f"{name} runs a program on each packet (XDP)"] if row["xdp"] else []
        problems += [f"{name} has the undeclared queue {kind} (tc)" for kind in sorted(set(row["queues"]) - QUEUES)]
        problems += [f"{name} has the undeclared filter {kind} (tc)" for kind in row["filters"]]
    for row in [*(row for row in told["rows"] if row["name"] != "lo"), *told["everywhere"]]:
        problems += list(_switches(row, settings))
    return problems


def _is_of_itself(name: str, address: Address) -> bool:
    """Whether the kernel gives a card this address by itself."""
    return address.is_loopback if name == "lo" else isinstance(address, IPv6Address) and address.is_link_local


def _switches(row: Json, settings: Mapping[str, str]) -> Iterator[str]:
    """Compare a card's switches with the image's settings; one that the image does not set is off by the kernel's own choice.

    Where the image turns something on, any number but 0 is on: systemd's own file asks for a milder form of one, and the kernel takes the
    stricter one of "all" and the card's.
    """
    for family, switches in row["switches"].items():
        for switch, value in switches.items():
            wanted = settings.get(f"net/ipv{family}/conf/all/{switch}", "0")
            if (value == "0") != (wanted == "0"):
                yield f"net.ipv{family}.conf.{row['name']}.{switch} is {value}, the image has {wanted}"


def kernel(image: ImageFiles, settings: Mapping[str, str], told: Json) -> list[str]:
    """Return modules that are not of the image's kernel, or that join networks, and settings that differ from the image's."""
    problems = []
    for name, letters in told["rows"]:
        if letters.strip("+-"):
            problems.append(f"kernel module {name} is not Debian's (the kernel marks it {letters})")
        elif name not in image.modules:
            problems.append(f"kernel module {name} is not of the image's kernel")
        elif name in JOINING:
            problems.append(f"kernel module {name} is loaded, which copies packets or joins networks")
    for path, value in told["settings"].items():
        if value != settings[path]:
            problems.append(f"{path.replace('/', '.')} is {value}, the image sets {settings[path]}")
    foreign = told["tainted"] & ~sum(1 << bit for bit in TROUBLE)
    if foreign and not problems:
        problems.append(f"the kernel says that something foreign was loaded since its boot (tainted {foreign})")
    return problems
