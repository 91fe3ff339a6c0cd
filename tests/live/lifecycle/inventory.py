"""Everything that exists in a cloud, over all projects and services: what must be equal before a tenant came and after it went."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openstack.connection import Connection


NETWORK = (
    *("networks", "subnets", "ports", "routers", "security-groups", "security-group-rules", "floatingips", "rbac-policies"),
    *("address-groups", "subnetpools", "address-scopes", "trunks", "quotas"),
)
"""Collections of Neutron; ``quotas`` lists the projects that have limits of their own."""
BLOCKS = {"volumes": "volumes", "snapshots": "snapshots", "backups": "backups", "volume-transfers": "transfers"}
"""Collections of Cinder, and what they are called in an answer."""
STORAGE = "RINGFENCE_STORAGE_EXEC"
POOL = "RINGFENCE_STORAGE_POOL"


def everything(cloud: Connection) -> frozenset[str]:
    """Return ``kind id name`` of everything that the admin can list, and of what spoofed in the raw storage where that can be read."""
    parts = (_identity(cloud), _compute(cloud), _blocks(cloud), _images(cloud), _network(cloud), _placement(cloud), _raw())
    return frozenset(f"{kind} {name}" for part in parts for kind, name in part)


def _rows(kind: str, rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for row in rows:
        yield kind, f"{row.get('id') or row['project_id']} {row.get('name') or ''}".strip()


def _identity(cloud: Connection) -> Iterator[tuple[str, str]]:
    for kind in ("projects", "users"):
        yield from _rows(kind, cloud.identity.get(f"/{kind}").json()[kind])
    for row in cloud.identity.get("/role_assignments").json()["role_assignments"]:
        yield "role assignment", str(sorted((key, str(value)) for key, value in row.items() if key != "links"))


def _compute(cloud: Connection) -> Iterator[tuple[str, str]]:
    yield from _rows("servers", cloud.compute.get("/servers?all_tenants=true").json()["servers"])
    yield from _rows("server groups", cloud.compute.get("/os-server-groups?all_projects=true").json()["server_groups"])


def _blocks(cloud: Connection) -> Iterator[tuple[str, str]]:
    for path, word in BLOCKS.items():
        yield from _rows(path, cloud.block_storage.get(f"/{path}?all_tenants=true", microversion="3.64").json()[word])


def _images(cloud: Connection) -> Iterator[tuple[str, str]]:
    yield from _rows("images", cloud.image.get("/images?member_status=all&limit=1000").json()["images"])


def _network(cloud: Connection) -> Iterator[tuple[str, str]]:
    for kind in NETWORK:
        yield from _rows(kind, cloud.network.get(f"/{kind}").json()[kind.replace("-", "_")])


def _placement(cloud: Connection) -> Iterator[tuple[str, str]]:
    for provider in cloud.placement.get("/resource_providers").json()["resource_providers"]:
        for consumer in cloud.placement.get(f"/resource_providers/{provider['uuid']}/allocations").json()["allocations"]:
            yield "allocation", consumer


def _raw() -> Iterator[tuple[str, str]]:
    """Yield the names in the pool of the volumes, those in its trash included."""
    prefix, pool = os.environ.get(STORAGE, ""), os.environ.get(POOL, "")
    for verb in ((), ("trash",)) if prefix else ():
        command = [*shlex.split(prefix), "rbd", *verb, "ls", pool]
        for line in subprocess.run(command, capture_output=True, text=True, check=True, timeout=300).stdout.splitlines():
            yield "rbd", " ".join((*verb, line))


def keys(deployer: Connection) -> frozenset[str]:
    """Return the ids of the keys that a project's volumes are encrypted with, and of every other secret in it."""
    volumes = deployer.block_storage.get("/volumes/detail", microversion="3.64").json()["volumes"]
    secrets = deployer.key_manager.get("/secrets?limit=100").json()["secrets"]
    return frozenset(volume["encryption_key_id"] for volume in volumes) | {row["secret_ref"].rpartition("/")[2] for row in secrets}


def key_answers(cloud: Connection, names: Iterable[str]) -> dict[str, int]:
    """Return how Barbican answers a request for each key: 404 when there is none."""
    return {name: cloud.key_manager.get(f"/secrets/{name}", raise_exc=False).status_code for name in names}
