"""Where it is measured: in the project of a tenant that is up, beside one of its servers, by the tenant's own credential."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.errors import CloudError, QuestionError
from infra.ssh.access import open_server
from ringfence.backups import tenants as opening
from ringfence.backups.stillness import device
from ringfence.backups.waiting import Waiting
from ringfence.demo import TENANTS
from ringfence.logins import logins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.ssh.access import Session
    from ringfence.backups.machines import Machines
    from ringfence.backups.tenants import TenantBackups

NAME = "ringfence.bench"
"""How the names of everything begin that is made; no stack has such names."""
SERVER = "bench-lifecycle"
"""The server that is named on the backups; nobody declares it."""
PATIENCE_SECONDS = 1800.0
POLL_SECONDS = 0.5
WRITE = """set -eu
for i in $(seq 600); do [ -b "$1" ] && break; sleep 0.5; done
dd if=/dev/urandom of="$1" bs=1M count="$2" oflag=direct conv=notrunc,fsync status=none
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A tenant, one of its servers, and its id."""

    tenant: TenantBackups
    server: str
    id: str
    machines: Machines

    @property
    def kind(self) -> str:
        """The type of the server's volumes."""
        return self.tenant.kinds[self.server]


def waiting() -> Waiting:
    """Return what looks often, so that the end of a bare call is not missed."""
    return Waiting(PATIENCE_SECONDS, pause=POLL_SECONDS)


def opened(wanted: str) -> Scene:
    """Open the tenant. ``wanted`` is TENANT/SERVER; when empty, the first server of the demonstration's that is backed up."""
    name, _, server = (wanted or TENANTS[0]).partition("/")
    tenant = opening.opened(*opening.asked([name]))
    server = server or next((one.name for one in tenant.servers), "")
    if server not in tenant.ids or tenant.machines is None:
        hint = "--server TENANT/SERVER names another; ./scripts/demo build makes the sample tenants"
        raise QuestionError.of("this server is not up", where=f"{name}/{server}", expected=" or ".join(tenant.ids), hint=hint)
    return Scene(tenant, server, tenant.ids[server], tenant.machines)


def write(scene: Scene, volume: str, mib: int) -> None:
    """Write so much to a volume from its beginning, by a server that has it for a moment: what it writes, the cloud encrypts."""
    way = logins((scene.tenant.name,))
    target = next(each.target for each in way.servers if each.server == scene.server)
    with open_server(way.jump_host, target) as session, _attached(scene, volume):
        _ran(session, device(volume), str(mib))


def _ran(session: Session, *words: str) -> None:
    done = session.run(("sudo", "-n", "sh", "-c", WRITE, "sh", *words), timeout=PATIENCE_SECONDS)
    if done.status:
        raise CloudError.of("the volume could not be written", where=words[0], got=done.stderr.strip()[-300:], hint="run it again")


@contextlib.contextmanager
def _attached(scene: Scene, volume: str) -> Iterator[None]:
    scene.machines.attach(scene.id, volume)
    try:
        reached(scene, volume, "in-use")
        yield
    finally:
        scene.machines.detach(scene.id, volume)
        reached(scene, volume, "available")


def reached(scene: Scene, volume: str, status: str) -> None:
    """Wait until a volume has a status. Raises :class:`CloudError` when it gets into an error instead."""
    found = waiting().until(
        volume, lambda: scene.tenant.storage.volume(volume), lambda row: row is None or row["status"] == status or "error" in row["status"]
    )
    if found is None or found["status"] != status:
        got = "gone" if found is None else str(found["status"])
        raise CloudError.of("the volume is in another state", where=volume, expected=status, got=got, hint="run the benchmark again")
