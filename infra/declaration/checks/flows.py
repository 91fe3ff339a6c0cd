"""Checks of single flows: their ends, what they let pass, and for how long."""

from __future__ import annotations

from difflib import get_close_matches
from itertools import count
from typing import TYPE_CHECKING

from infra.declaration import addresses, reserved
from infra.declaration.addresses import EndpointKind
from infra.declaration.model import INTERNET, Protocol
from infra.declaration.yaml.source import Mistake, one_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from infra.declaration.draft import Draft, OnPlatform
    from infra.declaration.model import Flow

ENDS = (("from", "source"), ("to", "destination"))
MOST_HINTS = 20
"""Unknown names whose nearest known one is looked for, which takes a while among many."""
PROTOCOL_FAMILY = {Protocol.ICMP: 4, Protocol.ICMPV6: 6}
# RFC 792 and RFC 4443: errors belong to the packet that caused them, and pass with it.
# RFC 4861, RFC 3810: neighbours and groups are found on the link itself, without any flow.
NOT_FOR_FLOWS = {
    Protocol.ICMP: {3: "errors pass with the flow they are about", 11: "errors pass with the flow they are about"}
    | dict.fromkeys((4, 12), "errors pass with the flow they are about")
    | dict.fromkeys((5, 9, 10), "routers are configured, not discovered"),
    Protocol.ICMPV6: dict.fromkeys((1, 2, 3, 4), "errors pass with the flow they are about")
    | dict.fromkeys((133, 134, 137), "routers are configured, not discovered")
    | dict.fromkeys((135, 136), "neighbours are found without a flow"),
}


def known_endpoints(draft: Draft) -> Iterator[Mistake]:
    """Endpoints that nobody declared."""
    names = sorted(draft.written["zones"] | draft.written["externals"] | draft.written["servers"])
    hints = count()
    for path, name in _ends(draft) if draft.names_known else ():
        if name == INTERNET or draft.is_written(name) or name in reserved.ANYTHING:
            continue
        hint = "management is not reached by flows: the platform opens it to the bastion alone"
        if name not in reserved.WORDS:
            close = get_close_matches(name, names, n=1) if next(hints) < MOST_HINTS else []
            hint = f"did you mean {close[0]}?" if close else "an address is declared as an external and named here"
        yield Mistake(path, "unknown endpoint", one_of([INTERNET, *names], otherwise=""), name, hint)


def not_any_to_any(draft: Draft) -> Iterator[Mistake]:
    """Flows that mean everybody, or that do not concern the tenant at all."""
    for path, name in _ends(draft):
        if name in reserved.ANYTHING:
            expected = "a zone, a server, an external, or internet for everybody outside"
            yield Mistake(path, "a flow from or to anything is refused", expected, name, "say who is meant")
    for name, flow in draft.flows.items():
        kinds = [addresses.kind(draft, end) for end in (flow.source, flow.destination)]
        if all(kind is not None and not kind.is_inside for kind in kinds):
            expected = "a zone or a server on at least one end"
            what = "any-to-any: neither end is in the tenant"
            yield Mistake(("flows", name), what, expected, f"{flow.source} to {flow.destination}")


def ends_differ(draft: Draft) -> Iterator[Mistake]:
    """A server that talks to itself uses its loopback, which is not filtered."""
    for name, flow in draft.flows.items():
        if flow.source == flow.destination and addresses.kind(draft, flow.source) is EndpointKind.SERVER:
            yield Mistake(("flows", name, "to"), "a server needs no flow to itself", "another endpoint", flow.destination)


