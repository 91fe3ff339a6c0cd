"""Security groups, their rules, address groups and shares of a plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from infra.errors import Problem, SnapshotError
from infra.neutron import snapshot as model
from infra.neutron.plan import source

if TYPE_CHECKING:
    from infra.neutron.overlay import Overlay
    from infra.neutron.plan import Resource


def add_groups(overlay: Overlay) -> None:
    """Add the groups of a plan, then the rules to the groups that they belong to.

    Raises:
        SnapshotError: a rule's group is neither in the plan nor in the base.
    """
    for resource in overlay.new("AddressGroupV2"):
        addresses = tuple(resource.get("addresses") or ())
        overlay.put(model.AddressGroup(id=resource.id, name=str(resource.get("name") or ""), addresses=addresses, source=source(resource)))
    for resource in overlay.new("SecGroup"):
        overlay.put(_group(overlay, resource))
    known = {rule.id for group in overlay.all(model.SecurityGroup) for rule in group.rules}
    for resource in overlay.plan.of("SecGroupRule"):
        if resource.id not in known:
            owner = overlay.plan.reference(resource, "securityGroupId", "SecGroup")
            group = overlay.find(model.SecurityGroup, owner)
            if group is None:
                raise SnapshotError(
                    Problem("a rule of a group that is not there", where=f"{overlay.plan.name}: {resource.state.urn}", got=owner)
                )
            overlay.put(msgspec.structs.replace(group, rules=(*group.rules, _rule(overlay, resource))))


def _group(overlay: Overlay, resource: Resource) -> model.SecurityGroup:
    """Return a group, with the stock template's rules unless they are removed (row 12)."""
    earlier = overlay.find(model.SecurityGroup, resource.id)
    if earlier:
        rules = earlier.rules
    elif resource.get("deleteDefaultRules"):
        rules = ()
    else:
        rules = (model.Rule(direction="egress"), model.Rule(direction="egress", ethertype="IPv6"))
    return model.SecurityGroup(
        id=resource.id,
        name=str(resource.get("name") or ""),
        project_id=overlay.project(resource),
        stateful=resource.get("stateful") is not False,
        rules=rules,
        source=source(resource),
    )


def _rule(overlay: Overlay, resource: Resource) -> model.Rule:
    protocol = resource.get("protocol") or None
    first, last = resource.get("portRangeMin"), resource.get("portRangeMax")
    return model.Rule(
        id=resource.id,
        direction=resource.get("direction"),
        ethertype=resource.get("ethertype"),
        protocol=protocol,
        port_range_min=int(first) if first else None,  # the provider leaves a 0 out of its request: Neutron then reads "all"
        port_range_max=int(last) if last else None,
        remote_ip_prefix=resource.get("remoteIpPrefix") or None,
        remote_group_id=overlay.plan.reference(resource, "remoteGroupId", "SecGroup") or None,
        remote_address_group_id=overlay.plan.reference(resource, "remoteAddressGroupId", "AddressGroupV2") or None,
        description=str(resource.get("description") or ""),
        source=source(resource),
    )


def add_shares(overlay: Overlay) -> None:
    """Add what a plan shares with projects."""
    for resource in overlay.new("RbacPolicyV2"):
        overlay.put(_rbac(overlay, resource))


def _rbac(overlay: Overlay, resource: Resource) -> model.RbacPolicy:
    kinds = {"network": "Network", "security_group": "SecGroup", "address_group": "AddressGroupV2"}
    object_type = str(resource.get("objectType"))
    return model.RbacPolicy(
        id=resource.id,
        object_type=object_type,
        object_id=overlay.plan.reference(resource, "objectId", kinds.get(object_type, "Network")),
        action=str(resource.get("action")),
        target_project=overlay.plan.reference(resource, "targetTenant", "Project") or "*",
        source=source(resource),
    )
