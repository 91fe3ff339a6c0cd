"""What Cinder and Barbican can do: volumes encrypted with AES-256, and keys that a tenant's deployer may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra import cinder
from infra.declaration import names
from infra.drift.made import ids_of_all
from ringfence.doctor.checks.hosts import Service, ready
from ringfence.doctor.model import DECLARATION, STACKS, Check, Facts, Finding, found, lacking, needless, untold
from ringfence.doctor.reads import ENCRYPTION, OK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.model import VolumeType
    from ringfence.doctor.model import Json

CREATOR, MEMBER = "creator", names.DEPLOYER_ROLE
SERVICE_ADMIN = "key-manager:service-admin"
CEPH = "ceph"
KEY_BITS = {True: 256, False: 512}
"""``key_size`` that comes to AES-256-XTS, by whether the storage is Ceph: QEMU counts one of the two keys, dm-crypt both."""


def hosts(facts: Facts) -> Iterator[Finding]:
    """At least one host makes volumes."""
    return ready(facts.rows("volume-hosts"), Service("cinder-volume", "openstack volume service set", "makes volumes"))


def types(facts: Facts) -> Iterator[Finding]:
    """A declared type that is there already encrypts as declared, whoever made it; Cinder tells how types encrypt."""
    there = {row["name"]: row for row in facts.rows("volume-types")}
    for name, entry in facts.platform.volume_types.items():
        row = there.get(name)
        if row is None:
            yield found(f"{name} is not there yet: the platform's stack makes it")
            continue
        encryption = facts.about(ENCRYPTION, row["id"])
        if encryption is None:
            yield untold(f"how the volume type {name} encrypts is not told", f"openstack volume type show --encryption-type {row['id']}")
            continue
        problems = list(_type(row, entry, encryption))
        yield from problems or [found(f"{name} is as declared")]


def _type(row: Json, entry: VolumeType, encryption: Json) -> Iterator[Finding]:
    name, id_ = row["name"], row["id"]
    if not row["is_public"]:
        yield lacking(f"the volume type {name} is not public: tenants do not see it", f"openstack volume type set --public {id_}")
    if entry.encryption is None:
        return
    wanted = entry.encryption.model_dump()
    other = [f"{key} {encryption.get(key)}" for key, value in wanted.items() if encryption.get(key) != value]
    if not encryption.get("provider"):
        yield lacking(
            f"the volume type {name} stores plain text",
            f"openstack volume type set --encryption-provider {wanted['provider']} "
            f"--encryption-cipher {wanted['cipher']} --encryption-key-size {wanted['key_size']} "
            f"--encryption-control-location {wanted['control_location']} {id_}",
        )
    elif other:
        yield lacking(
            f"the volume type {name} has {', '.join(other)}, declared is {', '.join(f'{key} {value}' for key, value in wanted.items())}",
            "pulumi up -s platform --refresh, while no volume of this type exists",
        )


def key_size(facts: Facts) -> Iterator[Finding]:
    """The declared number of bits comes to AES-256-XTS on the storage that the type is for."""
    pools = [row["capabilities"] for row in facts.rows("pools")]
    if not facts.platform.encrypted_types():
        yield needless("no declared volume type is encrypted")
    for name, entry in facts.platform.volume_types.items():
        if entry.encryption is None:
            continue
        backend = entry.extra_specs.get("volume_backend_name")
        of_type = [pool for pool in pools if backend in {None, pool.get("volume_backend_name")}]
        if not of_type:
            yield lacking(
                f"no storage takes volumes of {name}{f' (volume_backend_name {backend})' if backend else ''}",
                "openstack volume backend pool list --long; write its volume_backend_name into extra_specs of the type",
            )
        for protocol in sorted({str(pool.get("storage_protocol") or "") for pool in of_type}):
            wanted, has = KEY_BITS[protocol.lower() == CEPH], entry.encryption.key_size
            if not protocol:
                yield untold(f"the kind of storage behind {name} is not told", "openstack volume backend pool list --long")
            elif has == wanted:
                yield found(f"{name}: key_size {has} on {protocol}")
            else:
                comes = "a key that qemu-img and Barbican's simple_crypto refuse" if protocol.lower() == CEPH else "AES-128"
                yield lacking(
                    f"{name} has key_size {has}, which is {comes} on {protocol}",
                    f"write key_size: {wanted} in Pulumi.platform.yaml: volume_types.{name}.encryption",
                )


def keys(facts: Facts) -> Iterator[Finding]:
    """A tenant's deployer, who is a member and no more, may have keys made: by what is known of roles, or by what was done already.

    Barbican's new defaults let members; unlike other services it has them switched off, and the old ones want the role ``creator``. An
    admin may list the quotas of projects under the new ones only (``barbican/common/policies``: ``orders:post``, ``project_quotas:get``).
    """
    roles = {row["name"] for row in facts.rows("roles")}
    implied = {(row["prior_role"]["name"], one["name"]) for row in facts.rows("implied-roles") for one in row["implies"]}
    platform = facts.seen.token.project_id
    done = [row for row in facts.rows("volumes") if cinder.project_of(row) != platform and cinder.key_of(row) and _ours(row)]
    if done:
        yield found(f"tenants have {len(done)} encrypted volumes already")
    elif (MEMBER, CREATOR) in implied:
        yield found(f"whoever is {MEMBER} is {CREATOR} as well")
    elif facts.seen.answers["key-quotas"].status == OK and SERVICE_ADMIN not in facts.seen.token.roles:
        yield found("Barbican has its new defaults in force, which let members")
    else:
        has = f"the role {CREATOR} is there and no {MEMBER} has it" if CREATOR in roles else f"there is no role {CREATOR}"
        create = "" if CREATOR in roles else f"openstack role create {CREATOR} && "
        yield untold(
            f"{has}: Barbican lets a {MEMBER} have keys only with enforce_new_defaults = true, which is not its default and not seen",
            f"{create}openstack implied role create {MEMBER} --implied-role {CREATOR}; or set enforce_new_defaults in barbican.conf",
        )


def _ours(row: Json) -> bool:
    return bool((row.get("metadata") or {}).get("managed-by") == names.MANAGED_BY)


def barbican(facts: Facts) -> Iterator[Finding]:
    """Barbican answers the operator."""
    yield found(f"Barbican lists {len(facts.rows('secrets'))} secrets of project {facts.seen.token.project}")


def type_names(facts: Facts) -> Iterator[Finding]:
    """No type of a declared name is there that no stack made: Cinder refuses a second one."""
    made = ids_of_all((facts.made or {}).values(), "volume_types")
    there = {row["name"]: row["id"] for row in facts.rows("volume-types")}
    strange = {name: there[name] for name in facts.platform.volume_types if name in there and there[name] not in made}
    for name, id_ in strange.items():
        yield lacking(
            f"the volume type {name} is there and no stack made it", f"declare another name, or: openstack volume type delete {id_}"
        )
    if not strange:
        yield found(", ".join(facts.platform.volume_types)) if facts.platform.volume_types else needless("no volume type is declared")


CHECKS = (
    Check("volume-hosts", "Hosts make volumes", "Every server boots from a volume.", ("volume-hosts",), hosts),
    Check(
        "barbican",
        "Barbican answers",
        "Each volume has a key of its own there; without it no encrypted volume can be made.",
        ("secrets",),
        barbican,
    ),
    Check(
        "keys",
        "A tenant's deployer may have keys made for its volumes",
        "Cinder asks Barbican in the name of the tenant's deployer, who is a member and nothing more.",
        ("roles", "implied-roles", "volumes"),
        keys,
    ),
    Check(
        "volume-types",
        "Volume types that are there encrypt as declared",
        "A disk would be stored in the clear, or with a weaker key than is promised.",
        (DECLARATION, "volume-types"),
        types,
    ),
    Check(
        "volume-type-names",
        "Names of declared volume types are free, or a stack's",
        "Cinder refuses a second type of one name.",
        (DECLARATION, STACKS, "volume-types"),
        type_names,
    ),
    Check(
        "key-size",
        "Declared keys come to AES-256-XTS on the storage that there is",
        "Ceph's storage is encrypted by QEMU, which counts one of two keys; dm-crypt counts both.",
        (DECLARATION, "pools"),
        key_size,
    ),
)
