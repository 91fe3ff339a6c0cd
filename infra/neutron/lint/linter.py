"""All checks on one snapshot. Pure: the caller says which day it is."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from infra.neutron.lint.findings import Finding, FindingKind
from infra.neutron.lint.redundant import redundant
from infra.neutron.lint.width import used_addresses, width_used
from infra.neutron.lint.wiring import wiring
from infra.neutron.lint.written import Written
from infra.neutron.semantics.filters import FAMILY
from infra.neutron.semantics.services import NotAcceptedError, Service, enforced, intended
from infra.packets.text import format_l4

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from infra.neutron.semantics.filters import Filters
    from infra.neutron.semantics.services import Driver, Span
    from infra.neutron.snapshot import Rule, Snapshot

OVER_WIDE = 64
"""A rule is over-wide when it admits this many private addresses for every one that exists."""


def lint(snapshot: Snapshot, filters: Filters, driver: Driver, today: date, declared: Snapshot | None = None) -> list[Finding]:
    """Return every finding, sorted by project, group and kind.

    ``filters`` are those of the snapshot's fabric: what rules mean is asked of them, so lint and proof cannot disagree.
    ``declared`` is what the wiring of a running cloud is compared with.
    """
    projects = {project.id: project.name or project.id for project in snapshot.projects}
    attached = {group for port in snapshot.ports for group in port.security_groups}
    in_force = [group for group in snapshot.security_groups if group.id in attached]
    rules = [Written(projects.get(group.project_id, ""), group, rule) for group in in_force for rule in group.rules]
    found = [
        *_unattached(snapshot, projects, attached),
        *redundant(rules, filters),
        *(finding for rule in rules for finding in _of_rule(rule, filters, driver, today)),
        *_family_gaps(rules),
        *_over_wide(snapshot, rules, filters),
        *wiring(snapshot, declared),
    ]
    return sorted(found, key=lambda finding: (finding.project, finding.group, finding.kind, finding.text))


def _unattached(snapshot: Snapshot, projects: dict[str, str], attached: set[str]) -> Iterator[Finding]:
    """A group on no port is one finding; its rules, which are in force nowhere, are none."""
    for group in snapshot.security_groups:
        if group.id not in attached and group.rules:
            text = f"group {group.name or group.id} with {len(group.rules)} rules is on no port"
            yield Finding(FindingKind.UNATTACHED, text, projects.get(group.project_id, ""), group.name)


def _of_rule(written: Written, filters: Filters, driver: Driver, today: date) -> Iterator[Finding]:
    source = written.rule.source
    if source is None or not source.flow:
        yield written.finding(FindingKind.OWNERLESS, "no declared flow asks for it")
    elif not source.owner:
        yield written.finding(FindingKind.OWNERLESS, f"flow {source.flow} has no owner")
    if source is not None and source.expires and source.expires < today.isoformat():
        yield written.finding(FindingKind.EXPIRED, f"flow {source.flow} ran out on {source.expires}")
    if not filters.peers(written.rule):
        yield written.finding(FindingKind.DEAD, "its remote end has no member")
    spans = _spans(service_of(written.rule), driver)
    if spans is not None and spans[0] != spans[1]:
        said, done = (", ".join(format_l4(span.lo, span.hi)) for span in spans)
        yield written.finding(FindingKind.DRIVER_DIFFERENCE, f"the API says {said}, the {driver} driver enforces {done}")


@lru_cache(maxsize=1 << 16)
def _spans(service: Service, driver: Driver) -> tuple[Span, Span] | None:
    """Return what the API's words say and what the driver makes of them; a cloud has few services, in many rules."""
    try:
        return intended(service), enforced(driver, service)
    except NotAcceptedError:
        return None


def service_of(rule: Rule) -> Service:
    """Return the part of a rule that says which packets."""
    return Service(FAMILY[rule.ethertype], rule.protocol, rule.port_range_min, rule.port_range_max)


def _family_gaps(rules: list[Written]) -> Iterator[Finding]:
    """Find ingress that is open to all of IPv6 for a service that is not open to all of IPv4 in the same group."""
    open4 = {(written.group.id, service_of(written.rule)[1:]) for written in rules if _open_to_all(written.rule, 4)}
    for written in rules:
        if not _open_to_all(written.rule, 6):
            continue
        service = service_of(written.rule)
        if service.protocol not in {"icmpv6", "ipv6-icmp"} and (written.group.id, service[1:]) not in open4:
            yield written.finding(FindingKind.FAMILY_GAP, "open to every IPv6 address, and not to every IPv4 address")


def _open_to_all(rule: Rule, family: int) -> bool:
    anywhere = not rule.remote_group_id and not rule.remote_address_group_id and rule.remote_ip_prefix in {None, "0.0.0.0/0", "::/0"}
    return rule.direction == "ingress" and FAMILY[rule.ethertype] == family and anywhere


def _over_wide(snapshot: Snapshot, rules: list[Written], filters: Filters) -> Iterator[Finding]:
    addresses = used_addresses(snapshot)
    for written in rules:
        if written.rule.remote_ip_prefix is None:
            continue
        used = width_used(filters.peers(written.rule), addresses)
        if used is not None and used.admitted >= OVER_WIDE * max(used.existing, 1):
            ratio = f"{used.existing} of {used.admitted:,} addresses exist ({used.existing / used.admitted:.2%})"
            yield written.finding(FindingKind.OVER_WIDE, ratio)
