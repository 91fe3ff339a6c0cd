"""The two identities as explicit providers. No resource ever uses a provider that it was not given."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_openstack as openstack
from pulumi import Input, Output, ResourceOptions

from infra.components.settings import NO_CLOUD
from infra.errors import CloudError

HIDE_ADMIN = {NO_CLOUD: "OS_CLOUD"}
"""The provider's process sees ``OS_CLOUD`` empty; see ``infra.components.settings.check_identities``."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where Keystone is; from the platform's outputs, so that all identities of one cloud agree."""

    auth_url: Input[str]
    region: Input[str]
    cacert: Input[str]


def admin(cloud: str) -> openstack.Provider:
    """Return the operator's admin, by the name of its entry in clouds.yaml."""
    return openstack.Provider("admin", cloud=cloud)


@dataclass(frozen=True, slots=True)
class Login:
    """A user with its password, in one project; by name, because the provider adds a domain, which is refused beside a user's id."""

    project_id: Input[str]
    user_name: Input[str]
    user_domain_id: Input[str]
    password: Input[str]


def by_password(name: str, endpoint: Endpoint, login: Login, opts: ResourceOptions) -> openstack.Provider:
    """Return a user's identity in one project. It only serves to make that user's application credential."""
    return openstack.Provider(
        name,
        cloud="",
        auth_url=endpoint.auth_url,
        region=endpoint.region,
        cacert_file=endpoint.cacert,
        user_name=login.user_name,
        user_domain_id=login.user_domain_id,
        password=login.password,
        tenant_id=login.project_id,
        opts=ResourceOptions.merge(opts, ResourceOptions(env_var_mappings=HIDE_ADMIN)),
    )


def by_credential(name: str, credential: Output[dict[str, str]], opts: ResourceOptions) -> openstack.Provider:
    """Return the identity of an application credential (the properties of ``infra.dynamic.clouds.Credential``)."""
    return openstack.Provider(
        name,
        cloud="",
        auth_url=credential["auth_url"],
        region=credential["region"],
        cacert_file=credential["cacert"],
        application_credential_id=credential["application_credential_id"],
        application_credential_secret=credential["application_credential_secret"],
        opts=ResourceOptions.merge(opts, ResourceOptions(env_var_mappings=HIDE_ADMIN)),
    )


def proven_project(provider: openstack.Provider, expected: Input[str]) -> Output[str]:
    """Return the project in which a provider really acts, after comparing it with the one it is meant for.

    Whatever is created there takes the project from here, so a provider that is somebody else creates nothing.
    """
    scope = openstack.identity.get_auth_scope_output(name="scope", opts=pulumi.InvokeOptions(provider=provider))

    def compare(both: list[str]) -> str:
        actual, wanted = both
        if actual != wanted:
            raise CloudError.of(
                "a tenant's provider acts in another project",
                expected=f"project {wanted}",
                got=f"project {actual}",
                hint=f"export {NO_CLOUD}= and unset every OS_ variable but OS_CLOUD and OS_CLIENT_CONFIG_FILE",
            )
        return actual

    return Output.all(scope.project_id, expected).apply(compare)
