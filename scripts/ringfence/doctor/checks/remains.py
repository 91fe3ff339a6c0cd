"""What an earlier run left behind, and what has a name that a stack will ask for: in the cloud, and in no stack."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import cinder
from infra.declaration import names
from infra.drift.made import ids_of_all
from ringfence.doctor.model import DECLARATION, STACKS, Check, Facts, Finding, found, lacking
from ringfence.doctor.reads import MARK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from ringfence.doctor.model import Json

MARKED = {
    "marked-networks": ("networks", "network", "openstack network delete {id}"),
    "marked-routers": ("routers", "router", "openstack router delete {id}"),
    "marked-pools": ("subnet_pools", "subnet pool", "openstack subnet pool delete {id}"),
    "marked-groups": ("groups", "security group", "openstack security group delete {id}"),
    "marked-addresses": ("floating_ips", "floating IP", "openstack floating ip delete {id}"),
}
"""By read: the kind in the stacks' words, what it is called, and what removes one."""
SERVER, VOLUME, IMAGE = "openstack server delete {id}", "openstack volume delete {id}", "openstack image delete {id}"
OWNED = "managed-by"
CINDERS = "aes"
"""The algorithm of the keys that Cinder asks for."""


def tenants(facts: Facts) -> Iterator[Finding]:
    """Projects that ringfence made and no stack has, and users of such, or of projects that are gone."""
    left = _left(facts)
    strange = [row for row in facts.rows("projects") if row["id"] in left]
    users = list(_users(facts, left))
    for row in users:
        yield lacking(f"user {row['name']} ({row['id']}) is a tenant's that no stack has", f"openstack user delete {row['id']}")
    for row in strange:
        yield lacking(
            f"project {row['name']} ({row['id']}) was made by ringfence and is in no stack",
            f"openstack project cleanup --project {row['id']} (it shows and asks first), then: openstack project delete {row['id']}",
        )
    if not strange and not users:
        yield found("every project and user of ringfence is in a stack")


def _left(facts: Facts) -> set[str]:
    """Return the ids of projects that are left over."""
    return {row["id"] for row in facts.rows("projects") if MARK in row["tags"] and row["id"] not in _made(facts, "projects")}


def _users(facts: Facts, left: set[str]) -> Iterator[Json]:
    """Yield the users that are left over: named as a tenant's are, of a project that is left over or gone."""
    known, ends = {row["id"] for row in facts.rows("projects")}, (names.deployer(""), names.reader(""))
    for row in facts.rows("users"):
        project = row.get("default_project_id")
        if project and row["name"].endswith(ends) and (project in left or project not in known) and row["id"] not in _made(facts, "users"):
            yield row


def things(facts: Facts) -> Iterator[Finding]:
    """Objects with ringfence's mark that no stack has; what is in a project that is left over goes with it."""
    strange = list(_strange(facts, _left(facts)))
    for kind, row, mend in strange:
        yield lacking(
            f"{kind} {row.get('name') or row.get('floating_ip_address') or 'without a name'} ({row['id']}) has ringfence's mark and "
            "is in no stack",
            mend.format(id=row["id"]),
        )
    if not strange:
        yield found("every network, router, group, server, volume and image of ringfence is in a stack")


def _strange(facts: Facts, left: set[str]) -> Iterator[tuple[str, Json, str]]:
    for read, (kind, noun, mend) in MARKED.items():
        yield from _unmade(facts, (kind, noun, mend), (row for row in facts.rows(read) if row["project_id"] not in left))
    servers = (row for row in facts.rows("servers") if _labelled(row))
    volumes = (row for row in facts.rows("volumes") if _labelled(row) and cinder.project_of(row) not in left)
    yield from _unmade(facts, ("servers", "server", SERVER), servers)
    yield from _unmade(facts, ("volumes", "volume", VOLUME), volumes)
    yield from _unmade(facts, ("images", "image", IMAGE), facts.rows("images"))


