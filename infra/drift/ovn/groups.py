"""Security groups in OVN: port groups with their ports, rules as ACLs, address sets, and who is in the group that drops. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.drift.ovn import acls
from infra.drift.ovn.northbound import DROP_GROUP, ID, address_set_name, group_name, many
from infra.drift.ovn.objects import further_columns, of_ovn
from infra.neutron import owners

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.drift.found import Json
    from infra.drift.ovn.northbound import Row
    from infra.drift.ovn.objects import Sight
    from infra.outcome import Deviation

RULE = "neutron:security_group_rule_id"
OF_AN_ACL = {ID, "direction", "priority", "action", "match", "external_ids", "log", "name", "severity", "meter", "label"}
"""Columns that are compared, and those that only write a log."""
OF_A_GROUP = {ID, "acls", "external_ids", "name", "ports"}
FAMILIES = {4: "ip4", 6: "ip6"}


def is_filtered(port: Json) -> bool:
    """Tell whether Neutron puts a port into its groups: not those of its own infrastructure, and none without port security."""
    return bool(port["port_security_enabled"]) and not owners.is_trusted(port["device_owner"])


def rules(sight: Sight) -> Iterator[Deviation]:
    """Compare the ACLs of every group with its rules, one for one."""
    own = {str(group["id"]) for group in sight.scope.found.groups}
    ours = {sight.ports[str(port["id"])][ID] for port in sight.scope.found.ports if str(port["id"]) in sight.ports}
    for group in sight.scope.whole.found.groups:
        one = sight.scope.subject("groups", group)
        rows = sight.ovn.called("Port_Group", group_name(group["id"]))
        # Another's group counts where it holds a port of the party's networks: its ACLs are in force there, for every port.
        if group["id"] not in own and not any(ours.intersection(many(row, "ports")) for row in rows):
            continue
        if not rows:
            yield one.missing(f"{one} is not in OVN: no port group {group_name(group['id'])}")
        wanted = {str(rule["id"]): acls.of_rule(group, rule) for rule in group["security_group_rules"]}
        for row in rows:
            yield from further_columns(one, row, OF_A_GROUP)
            for acl in sight.ovn.of_row(row, "acls", "ACL"):
                yield from _acl(f"group {one.name}", row, acl, wanted)
        for rule, lost in sorted(wanted.items()):
            yield one.missing(f"rule {rule} of {one} is not in OVN ({lost})")


def _acl(where: str, group: Row, row: Row, wanted: dict[str, acls.Acl]) -> Iterator[Deviation]:
    """Compare an ACL with the rule whose id it bears, and take that rule from those that are wanted: a second one is undeclared."""
    found, rule = acls.of_row(row), row["external_ids"].get(RULE, "")
    undo = f"ovn-nbctl remove Port_Group {group['name']} acls {row[ID]}"
    one = of_ovn("ACL", row)
    if rule not in wanted:
        yield one.further(f"undeclared ACL in OVN, {where}: {found} ({row[ID]})", undo)
        return
    want = wanted.pop(rule)
    if found != want:
        yield one.different(f"ACL of rule {rule} in OVN, {where}, is {found}, Neutron's is {want}")
    yield from further_columns(one, row, OF_AN_ACL)


def drops(sight: Sight) -> Iterator[Deviation]:
    """Check that what no rule allows is dropped: the two ACLs, nothing else beside them, and every filtered port of the party."""
    rows = sight.ovn.called("Port_Group", DROP_GROUP)
    inside = {id_ for row in rows for id_ in many(row, "ports")}
    wanted = set(acls.drops())
    for row in rows:
        for acl in sight.ovn.of_row(row, "acls", "ACL"):
            found = acls.of_row(acl)
            found = replace(found, priority=acls.DROP) if found.priority in acls.DROPS else found
            if found not in wanted:
                undo = f"ovn-nbctl remove Port_Group {row['name']} acls {acl[ID]}"
                yield of_ovn("ACL", acl).further(f"undeclared ACL in OVN, group {DROP_GROUP}: {found} ({acl[ID]})", undo)
            wanted.discard(found)
            yield from further_columns(of_ovn("ACL", acl), acl, OF_AN_ACL)
    for lost in sorted(wanted, key=str):
        undo = f"ovn-nbctl --type=port-group acl-add {DROP_GROUP} {lost.direction} {lost.priority} '{lost.match}' {lost.action}"
        one = of_ovn("port group", rows[0] if rows else {ID: "", "name": DROP_GROUP})
        yield one.missing(f"OVN lacks an ACL that drops what no rule allows: {lost}", undo)
    for port in sight.scope.found.ports:
        held = sight.ports.get(str(port["id"]))
        if held is not None and is_filtered(port) and held[ID] not in inside:
            one = sight.scope.subject("ports", port)
            undo = f"ovn-nbctl add Port_Group {DROP_GROUP} ports {held[ID]}"
            yield one.missing(f"{one} is not in OVN's group {DROP_GROUP}: what no rule allows is not dropped there", undo)


def members(sight: Sight) -> Iterator[Deviation]:
    """Compare who is in which port group: a port too much has another's rules, and is a member wherever a rule names the group."""
    own = {str(group["id"]): sight.scope.subject("groups", group) for group in sight.scope.found.groups}
    wanted: dict[str, set[str]] = {group: set() for group in own}
    for port in sight.scope.whole.found.ports:
        for group in port.get("security_groups") or ():
            if group in wanted and is_filtered(port) and str(port["id"]) in sight.ports:
                wanted[group].add(str(port["id"]))
    for group, one in own.items():
        for row in sight.ovn.called("Port_Group", group_name(group)):
            found = {str(port.get("name")): port for port in sight.ovn.of_row(row, "ports", "Logical_Switch_Port")}
            for name in sorted(found.keys() - wanted[group]):
                undo = f"ovn-nbctl remove Port_Group {row['name']} ports {found[name][ID]}"
                yield one.further(f"port {sight.name_of(found[name])} is in {one} in OVN, and not in Neutron", undo)
            for name in sorted(wanted[group] - found.keys()):
                port, undo = sight.ports[name], f"ovn-nbctl add Port_Group {row['name']} ports {sight.ports[name][ID]}"
                yield one.missing(f"port {sight.name_of(port)} is not in {one} in OVN", undo)


