"""Backups at rest: the LUKS header of every backup that holds everything, read from where the backups are kept.

Needs somebody who may read that place: ``RINGFENCE_STORAGE_EXEC`` is a command prefix beside it, as for volumes;
``RINGFENCE_BACKUP_STORE`` says where it is: ``rbd:POOL`` of Ceph's driver, ``file:FOLDER`` of the drivers that write files (POSIX, NFS).
Without both it is a skip.
"""

from __future__ import annotations

import shlex
import subprocess
from typing import TYPE_CHECKING

from infra.backups.findings import BackupFinding
from infra.errors import CloudError, RingfenceError
from infra.outcome import CheckVerdict
from ringfence.verify.storage import luks
from ringfence.verify.storage.at_rest import VARIABLE, RawStorage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from infra.backups.records import BackupRecord

STORE = "RINGFENCE_BACKUP_STORE"
CEPH, FILES = "rbd", "file"
CHECK = "at rest"
SKIP = f"nobody may read where backups are kept: {VARIABLE} and {STORE} are not both set"
SECONDS = 120
FIRST = f'head -c {luks.SIZE} "$1"/*-00001'
"""Prints the beginning of the first file of a backup; such drivers number them from one on (``backup_file_size`` each)."""


def finding(server: str, records: Iterable[BackupRecord], environment: Mapping[str, str]) -> BackupFinding:
    """Judge the backups of a server that hold everything. An increment has no header: it holds blocks of the same encrypted volume."""
    prefix, store = environment.get(VARIABLE, ""), environment.get(STORE, "")
    if not prefix or not store:
        return BackupFinding(server, CHECK, CheckVerdict.SKIPPED, SKIP)
    wrong, untold, good = list[str](), list[str](), 0
    for record in records:
        try:
            found = luks.read(head(shlex.split(prefix), store, record))
        except (RingfenceError, OSError, subprocess.SubprocessError) as error:
            untold.append(f"backup {record.id} cannot be read: {error}")
            continue
        if found is None:
            wrong.append(f"backup {record.id} has no LUKS header: it is stored in the clear")
        elif not found.is_aes_256_xts:
            wrong.append(f"the header of backup {record.id} says {found}")
        else:
            good += 1
    if wrong or untold:
        verdict = CheckVerdict.FAIL if wrong else CheckVerdict.ERROR
        return BackupFinding(server, CHECK, verdict, "; ".join([*wrong, *untold]))
    if not good:
        return BackupFinding(server, CHECK, CheckVerdict.SKIPPED, "no backup yet that holds everything")
    return BackupFinding(server, CHECK, CheckVerdict.PASS, f"{good} backups are AES-256-XTS by their LUKS headers")


def head(prefix: list[str], store: str, record: BackupRecord) -> bytes:
    """Return the beginning of what a backup holds. Raises :class:`CloudError` when nothing can be read."""
    kind, _, place = store.partition(":")
    if kind == CEPH and place:
        return RawStorage(shlex.join(prefix), place).head(f"{place}/volume-{record.volume}.backup.{record.id}")
    if kind != FILES or not place.startswith("/") or not record.container:
        expected = f"{CEPH}:POOL, or {FILES}:FOLDER for drivers that write files"
        raise CloudError.of("nobody knows where the backup is kept", where=STORE, expected=expected, got=store)
    words = [*prefix, "sh", "-c", FIRST, "sh", f"{place}/{record.container}"]
    done = subprocess.run(words, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode or not done.stdout:
        got = done.stderr.decode(errors="replace").strip()[-200:]
        raise CloudError.of("the backup cannot be read", where=f"{place}/{record.container}", expected="its first file", got=got)
    return done.stdout
