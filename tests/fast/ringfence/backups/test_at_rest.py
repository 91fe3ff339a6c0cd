"""What is kept of a backup is encrypted as declared, in the clear, or cannot be read: three verdicts, and a skip for nobody."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from ringfence.backups.at_rest import STORE, finding
from ringfence.verify.storage import luks
from ringfence.verify.storage.at_rest import VARIABLE
from tests.fast.backups.cinder import NOW, ROOT, Cinder

if TYPE_CHECKING:
    from pathlib import Path

    from infra.backups.findings import BackupFinding

pytestmark = pytest.mark.fast
HEADER = luks.MAGIC + b"\0\x01" + b"aes".ljust(32, b"\0") + b"xts-plain64".ljust(32, b"\0") + bytes(36)
AES_256, AES_128 = (HEADER + size.to_bytes(4, "big") + bytes(500) for size in (64, 32))


def judged(folder: Path, *, store: str = "", container: str = "a/b", prefix: str = "env") -> BackupFinding:
    """Judge one backup whose first file is in a folder."""
    record = replace(Cinder().add(ROOT, NOW), container=container)
    return finding("db", [record], {VARIABLE: prefix, STORE: store or f"file:{folder}"})


def stored(folder: Path, content: bytes) -> Path:
    """Keep a backup in two files."""
    place = folder / "a" / "b"
    place.mkdir(parents=True, exist_ok=True)
    (place / "volume_v_2026_backup_b0-00001").write_bytes(content)
    (place / "volume_v_2026_backup_b0-00002").write_bytes(AES_256)
    return folder


def test_a_header_tells_how_a_backup_is_kept(tmp_path: Path) -> None:
    """Of its first file."""
    said = {}
    for name, content in (("good", AES_256), ("weak", AES_128), ("clear", b"a file system"), ("torn", luks.MAGIC + b"\0\x02")):
        found = judged(stored(tmp_path / name, content))
        said[name] = found.verdict
    assert said == {"good": CheckVerdict.PASS, "weak": CheckVerdict.FAIL, "clear": CheckVerdict.FAIL, "torn": CheckVerdict.ERROR}


@pytest.mark.parametrize(
    "changes",
    [{"store": "swift:x"}, {"store": "file:relative"}, {"container": ""}, {"container": "gone"}, {"prefix": "false"}, {"prefix": "/none"}],
)
def test_what_cannot_be_read_is_an_error(changes: dict[str, str], tmp_path: Path) -> None:
    """And no pass."""
    stored(tmp_path, AES_256)
    assert judged(tmp_path, **changes).verdict is CheckVerdict.ERROR


def test_where_nobody_may_read_it_is_a_skip(tmp_path: Path) -> None:
    """Said with what is missing; and so where there is nothing to read."""
    found = judged(tmp_path, prefix="")
    assert (found.verdict, STORE in found.said) == (CheckVerdict.SKIPPED, True)
    assert finding("db", [], {VARIABLE: "env", STORE: f"file:{tmp_path}"}).verdict is CheckVerdict.SKIPPED


def test_ceph_keeps_a_backup_as_an_image_of_its_pool(tmp_path: Path) -> None:
    """Which is asked for by name, through the prefix."""
    program = tmp_path / "rbd-there"
    program.write_text('#!/bin/sh\n[ "$*" = "rbd --no-progress export copies/volume-volume-root.backup.b0 -" ] && cat "$0.image"\n')
    program.chmod(0o755)
    (tmp_path / "rbd-there.image").write_bytes(AES_256)
    assert judged(tmp_path, store="rbd:copies", prefix=str(program)).verdict is CheckVerdict.PASS
    assert judged(tmp_path, store="rbd:others", prefix=str(program)).verdict is not CheckVerdict.PASS
