"""The command that puts a difference back. Pure: nothing here runs anything; a person reads it, and runs it or not.

An object that is declared comes back by its stack; one that nobody declared goes by the client's own command, by id. What ``openstack``
cannot take away is said in words.
"""

from __future__ import annotations

from itertools import pairwise
from shlex import quote
from typing import TYPE_CHECKING

from infra.outcome import DeviationKind
from ringfence.verify.result import Kind

if TYPE_CHECKING:
    from infra.outcome import Deviation

DELETES = {
    "network": "openstack network delete",
    "subnet": "openstack subnet delete",
    "port": "openstack port delete",
    "router": "openstack router delete",
    "security group": "openstack security group delete",
    "address group": "openstack address group delete",
    "subnet pool": "openstack subnet pool delete",
    "public address": "openstack floating ip delete",
    "trunk": "openstack network trunk delete",
    "sharing": "openstack network rbac delete",
    "server": "openstack server delete",
    "volume": "openstack volume delete",
    "volume type": "openstack volume type delete",
    "snapshot": "openstack volume snapshot delete",
    "backup": "openstack volume backup delete",
    "transfer": "openstack volume transfer request delete",
    "image": "openstack image delete",
    "secret": "openstack secret delete",
    "user": "openstack user delete",
    "application credential": "openstack application credential delete",
    "credential": "openstack credential delete",
    "trust": "openstack trust delete",
}
"""How the client takes an object away, by what it is called."""
ELSEWHERE = {
    Kind.STACK: "pulumi up -s {stack}",
    Kind.DATA_PLANE: "on a Neutron server: neutron-ovn-db-sync-util --ovn-neutron_sync_mode repair",
    Kind.STORAGE: "make the volume anew with an encrypted type: pulumi up --refresh, with the server's replacement allowed",
}
"""What puts back whatever differs in one of the other layers."""
OWN_SERVICE = {"application credential": "as its user: ", "secret": "as its project: "}
"""Whose credential it takes, where that is not the administrator's."""


def of(kind: Kind, owner: str, deviation: Deviation) -> str:
    """Return the command, with whose credential it takes where that is not the administrator's."""
    if deviation.undo:
        return deviation.undo
    if kind is Kind.GUEST:
        return _inside(owner, deviation)
    if kind in ELSEWHERE:
        return ELSEWHERE[kind].format(stack=quote(owner))
    if deviation.kind is DeviationKind.UNDECLARED and not deviation.part:
        return _away(deviation)
    return f"pulumi up --refresh -s {quote(owner)}"


def _inside(owner: str, deviation: Deviation) -> str:
    server = deviation.name
    look = "ringfence ssh bastion" if server == "platform/bastion" else f"ringfence ssh {quote(server)}"
    return f"pulumi up --refresh -s {quote(owner)} puts its packet filter and files back; for all else: {look}, or replace the server"


def _away(deviation: Deviation) -> str:
    if deviation.object_kind == "role assignment":
        return _role(deviation)
    if deviation.object_kind in DELETES and deviation.id:
        words = OWN_SERVICE.get(deviation.object_kind, "")
        return f"{words}{DELETES[deviation.object_kind]} {quote(deviation.id)}"
    return f"take away the {deviation.object_kind or 'thing'} {deviation.id}".rstrip()


def _role(deviation: Deviation) -> str:
    """Return the client's command for a role assignment, whose id is the path of its link."""
    parts = [part for part in deviation.id.partition("/v3/")[2].split("/") if part]
    inherited = "OS-INHERIT" in parts or "inherited_to_projects" in parts
    places = dict(pairwise(parts))
    words = [f"--{single} {quote(places[plural])}" for plural, single in _PLACES.items() if plural in places]
    words += ["--system all"] if parts[:1] == ["system"] else []
    if "roles" not in places or not words:
        return f"take away the role assignment {deviation.id}"
    return f"openstack role remove {' '.join(words)}{' --inherited' if inherited else ''} {quote(places['roles'])}"


_PLACES = {"users": "user", "groups": "group", "projects": "project", "domains": "domain"}