def _unmade(facts: Facts, kind: tuple[str, str, str], rows: Iterable[Json]) -> Iterator[tuple[str, Json, str]]:
    known = _made(facts, kind[0])
    yield from ((kind[1], row, kind[2]) for row in rows if row["id"] not in known)


def _labelled(row: Json) -> bool:
    return bool((row.get("metadata") or {}).get(OWNED) == names.MANAGED_BY)


def keys(facts: Facts) -> Iterator[Finding]:
    """Keys like Cinder's in the platform's project that no volume of it names."""
    project = facts.seen.token.project_id
    volumes = facts.rows("volumes")
    used = {cinder.key_of(row) for row in volumes if cinder.project_of(row) == project}
    strange = [
        row["secret_ref"] for row in facts.rows("secrets") if _cinders(row) and str(row["secret_ref"]).rpartition("/")[2] not in used
    ]
    for reference in strange:
        yield lacking(
            f"the key {reference.rpartition('/')[2]} is no volume's of project {facts.seen.token.project}",
            f"openstack secret get {reference}; if no snapshot, backup or image needs it: openstack secret delete {reference}",
        )
    if not strange:
        yield found(f"every key like Cinder's in project {facts.seen.token.project} is a volume's")


def _cinders(row: Json) -> bool:
    return str(row.get("algorithm")).lower() == CINDERS and not row.get("name")


def collisions(facts: Facts) -> Iterator[Finding]:
    """Names that a stack will ask for and that somebody else has, where a service allows a name only once."""
    made = {kind: _made(facts, kind) for kind in ("projects", "users", "key_pairs")}
    domain, tenants_ = facts.seen.token.domain_id, [one.tenant.name for one in facts.declared.tenants]
    projects = {row["name"]: row["id"] for row in facts.rows("projects") if row["domain_id"] == domain}
    users = {row["name"]: row["id"] for row in facts.rows("users") if row["domain_id"] == domain}
    pairs = {row["keypair"]["name"]: row["keypair"]["name"] for row in facts.rows("key-pairs")}
    asked: tuple[tuple[str, str, Callable[[str], str], dict[str, str], str], ...] = (
        ("projects", "project", names.project, projects, "openstack project show"),
        ("users", "user", names.deployer, users, "openstack user delete"),
        ("users", "user", names.reader, users, "openstack user delete"),
    )
    strange = [
        (noun, name(tenant), f"{mend} {there[name(tenant)]}")
        for kind, noun, name, there, mend in asked
        for tenant in tenants_
        if name(tenant) in there and there[name(tenant)] not in made[kind]
    ]
    pair = names.key_pair(names.PLATFORM)
    if pair in pairs and pair not in made["key_pairs"]:
        strange.append(("key pair", pair, f"openstack keypair delete {pair}"))
    for noun, name_, mend in strange:
        yield lacking(
            f"the {noun} {name_} is there, and no stack made it", f"give the tenant another name, or look at it and remove it: {mend}"
        )
    if not strange:
        yield found(f"names of the platform and of {', '.join(tenants_) or 'no tenant'} are free, or their stacks'")


def _made(facts: Facts, kind: str) -> frozenset[str]:
    return ids_of_all((facts.made or {}).values(), kind)


CHECKS = (
    Check(
        "names",
        "Names that stacks will ask for are free, or theirs",
        "Keystone and Nova refuse a second project, user or key pair of one name.",
        (DECLARATION, STACKS, "projects", "users", "key-pairs"),
        collisions,
    ),
    Check(
        "leftover-projects",
        "No tenant is left over that no stack knows",
        "Its servers run, its keys open disks, and nobody verifies it.",
        (STACKS, "projects", "users"),
        tenants,
    ),
    Check(
        "leftovers",
        "Nothing else is left over that no stack knows",
        "It takes quota and addresses, and a server among it answers to nobody.",
        (STACKS, "projects", *MARKED, "servers", "volumes", "images"),
        things,
    ),
    Check(
        "leftover-keys",
        "No key is left over in the platform's project",
        "A key that outlives its disk is a disk that was not erased.",
        ("secrets", "volumes"),
        keys,
    ),
)
