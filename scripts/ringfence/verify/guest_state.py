"""The inside of a server against its declaration: ruleset, listening sockets, routes, cards. Pure; what it reads is collected elsewhere.

Packets cannot show everything: a flushed ruleset behind closed groups lets nothing through, and is a missing layer all the same.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from ipaddress import IPv6Network, ip_network
from typing import TYPE_CHECKING, Any

from hardening import nftables
from infra.outcome import Outcome, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ringfence.verify.model import Node
    from ringfence.verify.world import TenantWorld, World

Json = dict[str, Any]
COMMANDS: dict[str, tuple[str, ...]] = {
    "policy": ("/usr/lib/ringfence/apply-policy", "show"),
    "sockets": ("ss", "-H", "-l", "-n", "-t", "-u"),
    "routes4": ("ip", "-j", "-4", "route", "show", "table", "all"),
    "routes6": ("ip", "-j", "-6", "route", "show", "table", "all"),
    "cards": ("ip", "-j", "link", "show"),
    "forwarding": ("sysctl", "-n", "net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"),
}
"""What is asked of a server, by name; run as root."""
OWN_TABLES = {"local"}
NOT_ROUTES = {"local", "broadcast", "anycast", "multicast"}
LINK_LOCAL = IPv6Network("fe80::/10")
MULTICAST = IPv6Network("ff00::/8")


@dataclass(frozen=True, slots=True)
class Answers:
    """The output of every command, by its name in ``COMMANDS``."""

    texts: dict[str, str]

    def json(self, name: str) -> Any:  # noqa: ANN401 - whatever the command prints
        """Return the output of a command that prints JSON."""
        return json.loads(self.texts[name] or "[]")


def judge(world: World, tenant: TenantWorld, node: Node, answers: Answers) -> Iterator[Outcome]:
    """Yield one outcome for each part of a server's inside."""
    server = node.name.partition("/")[2]
    text = nftables.render(tenant.policy, server, nftables.server_access(world.platform))
    parts = {
        "ruleset is the declared one": ruleset(text, answers.json("policy")),
        "SSH listens on the management card only": sockets(answers.texts["sockets"].splitlines(), node, world.platform.ssh_port),
        "routes are the declared ones": routes(world, node, [*answers.json("routes4"), *answers.json("routes6")]),
        "cards are the declared ones": cards(node, answers.json("cards")),
        "forwards nothing": ["forwarding is on"] if set(answers.texts["forwarding"].split()) - {"0"} else [],
    }
    for what, problems in parts.items():
        verdict = Verdict.FAIL if problems else Verdict.PASS
        yield Outcome(f"{node.name} {what}", verdict, "; ".join(problems), tenant.name)


def ruleset(declared: str, shown: Json) -> list[str]:
    """Compare the confirmed policy with the rendered one, and what the kernel has with what was confirmed."""
    problems = []
    if shown.get("sha256") != hashlib.sha256(declared.encode()).hexdigest():
        problems.append("the confirmed ruleset is not the one that the flows come to")
    if shown.get("drift"):
        problems.append("the kernel's ruleset differs from the confirmed one (flushed or changed by hand)")
    return problems


def sockets(lines: Sequence[str], node: Node, ssh: int) -> list[str]:
    """Return the sockets that listen for SSH anywhere but on the management card. ``lines`` are those of ``ss -Hlntu``."""
    management = {str(address) for card in node.cards if card.label == "management" for address in card.addresses}
    problems = []
    for line in lines:
        local = line.split()[4]
        host, _, port = local.rpartition(":")
        address, _, device = host.strip("[]").partition("%")
        here = device == "mgmt0" or address in management
        if line.startswith("tcp") and port == str(ssh) and not here:
            problems.append(f"SSH listens on {local}")
    return problems


def routes(world: World, node: Node, entries: Sequence[Json]) -> list[str]:
    """Compare routes: the cards' own prefixes, a default through the first card, the backbone through the management router."""
    wanted = {(str(network), "", card.device) for card in node.cards for network in card.networks}
    first, management = node.cards[0], node.card("management")
    wanted |= {("default", str(gateway), first.device) for gateway in first.gateways}
    wanted |= {(str(world.platform.backbone.cidr), str(management.gateways[0]), management.device)}
    found = {
        (entry["dst"], entry.get("gateway", ""), entry.get("dev", ""))
        for entry in entries
        if entry.get("type", "unicast") not in NOT_ROUTES and entry.get("table") not in OWN_TABLES and not _is_local_by_nature(entry["dst"])
    }
    extra = [
        f"undeclared route {' '.join(filter(None, (route[0], 'via ' + route[1] if route[1] else '', 'dev ' + route[2])))}"
        for route in sorted(found - wanted)
    ]
    return extra + [f"missing route {route[0]} dev {route[2]}" for route in sorted(wanted - found)]


def _is_local_by_nature(destination: str) -> bool:
    """Tell link-local and multicast routes, which every IPv6 card has."""
    if destination == "default":
        return False
    network = ip_network(destination, strict=False)
    return isinstance(network, IPv6Network) and (network.subnet_of(LINK_LOCAL) or network.subnet_of(MULTICAST))


def cards(node: Node, entries: Sequence[Json]) -> list[str]:
    """Compare network cards by name and MAC."""
    found = {entry["ifname"]: entry.get("address", "") for entry in entries if entry["ifname"] != "lo"}
    wanted = {card.device: card.mac for card in node.cards}
    problems = [f"undeclared card {name} ({found[name]})" for name in sorted(found.keys() - wanted.keys())]
    problems += [f"missing card {name}" for name in sorted(wanted.keys() - found.keys())]
    changed = [name for name in wanted.keys() & found.keys() if wanted[name] and wanted[name] != found[name]]
    return problems + [f"card {name} has MAC {found[name]}, declared {wanted[name]}" for name in sorted(changed)]
