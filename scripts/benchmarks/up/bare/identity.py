"""The project: its quotas, its emptied default group, its deployer and its readers."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from benchmarks.up.bare.site import keystone
from infra.declaration import names
from infra.dynamic import clouds

if TYPE_CHECKING:
    from openstack.connection import Connection

    from benchmarks.up.bare.site import Site

DEPLOYER_ROLE, READER_ROLE = "member", "reader"


def project(site: Site) -> str:
    """Make the project and return its id."""
    name = names.project(site.name)
    description = f"ring-fenced tenant {site.name}"
    return str(keystone(site.admin).create_project(name=name, description=description, tags=site.tags()).id)


def account(site: Site, project_id: str, name: str, role: str) -> tuple[str, str]:
    """Make a user with one role in the project; return its id and password."""
    identity, password = keystone(site.admin), secrets.token_urlsafe(24)
    user = identity.create_user(name=name, password=password, default_project_id=project_id, description=f"{role} of its project")
    identity.assign_project_role_to_user(project_id, user.id, identity.find_role(role, ignore_missing=False))
    return str(user.id), password


def deployer(site: Site, project_id: str) -> Connection:
    """Make the deployer and its application credential; return its connection."""
    name, facts = names.deployer(site.name), site.order.facts
    user_id, password = account(site, project_id, name, DEPLOYER_ROLE)
    login = by_password(site, project_id, user_id, password)
    secret = secrets.token_urlsafe(24)
    made = keystone(login).create_application_credential(
        user_id, name, description="the operator's stack", roles=[{"name": DEPLOYER_ROLE}], secret=secret, unrestricted=False
    )
    return clouds.deployer(clouds.Credential(facts.auth_url, facts.region, str(made.id), secret, facts.cacert))


def by_password(site: Site, project_id: str, user_id: str, password: str) -> Connection:
    """Return a user's connection in one project."""
    from openstack.config import get_cloud_region  # noqa: PLC0415 - a second of import
    from openstack.connection import Connection  # noqa: PLC0415 - as above

    facts = site.order.facts
    region = get_cloud_region(
        load_envvars=False,
        load_yaml_config=False,
        auth_type="v3password",
        auth={"auth_url": facts.auth_url, "user_id": user_id, "password": password, "project_id": project_id},
        region_name=facts.region,
        cacert=facts.cacert or None,
        api_timeout=clouds.TIMEOUT_SECONDS,
    )
    return Connection(config=region)


def empty_default_group(site: Site, project_id: str) -> None:
    """Delete the rules of the group that Neutron gives every project; asking for it makes it."""
    network = site.admin.network
    for group in network.security_groups(name="default", project_id=project_id):
        for rule in group.security_group_rules:
            network.delete_security_group_rule(rule["id"])


def limit(site: Site, project_id: str) -> None:
    """Set the quotas of all services."""
    bodies: dict[str, tuple[Any, str, str]] = {
        "compute": (site.admin.compute, f"/os-quota-sets/{project_id}", "quota_set"),
        "volume": (site.admin.block_storage, f"/os-quota-sets/{project_id}", "quota_set"),
        "network": (site.admin.network, f"/quotas/{project_id}", "quota"),
    }
    for service, (client, path, key) in bodies.items():
        client.put(path, json={key: site.order.limits[service]}, raise_exc=True)
