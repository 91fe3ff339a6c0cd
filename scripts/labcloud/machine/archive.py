"""The migrated, still empty databases, kept in the cache: migrations are most of a fresh lab's time and always end the same.

The archive holds tables and no secret (the record of a Nova cell names the bus by a template), so labs may share it.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from labcloud.inside import schema
from labcloud.inside.shell import MARK
from labcloud.machine import cached, venv

if TYPE_CHECKING:
    from labcloud.layout import Layout

PARTS: Final = ("mysql", "schema")


def location(cache: Path) -> Path:
    """Where the archive for this lock, these migrations and this MariaDB is kept."""
    server = subprocess.run(["mariadbd", "--version"], capture_output=True, text=True, check=True).stdout
    content = venv.LOCK.read_bytes() + Path(schema.__file__).read_bytes() + server.encode()
    return cached.place(cache, "lab-databases", content, ".tar.zst")


def restore(layout: Layout, cache: Path) -> bool:
    """Unpack the archive into a lab that has no databases yet; false when there is nothing to do or to unpack."""
    archive = location(cache)
    if (layout.data / "mysql" / MARK).exists() or not archive.exists():
        return False
    draft = layout.data / ".databases"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    _tar("--extract", archive, draft)
    for part in reversed(PARTS):
        # The databases last: their mark is what says that the whole is there.
        shutil.rmtree(layout.data / part, ignore_errors=True)
        (draft / part).rename(layout.data / part)
    draft.rmdir()
    return True


def is_wanted(cache: Path) -> bool:
    """Tell whether the archive is still to be made."""
    return not location(cache).exists()


def keep(layout: Layout, cache: Path) -> None:
    """Pack the databases, which nobody may have open; a half-written archive never gets the name of a whole one."""
    archive = location(cache)
    archive.parent.mkdir(parents=True, exist_ok=True)
    draft = archive.with_suffix(".draft")
    _tar("--create", draft, layout.data, *PARTS)
    draft.replace(archive)


def _tar(verb: str, archive: Path, directory: Path, *parts: str) -> None:
    """Run tar: zstd at its fastest, holes kept as holes."""
    subprocess.run(
        ["tar", verb, "--sparse", "--use-compress-program=zstd -1 -T0", f"--file={archive}", f"--directory={directory}", *parts],
        check=True,
    )
