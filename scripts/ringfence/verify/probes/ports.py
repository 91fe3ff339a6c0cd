"""Which ports are tried: those of the flows, their neighbours, SSH, and one that no flow names. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.declaration.model import Flow
    from infra.policy.services import Service

LAST = 65535
UNNAMED_FROM = 1024


def probed(flows: Iterable[Flow], ssh: int) -> tuple[int, ...]:
    """Return the ports to try over TCP and UDP alike, ascending: each range's ends and their outer neighbours, SSH, one unnamed port."""
    ranges = [(ports.first, ports.last) for flow in flows for ports in flow.ports]
    edges = {port for first, last in ranges for port in (first - 1, first, last, last + 1)}
    unnamed = next(port for port in range(UNNAMED_FROM, LAST) if not any(first - 1 <= port <= last + 1 for first, last in ranges))
    return tuple(sorted(port for port in edges | {ssh, unnamed} if 0 < port <= LAST))


def offered(services: Iterable[Service]) -> tuple[int, ...]:
    """Return the ports of services and their outer neighbours, ascending: what the services server listens on besides."""
    ports = {match.first for service in services for match in service.matches if match.first is not None}
    return tuple(sorted(port for known in ports for port in (known - 1, known, known + 1) if 0 < port <= LAST))
