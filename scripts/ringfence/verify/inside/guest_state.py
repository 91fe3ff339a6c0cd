"""The inside of a server against its declaration: ruleset, listening sockets, routes, NICs. Pure; what it reads is collected elsewhere.

Packets cannot show everything: a flushed ruleset behind closed groups lets nothing through, and is a missing layer all the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from ipaddress import IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.errors import GuestError, RingfenceError
from infra.outcome import CheckVerdict, Outcome
from infra.policy.bastion import platform_servers
from infra.render import nftables
from ringfence.verify.inside import handed, looked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ringfence.verify.inventory import Inventory, TenantInventory
    from ringfence.verify.model import Node

Json = dict[str, Any]
COMMANDS: dict[str, tuple[str, ...]] = {
    "policy": ("/usr/lib/ringfence/apply-policy", "show"),
    "sockets": ("ss", "-H", "-l", "-n", "-t", "-u", "-p"),
    "routes4": ("ip", "-j", "-4", "route", "show", "table", "all"),
    "routes6": ("ip", "-j", "-6", "route", "show", "table", "all"),
    "rules4": ("ip", "-j", "-4", "rule", "show"),
    "rules6": ("ip", "-j", "-6", "rule", "show"),
    "nics": ("ip", "-j", "link", "show"),
    "forwarding": ("sysctl", "-n", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
}
"""What is asked of a server, by name; run as root."""
FAMILIES = ("IPv4", "IPv6")
KERNEL_TABLES = {"local", "main", "default"}
NOT_ROUTES = {"local", "broadcast", "anycast", "multicast"}
LINK_LOCAL = IPv6Network("fe80::/10")
MULTICAST = IPv6Network("ff00::/8")


@dataclass(frozen=True, slots=True)
class Answers:
    """The output of every command, by its name in ``COMMANDS``, and of those that failed the error."""

    texts: Mapping[str, str]
    failed: Mapping[str, RingfenceError | None] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """Return the output of a command. Raises :class:`GuestError` when there is none."""
        if name in self.failed:
            raise self.failed[name] or GuestError.of("the server was not asked", expected=f"an answer to {name!r}")
        return self.texts[name]

    def json(self, name: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Return the output of a command that prints JSON."""
        return json.loads(self.text(name) or "[]")


def judge(inventory: Inventory, tenant: TenantInventory, node: Node, answers: Answers) -> Iterator[Outcome]:
    """Yield one outcome for each part of a server's inside; what cannot be read is an error."""
    server = node.name.partition("/")[2]
    text = nftables.render(tenant.policy, server)
    parts: dict[str, Callable[[], list[str]]] = {
        "ruleset is the declared one": lambda: ruleset(text, answers.json("policy")),
        "SSH listens on the management NIC only": lambda: sockets(answers.text("sockets").splitlines(), node, inventory.platform.ssh_port),
        "routes are the declared ones": lambda: [
            *routes(inventory, node, [*answers.json("routes4"), *answers.json("routes6")]),
            *rules(node, [*answers.json("rules4"), *answers.json("rules6")]),
        ],
        "NICs are the declared ones": lambda: nics(node, answers.json("nics")),
        "forwards nothing": lambda: forwarding(answers.text("forwarding")),
    }
    if inventory.platform.services:
        parts |= _handed(inventory, node, answers)
    yield from _outcomes(node, tenant.name, parts)


def judge_platform(inventory: Inventory, node: Node, answers: Answers) -> Iterator[Outcome]:
    """Yield the same for a server of a platform that declares services: its filter was handed over, as a tenant's server's was."""
    server = f"{names.PLATFORM}-{node.name.partition('/')[2]}"
    text = nftables.render_platform(server, node.nics[0].addresses[0], platform_servers(inventory.platform)[server])
    parts: dict[str, Callable[[], list[str]]] = {
        "ruleset is the declared one": lambda: ruleset(text, answers.json("policy")),
        "SSH listens on the management NIC only": lambda: sockets(answers.text("sockets").splitlines(), node, inventory.platform.ssh_port),
        "NICs are the declared ones": lambda: nics(node, answers.json("nics")),
        "forwards nothing": lambda: forwarding(answers.text("forwarding")),
        "listens where that is declared": lambda: handed.listening(inventory.platform, node, answers.text("sockets").splitlines()),
        **_handed(inventory, node, answers),
    }
    yield from _outcomes(node, names.PLATFORM, parts)


def _handed(inventory: Inventory, node: Node, answers: Answers) -> dict[str, Callable[[], list[str]]]:
    """Return the part that only a platform with services has."""
    wanted = handed.units(inventory.platform, node.role)
    return {"files are as they were handed over and their units run": lambda: handed.changed(wanted, answers.json("policy"))}


def _outcomes(node: Node, owner: str, parts: Mapping[str, Callable[[], list[str]]]) -> Iterator[Outcome]:
    for what, compare in parts.items():
        try:
            problems = compare()
        except RingfenceError as problem:
            yield Outcome(f"{node.name} {what}", CheckVerdict.ERROR, str(problem), owner)
        except (ValueError, LookupError, TypeError, AttributeError) as problem:
            reason = f"its answer cannot be read: {type(problem).__name__}: {problem}"
            yield Outcome(f"{node.name} {what}", CheckVerdict.ERROR, reason, owner)
        else:
            yield looked.outcome(f"{node.name} {what}", node, problems, owner)


