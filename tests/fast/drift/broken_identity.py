"""Ways to let a stranger act in a tenant's project, and the words that have to name each; and what a cloud has without any harm."""

from __future__ import annotations

from dataclasses import replace

from tests.fast.drift.changes import Change, both, change, fewer, more
from tests.fast.drift.rows import DOMAIN, PARENT, PLATFORM_PROJECT, Row, assignment

MALLORY = {"user": {"id": "user-mallory", "name": "mallory"}}
GUESTS = {"group": {"id": "group-guests", "name": "guests"}}
READER = {"user": {"id": "id-acme-reader", "name": "acme-reader"}}
HERE: Row = {"project": {"id": "project-acme", "name": "acme"}}
DEPLOYER = "id-acme-deployer"
BELOW = {"OS-INHERIT:inherited_to": "projects"}
CREDENTIAL: Row = {"id": "key", "user_id": "id-acme-reader", "project_id": "project-acme", "type": "ec2"}
TRUST: Row = {"id": "trust", "trustor_user_id": DEPLOYER, "trustee_user_id": "user-mallory", "project_id": "project-acme"}
APPLICATION: Row = {"id": "app", "name": "ci", "user_id": DEPLOYER, "project_id": "project-acme", "unrestricted": False, "roles": []}
MEMBERSHIP: Row = {"id": "group-guests", "name": "guests", "user_id": "id-acme-reader"}
ABOVE_ALL: Row = {"project": {"id": PLATFORM_PROJECT, "name": "platform"}}
ANOTHER_KEY: Row = {"id": "key-2", "user_id": "user-mallory", "project_id": PLATFORM_PROJECT, "type": "ec2"}
HANDED_ON: Row = {"id": "trust-2", "trustor_user_id": "user-bob", "trustee_user_id": "user-mallory", "project_id": PLATFORM_PROJECT}
BOB = {"user": {"id": "user-bob", "name": "bob"}}


def asked_by(user: str) -> Change:
    """Return that somebody else asks the cloud."""
    return lambda found: replace(found, asker=user)


