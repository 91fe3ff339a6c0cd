"""The copy that Ceph's driver makes a backup of is seen in the storage, and only there."""

from __future__ import annotations

import json
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from ringfence.backups.at_rest import STORE
from ringfence.backups.copied import is_copied
from ringfence.verify.storage.at_rest import POOL_VARIABLE, VARIABLE
from tests.fast.backups.cinder import NOW, ROOT, Cinder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
RECORD = replace(Cinder().add(ROOT, NOW), id="30000000-0000-4000-8000-000000000000")
OTHER = "40000000-0000-4000-8000-000000000000"


def storage(folder: Path, *names: str, volume: str = RECORD.volume) -> str:
    """Return a prefix behind which the pool has one volume with these snapshots."""
    program = folder / "prefix.py"
    answer = json.dumps([{"name": name} for name in names])
    words = ["rbd", "snap", "ls", f"mine/volume-{volume}", "--format", "json"]
    program.write_text(f"import sys\nassert sys.argv[1:] == {words!r}, sys.argv\nprint({answer!r})\n")
    return shlex.join([sys.executable, str(program)])


def asked(prefix: str, store: str = "rbd:backups") -> bool:
    """Ask."""
    return is_copied(RECORD, {VARIABLE: prefix, STORE: store, POOL_VARIABLE: "mine"})


def test_the_snapshot_of_the_backup_itself_tells(tmp_path: Path) -> None:
    """One of another backup is not it."""
    assert asked(storage(tmp_path, f"backup.{OTHER}.snap.1.5", f"backup.{RECORD.id}.snap.1764489600.12"))
    assert not asked(storage(tmp_path, f"backup.{OTHER}.snap.1.5", f"snapshot-{RECORD.id}"))
    assert not asked(storage(tmp_path))


def test_where_nobody_may_look_it_is_not_known(tmp_path: Path) -> None:
    """No prefix, drivers that write files, a storage that does not answer."""
    there = storage(tmp_path, f"backup.{RECORD.id}.snap.1")
    assert asked(there)
    assert not asked("")
    assert not asked(there, "file:/x")
    assert not asked(there, "")
    assert not asked("false")
    assert not asked(storage(tmp_path, f"backup.{RECORD.id}.snap.1", volume="another"))
