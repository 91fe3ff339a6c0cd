"""Checks of backups: whatever holds a server still is undone at the same place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration.yaml.source import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft
    from infra.declaration.model import Backup, Platform
    from infra.declaration.yaml.source import KeyPath


def commands(draft: Draft) -> Iterator[Mistake]:
    """Commands of a tenant or a server that hold it still, without those that let it go on, or the other way round."""
    yield from _both(("backup",), draft.backup)
    for server, entry in draft.servers.items():
        yield from _both(("servers", server, "backup"), entry.backup)


def platform_commands(platform: Platform) -> Iterator[Mistake]:
    """The same of the platform."""
    yield from _both(("backup",), platform.backup)


def _both(path: KeyPath, entry: Backup | None) -> Iterator[Mistake]:
    """Two levels could each say one of them, and a server would be held still by commands that nobody undoes."""
    if entry is None or (entry.quiesce is None) == (entry.thaw is None):
        return
    absent, present = ("thaw", "quiesce") if entry.thaw is None else ("quiesce", "thaw")
    hint = "a server that stays frozen answers nobody; docs/backups.md shows commands that end by themselves"
    yield Mistake((*path, absent), f"{present} without {absent}", "both of them, or neither", "", hint)