WAYS: dict[str, tuple[Change, str]] = {
    "role of a stranger": (
        more("assignments", assignment(MALLORY, "member", HERE)),
        "undeclared role member of user mallory in project acme",
    ),
    "role of a group": (more("assignments", assignment(GUESTS, "reader", HERE)), "undeclared role reader of group guests in project acme"),
    "further role of the reader": (
        more("assignments", assignment(READER, "member", HERE)),
        "undeclared role member of user acme-reader",
    ),
    "role inherited from the domain": (
        more("assignments", assignment(MALLORY, "admin", {"domain": {"id": DOMAIN, "name": "Default"}, **BELOW})),
        "undeclared role admin of user mallory in project acme, inherited from domain Default",
    ),
    "role inherited from a project above": (
        more("assignments", assignment(GUESTS, "reader", {"project": {"id": PARENT, "name": "customers"}, **BELOW})),
        "undeclared role reader of group guests in project acme, inherited from project customers",
    ),
    "role of an account in another tenant's project": (
        more("account_roles", assignment(READER, "reader", {"project": {"id": "project-globex", "name": "globex"}})),
        "undeclared role reader of user acme-reader in project globex",
    ),
    "role of an account in the platform's project": (
        more("account_roles", assignment(READER, "member", {"project": {"id": "project-platform", "name": "platform"}})),
        "undeclared role member of user acme-reader in project",
    ),
    "role of an account in the whole system": (
        more("account_roles", assignment(READER, "admin", {"system": {"all": True}})),
        "undeclared role admin of user acme-reader in the whole system",
    ),
    "role of an account in a domain": (
        more("account_roles", assignment(READER, "admin", {"domain": {"id": DOMAIN, "name": "Default"}})),
        "undeclared role admin of user acme-reader in domain Default",
    ),
    "role of an account for the projects below its own": (
        more("account_roles", assignment(READER, "reader", {**HERE, **BELOW})),
        "undeclared role reader of user acme-reader in project acme, for the projects below",
    ),
    "role that implies another one": (
        more("implied_roles", {"id": "role-reader", "name": "reader", "implies": [{"id": "role-admin", "name": "admin"}]}),
        "undeclared: role reader implies role admin, so acme-reader has it as well",
    ),
    "role taken away": (fewer("assignments", "acme-reader as reader"), "missing role of acme-reader"),
    "role of a stranger in the platform's project": (
        both(asked_by("user-bob"), more("assignments", assignment(MALLORY, "member", ABOVE_ALL))),
        "undeclared role member of user mallory in project platform",
    ),
    "role of a group in the platform's project": (
        more("assignments", assignment(GUESTS, "admin", ABOVE_ALL)),
        "undeclared role admin of group guests in project platform",
    ),
    "role of nobody known in the platform's project": (
        more("assignments", assignment(BOB, "admin", ABOVE_ALL)),
        "undeclared role admin of user bob in project platform",
    ),
    "role that reaches the platform's project from above": (
        both(
            asked_by("user-bob"), more("assignments", assignment(GUESTS, "reader", {"domain": {"id": DOMAIN, "name": "Default"}, **BELOW}))
        ),
        "undeclared role reader of group guests in project platform, inherited from domain Default",
    ),
    "key of a stranger for the platform's project": (
        both(asked_by("user-bob"), more("credentials", ANOTHER_KEY)),
        "undeclared credential ec2 (key-2) of user user-mallory for project platform",
    ),
    "trust of an administrator in a stranger": (
        both(asked_by("user-bob"), more("trusts", HANDED_ON)),
        "undeclared trust trust-2 of user user-bob to user user-mallory for project platform",
    ),
    "account renamed": (change("users", "acme-reader", name="x"), "user acme-reader has name x, declared acme-reader"),
    "account disabled": (change("users", "acme-deployer", enabled=False), "user acme-deployer has enabled false, declared true"),
    "account lost": (fewer("users", "acme-reader"), "missing user acme-reader"),
    "account in a group": (more("memberships", MEMBERSHIP), "undeclared: user acme-reader is in group guests"),
    "second application credential": (
        more("application_credentials", APPLICATION),
        "undeclared application credential ci (app) of user acme-deployer",
    ),
    "application credential without limits": (
        change("application_credentials", "acme-deployer", unrestricted=True),
        "application credential acme-deployer has unrestricted true, declared false",
    ),
    "application credential with a further role": (
        change("application_credentials", "acme-deployer", roles=[{"id": "role-member"}, {"id": "role-admin", "name": "admin"}]),
        "application credential acme-deployer has the roles admin",
    ),
    "application credential without its role": (
        change("application_credentials", "acme-deployer", roles=[{"id": "role-reader"}]),
        "application credential acme-deployer lacks the role of its user",
    ),
    "application credential lost": (fewer("application_credentials", "acme-deployer"), "missing application credential acme-deployer"),
    "keys for EC2": (more("credentials", CREDENTIAL), "undeclared credential ec2 (key) of user acme-reader"),
    "keys of a stranger for the project": (
        more("credentials", {**CREDENTIAL, "user_id": "user-mallory"}),
        "undeclared credential ec2 (key) of user user-mallory",
    ),
    "trust in a stranger": (more("trusts", TRUST), "undeclared trust trust of user acme-deployer to user user-mallory"),
    "trust of a stranger for the project": (
        more("trusts", {**TRUST, "trustor_user_id": "user-eve"}),
        "undeclared trust trust of user user-eve to user user-mallory",
    ),
    "role in a scope of a new kind": (
        more("assignments", assignment(MALLORY, "admin", {"galaxy": {"id": "g"}})),
        "a role has a scope that is not known here",
    ),
}
HARMLESS: dict[str, Change] = {
    "administrators of the whole system": more("assignments", assignment(MALLORY, "admin", {"system": {"all": True}})),
    "administrators of the domain itself": more("assignments", assignment(MALLORY, "admin", {"domain": {"id": DOMAIN}})),
    "roles in a project that is nobody's here": more("assignments", assignment(MALLORY, "admin", {"project": {"id": "project-other"}})),
    "roles in the project above, for itself": more("assignments", assignment(MALLORY, "admin", {"project": {"id": PARENT}})),
    "roles that pass from the project to those below": more("assignments", assignment(MALLORY, "admin", {**HERE, **BELOW})),
    "roles of others anywhere": more("account_roles", assignment(MALLORY, "admin", {"system": {"all": True}})),
    "what every cloud's roles imply": both(
        more("implied_roles", {"id": "role-member", "name": "member", "implies": [{"id": "role-reader", "name": "reader"}]}),
        more("implied_roles", {"id": "role-admin", "name": "admin", "implies": [{"id": "role-member", "name": "member"}]}),
    ),
    "keys and trusts of others": both(
        more("credentials", {**CREDENTIAL, "user_id": "user-mallory", "project_id": "project-other"}),
        more("trusts", {**TRUST, "trustor_user_id": "user-mallory", "project_id": "project-other"}),
    ),
    "whoever asks, in the platform's project": both(
        asked_by("user-bob"),
        more("assignments", assignment(BOB, "admin", ABOVE_ALL)),
        more("credentials", {**ANOTHER_KEY, "user_id": "user-bob"}),
        more("trusts", {**HANDED_ON, "trustee_user_id": "user-bob"}),
    ),
    "accounts of others": both(
        more("memberships", {**MEMBERSHIP, "user_id": "user-mallory"}),
        more("application_credentials", {**APPLICATION, "user_id": "user-mallory"}),
    ),
}