def forwarding(text: str) -> list[str]:
    """Tell whether the server hands on packets: both families' switches are 0."""
    found = text.split()
    if len(found) != len(FAMILIES):
        raise GuestError.of("the server does not say whether it forwards", expected=f"a number for each of {', '.join(FAMILIES)}", got=text)
    return ["forwarding is on"] if set(found) - {"0"} else []


def ruleset(declared: str, shown: Json) -> list[str]:
    """Compare the confirmed policy with the rendered one, and what the kernel has with what was confirmed."""
    problems = []
    if shown.get("sha256") != hashlib.sha256(declared.encode()).hexdigest():
        problems.append("the confirmed ruleset is not the one that the flows come to")
    if shown.get("drift"):
        problems.append("the kernel's ruleset differs from the confirmed one (flushed or changed by hand)")
    return problems


def sockets(lines: Sequence[str], node: Node, ssh: int) -> list[str]:
    """Return the sockets that listen for SSH, by their port or by their program, anywhere but on the management NIC.

    ``lines`` are those of ``ss -Hlntup``: an SSH daemon on a port of a flow would be a way in that no port number shows.
    """
    management = {str(address) for nic in node.nics if nic.label == "management" for address in nic.addresses}
    problems = []
    for line in lines:
        local = line.split()[4]
        host, _, port = local.rpartition(":")
        address, _, device = host.strip("[]").partition("%")
        here = device == "mgmt0" or address in management
        if line.startswith("tcp") and (port == str(ssh) or '"sshd"' in line) and not here:
            problems.append(f"SSH listens on {local}")
    return problems


def routes(inventory: Inventory, node: Node, entries: Sequence[Json]) -> list[str]:
    """Compare routes: the NICs' own prefixes, a default through the first NIC, the backbone through the management router.

    A NIC may have a table of its own, for what is sent from its own addresses: its prefixes and its own gateways, nothing else.
    """
    first, management = node.nics[0], node.nic("management")
    own = {(str(network), "", nic.device) for nic in node.nics for network in nic.networks}
    backbone = {(str(inventory.platform.backbone.cidr), str(management.gateways[0]), management.device)}
    wanted = own | backbone | {("default", str(gateway), first.device) for gateway in first.gateways}
    aside = own | backbone | {("default", str(hop), nic.device) for nic in node.nics if nic is not management for hop in nic.gateways}
    found: dict[bool, set[tuple[str, str, str]]] = {True: set(), False: set()}
    for entry in entries:
        if entry.get("type", "unicast") in NOT_ROUTES or entry.get("table") == "local" or _is_local_by_nature(entry["dst"]):
            continue
        in_main = str(entry.get("table", "main")) in KERNEL_TABLES
        found[in_main].add((entry["dst"], entry.get("gateway", ""), entry.get("dev", "")))
    problems = [f"undeclared route {_words(*route)}" for route in sorted(found[True] - wanted)]
    problems += [f"undeclared route {_words(*route)} in a table of its own" for route in sorted(found[False] - aside)]
    return problems + [f"missing route {_words(*route)}" for route in sorted(wanted - found[True])]


def _words(to: str, hop: str, device: str) -> str:
    return f"{to} via {hop} dev {device}" if hop else f"{to} dev {device}"


def rules(node: Node, entries: Sequence[Json]) -> list[str]:
    """Find routing rules that are neither the kernel's own nor for what is sent from one of the server's addresses."""
    own = {str(address) for nic in node.nics for address in nic.addresses}
    strange = [entry for entry in entries if str(entry.get("table")) not in KERNEL_TABLES and entry.get("src") not in own]
    return [f"undeclared routing rule from {entry.get('src')} to table {entry.get('table')}" for entry in strange]


def _is_local_by_nature(destination: str) -> bool:
    """Tell link-local and multicast routes, which every IPv6 NIC has."""
    if destination == "default":
        return False
    network = ip_network(destination, strict=False)
    return isinstance(network, IPv6Network) and (network.subnet_of(LINK_LOCAL) or network.subnet_of(MULTICAST))


def nics(node: Node, entries: Sequence[Json]) -> list[str]:
    """Compare NICs by name and MAC."""
    found = {entry["ifname"]: entry.get("address", "") for entry in entries if entry["ifname"] != "lo"}
    wanted = {nic.device: nic.mac for nic in node.nics}
    problems = [f"undeclared NIC {name} ({found[name]})" for name in sorted(found.keys() - wanted.keys())]
    problems += [f"missing NIC {name}" for name in sorted(wanted.keys() - found.keys())]
    changed = [name for name in wanted.keys() & found.keys() if wanted[name] and wanted[name] != found[name]]
    return problems + [f"NIC {name} has MAC {found[name]}, declared {wanted[name]}" for name in sorted(changed)]
