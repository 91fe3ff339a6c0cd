"""Who may do what in a tenant's project: the operator's deployer builds, the customer's people look, nobody else is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_openstack as openstack
from pulumi import ComponentResource, Output, ResourceOptions

from infra.components import providers
from infra.declaration import names
from infra.declaration.names import DEPLOYER_ROLE, READER_ROLE
from infra.dynamic.default_group import EmptyDefaultGroup
from infra.dynamic.generated_secret import GeneratedSecret
from infra.dynamic.leftovers import Leftovers, LeftoversArgs
from infra.dynamic.limits import Limits, ProjectLimits
from infra.dynamic.ring_fence import RingFenceRemains

if TYPE_CHECKING:
    from infra.components.providers import Endpoint
    from infra.declaration.model import Tenant


@dataclass(frozen=True, slots=True)
class IdentityArgs:
    """Whose identities, how much they may make, where Keystone is and in which domain they are. ``admin`` makes them.

    ``fence`` names what is the platform's although the tenant's stack makes it. ``recover`` is what the stack has when the run before
    broke off, else ``None``.
    """

    tenant: Tenant
    fence: tuple[str, ...]
    limits: Limits
    endpoint: Endpoint
    domain_id: Output[str | None]
    admin: openstack.Provider
    recover: list[str] | None


@dataclass(frozen=True, slots=True)
class Account:
    """A user of one project with one role and a generated password."""

    user: openstack.identity.User
    password: Output[str]
    grant: openstack.identity.RoleAssignment


class Identity(ComponentResource):
    """The project with its limits, the deployer's application credential and the readers' account.

    ``deployer`` is the provider of everything that the tenant owns. All that it makes is deleted before the leftovers of the project
    are, those before the credential, and the credential before the project.
    """

    project_id: Output[str]
    remains: RingFenceRemains
    deployer: openstack.Provider
    deployer_user_id: Output[str]
    credential: Output[dict[str, str]]
    reader_credential: Output[dict[str, str]]

    def __init__(self, name: str, args: IdentityArgs, opts: ResourceOptions) -> None:
        """Declare the project and its identities."""
        super().__init__("ringfence:tenant:Identity", name, None, opts)
        self._args = args
        tenant = args.tenant.name
        tags = names.tag_list(names.tags(args.tenant))
        project = openstack.identity.Project(
            names.project(tenant),
            name=names.project(tenant),
            domain_id=args.domain_id,
            description=f"ring-fenced tenant {tenant}",
            tags=tags,
            opts=self._child(),
        )
        empty = EmptyDefaultGroup(tenant, project.id, opts=self._child())
        identities = [names.deployer(tenant), names.reader(tenant)]
        self.remains = RingFenceRemains(tenant, project.id, [*args.fence, *identities], args.recover, opts=self._child())
        limits = ProjectLimits(tenant, project.id, args.limits, opts=self._child())
        deployer = self._account(names.deployer(tenant), DEPLOYER_ROLE, project.id)
        reader = self._account(names.reader(tenant), READER_ROLE, project.id)
        self.project_id, self.deployer_user_id = project.id, deployer.user.id
        self.credential = self._credential(deployer, project.id)
        leftovers = Leftovers(
            tenant,
            LeftoversArgs(project.id, tenant, self.credential, args.recover),
            opts=self._child(depends_on=[deployer.grant, empty, limits]),
        )
        self.deployer = providers.by_credential(
            names.deployer(tenant), self.credential, ResourceOptions(parent=self, depends_on=[leftovers])
        )
        self.reader_credential = Output.secret(
            Output.all(
                auth_url=args.endpoint.auth_url,
                region=args.endpoint.region,
                project_id=project.id,
                user_id=reader.user.id,
                password=reader.password,
            )
        )
        self.register_outputs({"project_id": project.id})

    def _child(self, depends_on: list[pulumi.Resource] | None = None) -> ResourceOptions:
        return ResourceOptions(parent=self, provider=self._args.admin, depends_on=depends_on)

    def _account(self, name: str, role: str, project_id: Output[str]) -> Account:
        secret = GeneratedSecret(name, opts=ResourceOptions(parent=self))
        user = openstack.identity.User(
            name,
            name=name,
            password=secret.value,
            domain_id=self._args.domain_id,
            default_project_id=project_id,
            description=f"{role} of its project",
            opts=self._child(depends_on=[self.remains]),
        )
        role_id = openstack.identity.get_role_output(name=role, opts=pulumi.InvokeOptions(provider=self._args.admin)).id
        grant = openstack.identity.RoleAssignment(name, project_id=project_id, user_id=user.id, role_id=role_id, opts=self._child())
        return Account(user, secret.value, grant)

    def _credential(self, account: Account, project_id: Output[str]) -> Output[dict[str, str]]:
        """Make the deployer's application credential, as the deployer: it may neither make further ones nor outlive its user."""
        name, endpoint = names.deployer(self._args.tenant.name), self._args.endpoint
        as_user = providers.by_password(
            f"{name}-login",
            endpoint,
            providers.Login(project_id, account.user.name, account.user.domain_id, account.password),
            ResourceOptions(parent=self, depends_on=[account.grant]),
        )
        secret = GeneratedSecret(f"{name}-credential", opts=ResourceOptions(parent=self))
        made = openstack.identity.ApplicationCredential(
            name,
            name=name,
            description="the operator's stack",
            roles=[DEPLOYER_ROLE],
            secret=secret.value,
            unrestricted=False,
            opts=ResourceOptions(parent=self, provider=as_user, depends_on=[account.grant], additional_secret_outputs=["secret"]),
        )
        return Output.secret(
            Output.all(
                auth_url=endpoint.auth_url,
                region=endpoint.region,
                cacert=endpoint.cacert,
                application_credential_id=made.id,
                application_credential_secret=secret.value,
            )
        )
