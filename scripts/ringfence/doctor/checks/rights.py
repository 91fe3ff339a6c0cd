"""What the credential is and may do: told by its token, and by reads that only an admin may make."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.names import DEPLOYER_ROLE, READER_ROLE
from ringfence.doctor.model import DECLARATION, Check, Facts, Finding, found, lacking, needless, untold
from ringfence.doctor.reads import OK

if TYPE_CHECKING:
    from collections.abc import Iterator

ADMIN, MANAGER = "admin", "manager"
TELLING = {
    "projects": "list the cloud's projects",
    "agents": "list Neutron's agents",
    "compute-hosts": "list Nova's hosts",
    "volume-hosts": "list Cinder's hosts",
}
"""Reads that the services' own policies leave to an admin, and what each is."""
REFUSED = frozenset({401, 403})


def role(facts: Facts) -> Iterator[Finding]:
    """Say which roles there are, and what they are seen to be refused."""
    token = facts.seen.token
    roles = ", ".join(token.roles) or "none"
    asked = {what: facts.seen.answers[read] for read, what in TELLING.items()}
    refused = [what for what, answer in asked.items() if answer.status in REFUSED]
    whole = all(answer.status == OK for answer in asked.values())
    grant = f"openstack role add --user {token.user or 'USER'} --project {token.project or 'PROJECT'} {ADMIN}"
    if not token.project_id:
        yield lacking(
            "the credential is for no project: the platform needs one", "export OS_PROJECT_NAME=PROJECT, in clouds.yaml: project_name"
        )
    elif ADMIN in token.roles and not refused:
        yield found(f"{token.user} has {roles} in project {token.project}")
    elif ADMIN in token.roles:
        yield untold(
            f"{token.user} is {ADMIN} in project {token.project}, and may not {', nor '.join(refused)}",
            f"look at the policies of these services, or: {grant} --inherited",
        )
    elif refused:
        half = (
            f"; {MANAGER} may make projects and users of its domain, and neither quotas nor volume types" if MANAGER in token.roles else ""
        )
        yield lacking(f"{token.user} has {roles} in project {token.project}, and may not {', nor '.join(refused)}{half}", grant)
    else:
        reads = f"it reads as an {ADMIN} does" if whole else "not everything that an admin may read was answered"
        yield untold(f"{token.user} has {roles} in project {token.project}: {reads}, and whether it may write is not told", grant)


def credential(facts: Facts) -> Iterator[Finding]:
    """An application credential must be an unrestricted one."""
    token = facts.seen.token
    if "application_credential" not in token.methods:
        yield needless(f"the credential is no application credential, but {', '.join(token.methods) or 'of no known method'}")
    elif token.restricted:
        yield lacking(
            "the application credential is restricted", "openstack application credential create --unrestricted ringfence-operator"
        )
    else:
        yield found("the application credential is unrestricted")


def roles(facts: Facts) -> Iterator[Finding]:
    """Hold the roles that tenants' users get against those of the cloud."""
    known = {row["name"] for row in facts.rows("roles")}
    for name in (DEPLOYER_ROLE, READER_ROLE):
        yield found(f"the role {name}") if name in known else lacking(f"there is no role {name}", f"openstack role create {name}")


def domain(facts: Facts) -> Iterator[Finding]:
    """The declared domain exists, and the platform's project is in it."""
    wanted, token = facts.platform.domain, facts.seen.token
    known = {str(row["id"]): str(row["name"]) for row in facts.rows("domains")}
    ids = [id_ for id_, name in known.items() if wanted in {id_, name}]
    if not ids:
        yield lacking(f"there is no domain {wanted}", f"openstack domain create {wanted}, or write another domain in Pulumi.platform.yaml")
    elif token.domain_id not in ids:
        own = known.get(token.domain_id, token.domain_id)
        yield lacking(
            f"the credential's project {token.project} is in domain {own}, the declared one is {wanted}",
            f"write domain: {own} in Pulumi.platform.yaml",
        )
    else:
        yield found(f"domain {known[ids[0]]}, with project {token.project}")


def trusted(facts: Facts) -> Iterator[Finding]:
    """The platform's project is the one that the proof takes for it: by its id, or by its name."""
    token, declared = facts.seen.token, facts.platform.projects
    if token.project_id in declared or (not declared and token.project == names.PLATFORM):
        yield found(f"{token.project} ({token.project_id}) is the platform's for the proof")
        return
    yield lacking(
        f"the proof would take project {token.project}, in which the platform is made, for a tenant",
        f"write projects: [{', '.join((*declared, token.project_id))}] in Pulumi.platform.yaml, with the ids of service projects beside it",
    )


CHECKS = (
    Check(
        "role",
        "The credential is an admin's, in one project",
        "It makes projects, users, quotas, volume types, a public image and routers between projects.",
        (),
        role,
    ),
    Check(
        "credential",
        "An application credential may do what its user may",
        "After a crash, lost application credentials of tenants are removed, which Keystone refuses to a restricted one.",
        (),
        credential,
    ),
    Check(
        "roles",
        "The roles that tenants' users get exist",
        "The deployer builds with one, the customer's people look with the other.",
        ("roles",),
        roles,
    ),
    Check(
        "domain",
        "The declared domain exists, and the platform's project is in it",
        "A project of another domain is a stranger to the proof, whatever it is called.",
        (DECLARATION, "domains"),
        domain,
    ),
    Check(
        "trusted-project",
        "The proof knows the platform's project",
        "What is not known to be the platform's is a tenant, and then nothing between it and the others holds.",
        (DECLARATION,),
        trusted,
    ),
)
