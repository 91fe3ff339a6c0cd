"""The tenant's flows as Neutron security groups: what ``infra.render.security_groups`` computed, handed to the provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, ResourceOptions

from infra.declaration import names
from infra.render.security_groups import address_groups, security_groups

if TYPE_CHECKING:
    from infra.declaration.model import Tenant
    from infra.policy.rules import TenantPolicy
    from infra.render.security_groups import SecurityGroup, SecurityRule


@dataclass(frozen=True, slots=True)
class GroupsArgs:
    """Whose groups, and the policy that they render."""

    tenant: Tenant
    policy: TenantPolicy


class Groups(ComponentResource):
    """All security groups of a tenant; ``ids`` by the policy's keys, ``named`` by their names.

    A rule's resource is named after what it allows: a changed flow makes the new rules first and removes the old ones last, and rules
    that stay are not touched. So there is no moment that is wider than the old and the new flows together.
    """

    ids: dict[str, Output[str]]
    named: dict[str, Output[str]]

    def __init__(self, name: str, args: GroupsArgs, opts: ResourceOptions) -> None:
        """Declare the groups; ``opts`` carries the deployer's provider."""
        super().__init__("ringfence:tenant:Groups", name, None, opts)
        self._tags = names.tag_list(names.tags(args.tenant))
        child = ResourceOptions(parent=self)
        self._peers = {
            group.name: openstack.networking.AddressGroupV2(
                group.name, name=group.name, description=group.description, addresses=group.prefixes, opts=child
            ).id
            for group in address_groups(args.policy)
        }
        groups = security_groups(args.policy)
        self.ids = {group.key: self._group(group) for group in groups}
        self.named = {group.name: self.ids[group.key] for group in groups}
        self.register_outputs({"ids": self.ids})

    def _group(self, group: SecurityGroup) -> Output[str]:
        made = openstack.networking.SecGroup(
            group.name,
            name=group.name,
            description=group.description,
            delete_default_rules=True,
            tags=self._tags,
            opts=ResourceOptions(parent=self),
        )
        for rule in group.rules:
            self._rule(made, rule)
        return made.id

    def _rule(self, group: openstack.networking.SecGroup, rule: SecurityRule) -> None:
        peers = self._peers[rule.address_group] if rule.address_group else None
        # Neutron refuses a second rule that differs in its description only.
        opts = ResourceOptions(parent=self, delete_before_replace=True)
        openstack.networking.SecGroupRule(rule.name, security_group_id=group.id, remote_address_group_id=peers, **rule.arguments, opts=opts)
