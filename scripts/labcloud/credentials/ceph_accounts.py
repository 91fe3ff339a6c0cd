"""The accounts of the lab's Ceph, and what each may do: Ceph asks everybody who they are (cephx). Pure data, no I/O.

The rights of Cinder's accounts are those of Ceph's manual ("Block Devices and OpenStack", "Setup Ceph Client Authentication"), each for
its own pool. Standard library only: the inside of the lab reads it too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

POOL: Final = "volumes"
BACKUP_POOL: Final = "backups"
"""Where Ceph's driver keeps backups."""


@dataclass(frozen=True, slots=True)
class CephAccount:
    """A name as Ceph writes it (``client.cinder``), and its rights by kind of daemon."""

    name: str
    rights: tuple[tuple[str, str], ...]

    @property
    def keyring(self) -> str:
        """The file, below /etc, where programs look for its key."""
        return f"ceph/ceph.{self.name}.keyring"


def _of_pool(name: str, pool: str) -> CephAccount:
    """An account that works with the images of one pool."""
    return CephAccount(name, (("mon", "profile rbd"), ("osd", f"profile rbd pool={pool}"), ("mgr", f"profile rbd pool={pool}")))


MONITOR: Final = CephAccount("mon.", (("mon", "allow *"),))
ADMINISTRATOR: Final = CephAccount("client.admin", tuple((kind, "allow *") for kind in ("mon", "osd", "mgr", "mds")))
VOLUMES: Final = _of_pool("client.cinder", POOL)
"""The account of Cinder's volumes, which Nova's servers open them with as well."""
BACKUPS: Final = _of_pool("client.cinder-backup", BACKUP_POOL)
ACCOUNTS: Final = (
    MONITOR,
    ADMINISTRATOR,
    CephAccount("mgr.lab", (("mon", "allow profile mgr"), ("osd", "allow *"), ("mds", "allow *"))),
    CephAccount("osd.0", (("mon", "allow profile osd"), ("mgr", "allow profile osd"), ("osd", "allow *"))),
    VOLUMES,
    BACKUPS,
)
ALL: Final = "ceph/accounts.keyring"
"""All of them in one file, below /etc, from which the monitor learns them when it is made."""
