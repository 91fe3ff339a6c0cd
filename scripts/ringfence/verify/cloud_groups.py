"""Security groups, address groups and ports of the cloud against the declaration, both ways. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from infra.declaration import names
from infra.declaration.addresses import server_addresses
from infra.neutron import groups as wanted_groups
from infra.neutron.owners import is_trusted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.cloud_view import View
    from ringfence.verify.world import TenantWorld

Json = dict[str, Any]


def rules(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare every group's rules; the project's default group has none."""
    known = {row["id"]: row["name"] for row in view.address_groups}
    wanted = {group.name: {_wanted_rule(rule) for rule in group.rules} for group in wanted_groups.security_groups(tenant.policy)}
    found = {row["name"]: {_found_rule(rule, known) for rule in row["security_group_rules"]} for row in view.groups}
    wanted["default"] = set()
    for name in sorted(found.keys() - wanted.keys()):
        yield f"undeclared security group {name}"
    for name in sorted(wanted.keys() - found.keys() - {"default"}):
        yield f"missing security group {name}"
    for name in sorted(wanted.keys() & found.keys()):
        for rule in sorted(found[name] - wanted[name]):
            yield f"undeclared rule in {name}: {' '.join(rule)}"
        for rule in sorted(wanted[name] - found[name]):
            yield f"missing rule in {name}: {' '.join(rule)}"


def _wanted_rule(rule: wanted_groups.SecurityRule) -> tuple[str, ...]:
    """Return a declared rule in the words that `_found_rule` uses: direction, family, protocol, ports, peer."""
    arguments = rule.arguments
    first, last = arguments.get("port_range_min"), arguments.get("port_range_max")
    is_icmp = "icmp" in arguments["protocol"]
    # The provider cannot send "every code" but as 0, which Neutron keeps as none.
    ports = _ports(first, None if is_icmp and last == wanted_groups.EVERY_CODE else last)
    return (
        arguments["direction"],
        arguments["ethertype"],
        arguments["protocol"],
        ports,
        rule.address_group or arguments["remote_ip_prefix"],
    )


def _found_rule(rule: Json, address_groups: dict[str, str]) -> tuple[str, ...]:
    peer = rule["remote_ip_prefix"] or address_groups.get(rule.get("remote_address_group_id") or "", "")
    peer = peer or rule["remote_group_id"] or rule.get("remote_address_group_id") or "any"
    ports = _ports(rule["port_range_min"], rule["port_range_max"])
    return (rule["direction"], rule["ethertype"], rule["protocol"] or "any", ports, peer)


def _ports(first: int | None, last: int | None) -> str:
    return "all" if first is None else f"{first}" if last in {None, first} else f"{first}-{last}"


def address_groups(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare address groups by name and prefixes."""
    wanted = {group.name: set(group.prefixes) for group in wanted_groups.address_groups(tenant.policy)}
    found = {row["name"]: set(row["addresses"]) for row in view.address_groups}
    for name in sorted(wanted.keys() | found.keys()):
        extra, missing = found.get(name, set()) - wanted.get(name, set()), wanted.get(name, set()) - found.get(name, set())
        if extra:
            yield f"undeclared prefixes in {name}: {', '.join(sorted(extra))}"
        if missing:
            yield f"missing prefixes in {name}: {', '.join(sorted(missing))}"


def ports(tenant: TenantWorld, view: View) -> Iterator[str]:
    """Compare the ports on the tenant's networks."""
    wanted = wanted_ports(tenant)
    found = {row["name"] or row["id"]: row for row in view.ports if not is_trusted(row["device_owner"])}
    for name in sorted(found.keys() - wanted.keys()):
        yield f"undeclared port {name} on network {found[name]['network_id']}"
    for name in sorted(wanted.keys() - found.keys()):
        yield f"missing port {name}"
    group_names = {row["id"]: row["name"] for row in view.groups}
    for name in sorted(wanted.keys() & found.keys()):
        row, want = found[name], wanted[name]
        if not row["port_security_enabled"]:
            yield f"port security is off on {name}"
        if row.get("allowed_address_pairs"):
            pairs = ", ".join(pair["ip_address"] for pair in row["allowed_address_pairs"])
            yield f"{name} may also send from {pairs} (allowed address pairs)"
        groups = {group_names.get(group, group) for group in row["security_groups"]}
        if groups != want["groups"]:
            yield f"{name} has groups {', '.join(sorted(groups)) or 'none'}, declared {', '.join(sorted(want['groups']))}"
        fixed = {entry["ip_address"] for entry in row["fixed_ips"]}
        if fixed != want["addresses"]:
            yield f"{name} has addresses {', '.join(sorted(fixed))}, declared {', '.join(sorted(want['addresses']))}"


def wanted_ports(tenant: TenantWorld) -> dict[str, Json]:
    """Return the declared ports by name, each with its groups and addresses."""
    wanted: dict[str, Json] = {}
    for nic in tenant.policy.nics:
        addresses = set(map(str, server_addresses(tenant.declaration, nic.server, nic.zone)))
        wanted[names.port(tenant.name, nic.server, nic.zone)] = {
            "groups": {names.group(tenant.name, key) for key in nic.groups},
            "addresses": addresses,
        }
    for server in tenant.declaration.servers:
        wanted[names.management_port(tenant.name, server)] = {
            "groups": {names.group(tenant.name, names.MANAGEMENT)},
            "addresses": {tenant.facts["servers"][server]["management"]},
        }
    return wanted
