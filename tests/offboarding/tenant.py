"""The tenant that goes: what is declared of it, how it is filled, and what it has, by looks that ringfence has no part in."""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.dynamic.clouds import Credential
from infra.ssh.access import open_server
from ringfence.logins import logins
from ringfence.verify import stacks
from tests.live.tools import as_root
from tests.offboarding import looks, plain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ringfence.verify.stacks import StackFacts
    from tests.offboarding.looks import Header
    from tests.offboarding.plain import Caller

NAME, SERVER = "hooli", "api"
RUN_BY = {"name": "Anna Berg", "title": "engineer", "location": "Hall 1", "contact": "anna@example.org"}
VERIFIED_BY = {"name": "Bert Cole", "title": "auditor", "location": "Hall 2", "contact": "bert@example.org"}
DECLARATION: dict[str, Any] = {
    "region": "RegionOne",
    "labels": {"classification": "confidential", "service": "reports"},
    "zones": {"app": {"cidr": "10.0.0.0/24"}},
    "servers": {SERVER: {"zones": {"app": 11}, "flavor": "tiny", "root": 2, "data": {"files": {"size": 1}}, "backup": {"keep": 2}}},
    "flows": {
        "alive": {
            "from": "app",
            "to": SERVER,
            "protocol": "icmp",
            "icmp": {"type": 8},
            "reason": "servers watch each other",
            "owner": "reports team",
        }
    },
    "offboarding": {
        "requested_by": "Erika Muster, Example Ltd",
        "ticket": "C-4711",
        "not_before": "2026-01-31",
        "return_data": "receipt",
        "run_by": RUN_BY,
        "verified_by": VERIFIED_BY,
    },
}
MARKER = "/data/marker"
IMAGE = b"an image of the tenant's own"
LISTS = {
    "servers": ("compute", "/servers?limit=1000", "servers"),
    "volumes": ("block_storage", "/volumes/detail", "volumes"),
    "backups": ("block_storage", "/backups/detail", "backups"),
    "images": ("image", "/v2/images?owner={}", "images"),
    "ports": ("network", "/v2.0/ports?project_id={}", "ports"),
    "networks": ("network", "/v2.0/networks?project_id={}", "networks"),
    "subnets": ("network", "/v2.0/subnets?project_id={}", "subnets"),
    "security groups": ("network", "/v2.0/security-groups?project_id={}", "security_groups"),
}
"""What the tenant itself lists of its own; its router is the platform's, by the tenant's name."""
POOL_OF_VOLUMES = "volumes"


@dataclass(frozen=True, slots=True)
class Had:
    """What the tenant had: ids by kind, sizes of its disks, its key's ids, headers of its volumes, rows, and a token."""

    project: str
    ids: dict[str, list[str]]
    sizes: dict[str, int]
    keys: dict[str, str]
    headers: dict[str, Header]
    rows: dict[str, tuple[int, int]]
    named: dict[str, int]
    answers: dict[str, int]
    caller: Caller


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def marked() -> str:
    """Write a marker to the data disk of the tenant's server, and return it as it is read there."""
    token, way = secrets.token_hex(16), logins((NAME,))
    (target,) = (each.target for each in way.servers)
    with open_server(way.jump_host, target) as session:
        as_root(session, 'echo "$1" >"$2"; sync "$2"', token, MARKER)
        assert as_root(session, 'findmnt --target "$1" --noheadings --output TARGET', MARKER).strip() == "/data"
        return as_root(session, 'cat "$1"', MARKER).strip()


def facts() -> StackFacts:
    """Return what the tenant's stack tells."""
    return stacks.tenant(NAME)


def filled(operator: Caller, caller: Caller, user: str, project: str) -> None:
    """Give the tenant what no declaration makes: a protected image, and keys of another kind for its account."""
    words = {"name": "keepsake", "disk_format": "raw", "container_format": "bare", "protected": True}
    status, image = caller.ask("image", "/v2/images", "POST", words)
    assert status == 201, status
    assert caller.ask("image", f"/v2/images/{image['id']}/file", "PUT", IMAGE, "application/octet-stream")[0] == 204
    assert operator.ask("identity", f"/users/{user}/credentials/OS-EC2", "POST", {"tenant_id": project})[0] == 201


def caller_of(found: StackFacts) -> Caller:
    """Log in as the tenant's deployer does."""
    credential = Credential.of(found.deployer.values)
    return plain.application(credential.application_credential_id, credential.application_credential_secret)


def looked(found: StackFacts, caller: Caller, operator: Caller) -> Had:
    """Look at everything that the tenant has."""
    project = found.facts.project_id
    listed = {kind: caller.rows(service, path.format(project), key) for kind, (service, path, key) in LISTS.items()}
    routers = operator.rows("network", "/v2.0/routers", "routers")
    refs = caller.rows("key_manager", "/v1/secrets?limit=100", "secrets")
    ids = {kind: [str(row["id"]) for row in rows] for kind, rows in listed.items()}
    ids |= {
        "secrets": [str(row["secret_ref"]).rpartition("/")[2] for row in refs],
        "users": [str(row["id"]) for row in operator.rows("identity", "/users", "users") if row.get("default_project_id") == project],
        "projects": [project],
        "routers": [str(row["id"]) for row in routers if str(row["name"]).startswith(f"{NAME}-")],
    }
    assert set(caller.harmless().values()) == {200}
    disks = [*listed["volumes"], *listed["backups"]]
    return Had(
        project,
        ids,
        {str(row["id"]): int(row["size"]) for row in disks},
        {str(row["id"]): str(row["encryption_key_id"]) for row in disks},
        {id_: looks.header(POOL_OF_VOLUMES, f"volume-{id_}") for id_ in ids["volumes"]},
        looks.rows(project),
        looks.named(NAME),
        answers(operator, ids),
        caller,
    )


def answers(operator: Caller, ids: dict[str, list[str]]) -> dict[str, int]:
    """Return how the services answer to the question for each thing."""
    return {f"{kind} {id_}": operator.status(kind, id_) for kind, found in ids.items() for id_ in found}