def strange_groups(sight: Sight) -> Iterator[Deviation]:
    """Find port groups that no security group is, and that hold a port of the party: their ACLs are rules that Neutron does not know."""
    ours = {sight.ports[str(port["id"])][ID]: port for port in sight.scope.found.ports if str(port["id"]) in sight.ports}
    known = {DROP_GROUP, *(group_name(str(group["id"])) for group in sight.scope.whole.found.groups)}
    for row in sight.ovn.rows("Port_Group").values():
        inside = [ours[id_] for id_ in many(row, "ports") if id_ in ours]
        if row["name"] not in known and inside:
            names = ", ".join(sorted(sight.scope.names.of("ports", str(port["id"])) for port in inside))
            yield of_ovn("port group", row).further(
                f"undeclared port group {row['name']} in OVN holds port {names}", f"ovn-nbctl pg-del {row['name']}"
            )


def address_sets(sight: Sight) -> Iterator[Deviation]:
    """Compare the sets of address groups, family by family."""
    for group in sight.scope.found.address_groups:
        one = sight.scope.subject("address_groups", group)
        wanted: dict[str, set[str]] = {family: set() for family in FAMILIES.values()}
        for prefix in group["addresses"]:
            wanted[FAMILIES[6 if ":" in prefix else 4]].add(prefix)
        for family, prefixes in wanted.items():
            rows = sight.ovn.called("Address_Set", address_set_name(str(group["id"]), family))
            found = {str(each) for row in rows for each in many(row, "addresses")}
            if found != prefixes or not rows:
                ends = (("too much", found - prefixes), ("too little", prefixes - found))
                more = ", ".join(f"{word} {', '.join(sorted(values)) or 'nothing'}" for word, values in ends)
                yield one.different(f"{one} has other {family} prefixes in OVN: {more if rows else 'the set is not there'}")