def protocol_parts(draft: Draft) -> Iterator[Mistake]:
    """Ports exactly where the protocol has ports, an ICMP type only where it has types."""
    for name, flow in draft.flows.items():
        if flow.ports and not flow.protocol.has_ports:
            got = ", ".join(map(str, flow.ports))
            yield Mistake(("flows", name, "ports"), f"{flow.protocol} has no ports", "no ports, or tcp, udp or sctp", got)
        if flow.protocol.has_ports and not flow.ports:
            expected = "the ports that are needed, such as [443]"
            yield Mistake(("flows", name, "ports"), f"a {flow.protocol} flow names its ports", expected, "none")
        if flow.icmp and not flow.protocol.has_types:
            yield Mistake(
                ("flows", name, "icmp"), f"{flow.protocol} has no ICMP type", "no icmp, or protocol icmp or icmpv6", str(flow.icmp.type)
            )


def icmp_parts(draft: Draft) -> Iterator[Mistake]:
    """ICMP types and codes that are no flow's business, or that cannot be asked for exactly."""
    for name, flow in draft.flows.items():
        if flow.icmp is None or not flow.protocol.has_types:
            continue
        number, path = flow.icmp.type, ("flows", name, "icmp")
        if reason := NOT_FOR_FLOWS[flow.protocol].get(number, ""):
            yield Mistake(
                (*path, "type"),
                "no flow may name this ICMP type",
                "a type that asks or answers, such as echo request",
                f"{number}: {reason}",
            )
        # The cloud's provider leaves zeros out of its requests, and Neutron reads what is left out as "every".
        if number == 0:
            yield Mistake((*path, "type"), "type 0 cannot be asked for", "a request's type; its answers pass with it", "0")
        if flow.icmp.code == 0:
            hint = "leave the code out: it is the only one that most types have"
            yield Mistake((*path, "code"), "code 0 cannot be told from every code", "no code, or 1 to 255", "0", hint)


def common_family(draft: Draft) -> Iterator[Mistake]:
    """Ends without a common address family: no packet could ever travel."""
    for name, flow in draft.flows.items():
        if not all(_resolvable(draft, end) for end in (flow.source, flow.destination)):
            continue
        both = [{network.version for network in addresses.endpoint(draft, end)} for end in (flow.source, flow.destination)]
        usable = both[0] & both[1] & {PROTOCOL_FAMILY.get(flow.protocol, version) for version in both[0]}
        if not usable:
            got = ", ".join(f"{end} has {_versions(found)}" for end, found in zip((flow.source, flow.destination), both, strict=True))
            expected = "two ends and a protocol of one address family (icmp is IPv4's, icmpv6 IPv6's)"
            yield Mistake(("flows", name), "mixed address families", expected, f"{flow.protocol}; {got}")


def no_administration(draft: OnPlatform) -> Iterator[Mistake]:
    """Ports of remote administration, in whatever direction: these go through the bastion and the management network alone."""
    for name, flow in draft.flows.items():
        for index, ports in enumerate(flow.ports):
            taken = sorted({str(port) for port in draft.platform.administration() if port.overlaps(ports)})
            if taken:
                hint = "operators work through the bastion; use another port for anything else"
                expected = f"ports other than the management ports {', '.join(taken)}"
                yield Mistake(("flows", name, "ports", index), "no flow may open a management port", expected, str(ports), hint)


def _ends(draft: Draft) -> Iterator[tuple[tuple[str, str, str], str]]:
    for name, flow in draft.flows.items():
        for key, field in ENDS:
            yield ("flows", name, key), getattr(flow, field)


def _resolvable(draft: Draft, end: str) -> bool:
    """Whether an endpoint's addresses are known; when not, the mistake that hides them is reported elsewhere."""
    if addresses.kind(draft, end) is not EndpointKind.SERVER:
        return addresses.kind(draft, end) is not None
    return all(zone in draft.zones and _fits(draft, zone, number) for zone, number in draft.servers[end].zones.items())


def _fits(draft: Draft, zone: str, number: int) -> bool:
    return all(number < network.num_addresses for network in draft.zones[zone].networks)


def resolvable(draft: Draft, flow: Flow) -> bool:
    """Whether the addresses of both ends of a flow are known."""
    return _resolvable(draft, flow.source) and _resolvable(draft, flow.destination)


def _versions(found: Iterable[int]) -> str:
    return " and ".join(f"IPv{version}" for version in sorted(found))
