"""The base policy: what holds from the first boot until the server's own policy arrives, and again if that one does not load."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.firstboot.plan import MANAGEMENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hardening.firstboot.config_drive import Network
    from hardening.firstboot.plan import Plan

_DISCOVERY = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255"
_IN, _OUT = f'iifname "{MANAGEMENT}"', f'oifname "{MANAGEMENT}"'
_REPLY = "ct state established accept"


def base_policy(plan: Plan) -> str:
    """Render the base policy: one ``inet`` table, everything dropped in all three directions but the following.

    SSH in on the management card from ``ssh_from`` with its replies; on a bastion, SSH out to ``forward_to`` with its replies; loopback;
    neighbour discovery (RFC 4861: hop limit 255). The text is the whole ruleset.
    """
    port, new = plan.ssh_port, "ct state { new, established } accept"
    incoming, outgoing = [], []
    for family, prefixes in _by_family(plan.ssh_from):
        incoming.append(f'{_IN} {family} saddr {prefixes} tcp dport {port} {new} comment "ssh"')
        outgoing.append(f'{_OUT} {family} daddr {prefixes} tcp sport {port} {_REPLY} comment "ssh replies"')
    for family, prefixes in _by_family(plan.forward_to):
        outgoing.append(f'{_OUT} {family} daddr {prefixes} tcp dport {port} {new} comment "jump"')
        incoming.append(f'{_IN} {family} saddr {prefixes} tcp sport {port} {_REPLY} comment "jump replies"')
    chains = (
        _chain("input", ['iif "lo" accept', "ct state invalid drop", *incoming, f"{_DISCOVERY} accept"]),
        _chain("forward", []),
        _chain("output", ['oif "lo" accept', *outgoing, f"{_DISCOVERY} accept"]),
    )
    return "table inet ringfence {\n" + "\n".join(chains) + "}\n"


def _chain(hook: str, rules: list[str]) -> str:
    body = "".join(f"        {rule}\n" for rule in (f"type filter hook {hook} priority filter; policy drop;", *rules))
    return f"    chain {hook} {{\n{body}    }}\n"


def _by_family(prefixes: Iterable[Network]) -> list[tuple[str, str]]:
    """Prefixes as one nftables set for each family that occurs: ``[("ip", "{ 192.0.2.0/24 }")]``."""
    families: dict[str, list[str]] = {}
    for prefix in prefixes:
        families.setdefault("ip" if prefix.version == 4 else "ip6", []).append(str(prefix))  # noqa: PLR2004 - the family's own name
    return [(family, "{ " + ", ".join(sorted(texts)) + " }") for family, texts in families.items()]
