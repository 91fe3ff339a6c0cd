"""How things are wired: protection taken off ports, and whatever of a declared environment is not as it was declared.

Statements about two states are compared (:mod:`infra.neutron.comparison.statements`): objects by kind, owner and name, as ids are not
known before a cloud exists. A second object with the name of a declared one is undeclared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.neutron.comparison.references import References
from infra.neutron.comparison.statements import Wiring
from infra.neutron.lint.findings import Finding, FindingKind
from infra.neutron.owners import is_trusted
from infra.neutron.snapshot import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.neutron.snapshot import Port, Snapshot

HOST_ROUTE = "host route"
"""Statements that are not missed: snapshots that earlier releases made of declarations do not have them. `verify` compares them."""
PLANNED = "plan"
"""Origin of snapshots that show what somebody is about to do: what a plan leaves out is not there yet."""


def wiring(snapshot: Snapshot, declared: Snapshot | None) -> Iterator[Finding]:
    """Yield findings about ports without protection and, with declarations beside a state, about what is not as declared."""
    yield from _unprotected(snapshot)
    if declared is None or snapshot.header.origin == PLANNED:
        return
    yield from _namesakes(snapshot, declared)
    asked, found = Wiring(declared), Wiring(snapshot)
    wanted, ours = {statement.key: statement for statement in asked.statements()}, asked.objects()
    there, seen = found.objects(), set()
    for statement in found.statements():
        seen.add(statement.key)
        if statement.key not in wanted and statement.about & ours:
            yield Finding(FindingKind.UNDECLARED, f"no declaration has it: {statement.text}", statement.project)
    for key, statement in wanted.items():
        concerned = statement.about & ours
        if key not in seen and key[0] != HOST_ROUTE and concerned and (statement.exists or concerned <= there):
            yield Finding(FindingKind.MISSING, f"declared, and not so: {statement.text}", statement.project)


def _namesakes(snapshot: Snapshot, declared: Snapshot) -> Iterator[Finding]:
    """Yield the projects that have a declared name and are nobody declared."""
    known = {project.name for project in declared.projects}
    for project in snapshot.projects:
        ours = project.role is Role.PLATFORM or (project.source is not None and project.source.tenant)
        if project.name in known and not ours:
            domain = project.domain or project.domain_id or "not told"
            text = f"project {project.name} (id {project.id}, domain {domain}) is not the declared one: nothing declared is allowed to it"
            yield Finding(FindingKind.NAMESAKE, text, f"{project.name} ({project.id})")


def _unprotected(snapshot: Snapshot) -> Iterator[Finding]:
    open_ports = [port for port in snapshot.ports if (not port.port_security_enabled or port.allowed_address_pairs)]
    open_ports = [port for port in open_ports if not is_trusted(port.device_owner)]
    if not open_ports:
        return
    found = References(snapshot)
    for port in open_ports:
        project, name = found.party(port.project_id), found.name(port.id)
        if not port.port_security_enabled:
            yield Finding(
                FindingKind.UNPROTECTED, f"port security is off on {name}: no group filters it, it may send from anywhere", project
            )
        yield from (Finding(FindingKind.ADDRESS_PAIR, f"{name} may also send from {pair}", project) for pair in _pairs(port))


def _pairs(port: Port) -> Iterator[str]:
    """Yield the pairs of a port as text: with the MAC address where that is not the port's own."""
    for pair in port.allowed_address_pairs:
        other = pair.mac_address and pair.mac_address.lower() != port.mac_address.lower()
        yield f"{pair.ip_address} with the MAC address {pair.mac_address}" if other else pair.ip_address
