"""Whether the copy that a backup is made of has been taken. Only Ceph has to be asked for that.

Drivers that write files name their container after the backup, and do so when the copy is there (``BackupRecord.reading``). Ceph's driver
names its pool first, and takes its snapshot of the volume some moments later (``CephBackupDriver.backup`` of Cinder 28): its record says
nothing of that until the backup is there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.drift.raw import OF_A_BACKUP
from infra.errors import CloudError
from ringfence.backups.at_rest import CEPH, STORE
from ringfence.verify.storage import pools
from ringfence.verify.storage.at_rest import POOL, POOL_VARIABLE, VARIABLE, RawStorage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.backups.records import BackupRecord


def is_copied(record: BackupRecord, environment: Mapping[str, str]) -> bool:
    """Whether the storage has the snapshot that a backup is made of. ``False`` also where nobody may look: then it is not known."""
    prefix = environment.get(VARIABLE, "")
    if not prefix or not environment.get(STORE, "").startswith(f"{CEPH}:"):
        return False
    image = RawStorage(prefix, environment.get(POOL_VARIABLE, POOL)).image(record.volume)
    try:
        found = pools.snapshots(prefix, image)
    except CloudError:
        return False
    return any((match := OF_A_BACKUP.fullmatch(name)) and match[1] == record.id for name in found)
