"""A tenant's stack: one ring-fenced environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, ResourceOptions

from infra.components import providers, wiring
from infra.components.groups import Groups, GroupsArgs
from infra.components.identity import Identity, IdentityArgs
from infra.components.management import Management, ManagementArgs
from infra.components.quotas import project_limits
from infra.components.server import TenantParts, TenantServer
from infra.components.zones import Zone, ZoneArgs
from infra.declaration import names
from infra.dynamic.router_leg import Unplugged
from infra.outputs import TenantOutput, encoded
from infra.policy.flows import expand
from infra.topology import tenant_topology

if TYPE_CHECKING:
    from infra.components.facts import PlatformFacts
    from infra.components.guard import ReplacementGuard
    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.delivery.files import Source


@dataclass(frozen=True, slots=True)
class TenantArgs:
    """What a tenant is built from."""

    declaration: TenantDeclaration
    platform: Platform
    facts: PlatformFacts
    cloud: str
    public_key: str
    guard: ReplacementGuard
    recover: list[str] | None = None
    source: Source | None = None


class TenantStack(ComponentResource):
    """Project, edge, zones, groups, management segment and servers.

    ``facts`` are the plain outputs, ``credential`` and ``reader_credential`` the secret ones.
    """

    facts: Output[dict[str, object]]
    credential: Output[dict[str, str]]
    reader_credential: Output[dict[str, str]]

    def __init__(self, name: str, args: TenantArgs) -> None:
        """Declare the tenant: its own things with the deployer's credential, the ring fence around them with the admin's."""
        admin = providers.admin(args.cloud)
        super().__init__("ringfence:tenant:Tenant", name, None, ResourceOptions(providers=[admin], transformations=[args.guard.made_anew]))
        tenant = args.declaration.tenant
        policy = expand(args.declaration, args.platform)
        topology = tenant_topology(tenant, policy, args.platform)
        as_admin = ResourceOptions(parent=self, provider=admin)
        limits = project_limits(tenant, policy, args.platform)
        identity = Identity(
            "identity",
            IdentityArgs(tenant, topology.platforms(), limits, args.facts.endpoint, args.facts.domain_id, admin, args.recover),
            as_admin,
        )
        fence = ResourceOptions(parent=self, provider=admin, depends_on=[identity.remains])
        project_id = providers.proven_project(identity.deployer, identity.project_id)
        as_deployer = ResourceOptions(parent=self, provider=identity.deployer)
        declared = topology.routers[names.edge_router(name)]
        edge = wiring.router(declared, args.facts.external_network_id, names.tag_list(names.tags(tenant)), fence)
        unplugged = Unplugged(names.edge_router(name), edge.id, opts=ResourceOptions(parent=self))
        zones = {
            zone: Zone(names.network(name, zone), ZoneArgs(tenant, topology, zone, edge.id, unplugged, args.guard), as_deployer)
            for zone in tenant.zones
        }
        management = Management("management", ManagementArgs(tenant, topology, args.platform, args.facts, project_id), fence)
        groups = Groups("groups", GroupsArgs(tenant, policy), as_deployer)
        key = openstack.compute.Keypair(names.key_pair(name), name=names.key_pair(name), public_key=args.public_key, opts=as_deployer)
        parts = TenantParts(
            tenant,
            args.platform,
            policy,
            topology,
            args.facts,
            zones,
            groups,
            management,
            key.name,
            identity.credential,
            args.guard,
            args.source,
        )
        servers = {server: TenantServer(server, parts, as_deployer).facts for server in tenant.servers}
        self.credential, self.reader_credential = identity.credential, identity.reader_credential
        self.facts = Output.all(
            name=name,
            region=tenant.region,
            project_id=identity.project_id,
            deployer={"user_id": identity.deployer_user_id},
            edge_router_id=edge.id,
            management={
                "network_id": management.network_id,
                "subnet_id": management.subnet_id,
                "router_id": management.router_id,
                "cidr": management.cidr,
            },
            zones={
                zone: {"network_id": made.network_id, "subnet_ids": [subnet.id for subnet in made.subnets.values()]}
                for zone, made in zones.items()
            },
            groups=groups.ids,
            servers=servers,
        ).apply(lambda known: encoded(TenantOutput, known))
        self.register_outputs({"facts": self.facts})
