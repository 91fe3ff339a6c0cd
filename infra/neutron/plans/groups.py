"""Security groups, their rules and members, address groups and shares of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plans.kinds import ResourceKind
from infra.neutron.plans.preview import OTHER_STATE, source

if TYPE_CHECKING:
    from infra.neutron.plans.overlay import Overlay
    from infra.neutron.plans.preview import Resource


def add_groups(overlay: Overlay) -> None:
    """Add the groups of a plan, then the rules to the groups that they belong to.

    Raises:
        SnapshotError: a rule's group is neither in the plan nor in the base.
    """
    for resource in overlay.new(ResourceKind.ADDRESS_GROUP):
        overlay.put(
            overlay.changed(
                model.AddressGroup,
                resource.id,
                name=resource.text("name"),
                addresses=tuple(map(str, resource.items("addresses"))),
                project_id=overlay.project(resource),
                source=source(resource),
            )
        )
    for resource in overlay.new(ResourceKind.GROUP):
        overlay.put(_group(overlay, resource))
    _add_rules(overlay)
    for resource in overlay.plan.of(ResourceKind.OWN_DEFAULT_GROUP):
        if not overlay.shows(resource):
            project = resource.text("project_id") or overlay.plan.reference(resource, "project_id", ResourceKind.PROJECT)
            group = overlay.find(model.SecurityGroup, overlay.default_group(project))
            if group is not None:
                overlay.put(msgspec.structs.replace(group, rules=()))


def _add_rules(overlay: Overlay) -> None:
    """Add rules to their groups; one that the base has under its id is as the plan says, unless the plan leaves it alone."""
    rules: dict[str, dict[str, model.Rule]] = {}
    known = {rule.id: group.id for group in overlay.all(model.SecurityGroup) for rule in group.rules}
    for resource in overlay.plan.of(ResourceKind.RULE):
        if resource.kept and resource.id in known:
            continue
        owner = overlay.plan.reference(resource, "securityGroupId", ResourceKind.GROUP)
        if overlay.find(model.SecurityGroup, owner) is None:
            where = f"{overlay.plan.name}: {resource.state.urn}"
            raise SnapshotError(Problem("a rule of a group that is not there", where=where, got=owner, hint=OTHER_STATE))
        rule = _rule(overlay, resource)
        if rule is not None:
            rules.setdefault(owner, {})[resource.id] = rule
    for owner, fresh in rules.items():
        group = overlay.find(model.SecurityGroup, owner)
        if group is not None:
            kept = [rule for rule in group.rules if rule.id not in fresh]
            overlay.put(msgspec.structs.replace(group, rules=(*kept, *fresh.values())))


def _group(overlay: Overlay, resource: Resource) -> model.Record:
    """Return a group, with the rules of the template for new groups unless they are removed (row 12)."""
    fields = {"name": resource.text("name"), "project_id": overlay.project(resource), "source": source(resource)}
    if overlay.find(model.SecurityGroup, resource.id) is None:
        fields["rules"] = () if resource.flag("deleteDefaultRules", default=False) else overlay.stock_rules()
    if "stateful" in resource.state.inputs:
        fields["stateful"] = resource.flag("stateful", default=True)
    return overlay.changed(model.SecurityGroup, resource.id, **fields)


_DIRECTIONS: dict[str, Literal["ingress", "egress"]] = {"ingress": "ingress", "egress": "egress"}
_FAMILIES: dict[str, Literal["IPv4", "IPv6"]] = {"IPv4": "IPv4", "IPv6": "IPv6"}


def _rule(overlay: Overlay, resource: Resource) -> model.Rule | None:
    """Return a rule; what is not told in it is read as everything, and said (:mod:`infra.neutron.plans.unknowns`)."""
    direction, family = _DIRECTIONS.get(resource.text("direction")), _FAMILIES.get(resource.text("ethertype"))
    if direction is None or family is None:
        got = f"{resource.text('direction') or 'nothing'}, {resource.text('ethertype') or 'nothing'}"
        overlay.doubt(resource, f"the plan does not tell direction and ethertype: {got}")
        return None
    return model.Rule(
        id=resource.id,
        direction=direction,
        ethertype=family,
        protocol=resource.text("protocol") or None,
        port_range_min=resource.number("portRangeMin") or None,  # the provider leaves a 0 out of its request: Neutron then reads "all"
        port_range_max=resource.number("portRangeMax") or None,
        remote_ip_prefix=resource.text("remoteIpPrefix") or None,
        remote_group_id=overlay.plan.reference(resource, "remoteGroupId", ResourceKind.GROUP) or None,
        remote_address_group_id=overlay.plan.reference(resource, "remoteAddressGroupId", ResourceKind.ADDRESS_GROUP) or None,
        description=resource.text("description"),
        source=source(resource),
    )


def add_port_groups(overlay: Overlay) -> None:
    """Put groups on ports that another resource made: beside those that they have, or instead of them."""
    for resource in overlay.new(ResourceKind.PORT_GROUPS):
        port = overlay.plan.reference(resource, "portId", ResourceKind.PORT)
        named = overlay.plan.references(resource, "securityGroupIds", ResourceKind.GROUP)
        found = overlay.find(model.Port, port)
        others = found.security_groups if found and not resource.flag("enforce", default=False) else ()
        overlay.change_port(port, security_groups=tuple(sorted({*others, *named})))


def add_shares(overlay: Overlay) -> None:
    """Add what a plan shares with projects."""
    for resource in overlay.new(ResourceKind.RBAC_POLICY):
        overlay.put(_rbac(overlay, resource))


def _rbac(overlay: Overlay, resource: Resource) -> model.RbacPolicy:
    kinds = {"network": ResourceKind.NETWORK, "security_group": ResourceKind.GROUP, "address_group": ResourceKind.ADDRESS_GROUP}
    object_type = str(resource.get("objectType"))
    return model.RbacPolicy(
        id=resource.id,
        object_type=object_type,
        object_id=overlay.plan.reference(resource, "objectId", kinds.get(object_type, ResourceKind.NETWORK)),
        action=str(resource.get("action")),
        target_project=overlay.plan.reference(resource, "targetTenant", ResourceKind.PROJECT) or "*",
        source=source(resource),
    )
