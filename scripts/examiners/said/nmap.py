"""Read what nmap saw from the network: the open ports must be exactly those that are declared for where it stood."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said import stream
from examiners.said.stream import unreadable

if TYPE_CHECKING:
    from collections.abc import Collection

VANTAGES: Final = ("bastion", "backbone", "management-neighbour", "zone", "zone-ipv6")
"""Where it stands: at the bastion's address, at another of the backbone, beside the management NIC, beside a zone's."""
PRESENT: Final = frozenset({"arp-response", "nd-response"})
"""How a neighbour shows that it is there: without that, silence proves nothing."""
ALL_TCP: Final = 65535
SOME_UDP: Final = 50


@dataclass(slots=True)
class _Reader:
    version: str = ""
    present: str = ""
    is_whole: bool = False
    scanned: dict[str, int] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)
    _port: str = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "nmaprun":
                self.version = attributes.get("version", "")
            case "scaninfo":
                self.scanned[attributes.get("protocol", "")] = int(attributes.get("numservices", "0"))
            case "status":
                self.present = attributes.get("reason", "") if attributes.get("state") == "up" else ""
            case "port":
                self._port = f"{attributes.get('protocol')}/{attributes.get('portid')}"
            case "state" if attributes.get("state") == "open":
                self.opened.add(self._port)
            case "finished":
                self.is_whole = attributes.get("exit") == "success"

    def end(self, name: str) -> None:
        """Nothing ends."""

    def text(self, data: str) -> None:
        """Nothing is said in text."""


def read(tcp: bytes, udp: bytes, declared: Collection[str], *, vantage: str, tier: Tier) -> Examination:
    """Return a finding for each port that is open or should be, and one for all others.

    Raises:
        ExaminerError: a scan did not end, left ports out, or the server was not seen to be there.
    """
    found = _Reader()
    for content, protocol, least in ((tcp, "tcp", ALL_TCP), (udp, "udp", SOME_UDP)):
        reader = _Reader()
        stream.feed(reader, content, f"{vantage}, {protocol}")
        where = f"nmap {vantage}, {protocol}"
        if not reader.is_whole:
            raise unreadable(where, expected="a scan that ended well", got="none")
        if reader.scanned.get(protocol, 0) < least:
            raise unreadable(where, expected=f"at least {least} ports", got=str(reader.scanned.get(protocol, 0)))
        if reader.present not in PRESENT:
            raise unreadable(where, expected="a neighbour that shows that it is there", got=reader.present or "none")
        found.opened |= reader.opened
        found.version = reader.version
    findings = [
        Finding(port, Result.PASS if port in declared else Result.FAIL, "" if port in declared else "open, and nobody declared it")
        for port in sorted(found.opened)
    ]
    findings += [Finding(port, Result.FAIL, "declared, and not open") for port in sorted(set(declared) - found.opened)]
    findings.append(Finding("every other port", Result.PASS))
    return Examination(Examiner.NMAP, vantage, tier, found.version, tuple(findings), {"open": float(len(found.opened))})
