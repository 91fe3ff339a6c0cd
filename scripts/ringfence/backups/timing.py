"""The units of a folder's backups and drills: at the times that its declarations say, with this machine's program and settings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra.backups import settings, units
from infra.declaration import load_platform, load_tenant, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks
from infra.declaration.platform import Drilling
from infra.errors import QuestionError
from ringfence.timers.installing import Units, place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def units_of(folder: Path, environment: Mapping[str, str]) -> Units:
    """Return the units. Raises :class:`QuestionError` where nothing is to be run."""
    platform = load_platform(folder / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    today = datetime.now(UTC).date()
    found = [
        settings.of_tenant(platform, load_tenant(folder / f"{PREFIX}{name}{SUFFIX}", platform, today=today).tenant)
        for name in stacks(folder)
    ]
    times = {one.at for servers in found for one in servers.values()}
    if not times:
        hint = "docs/backups.md shows how they are declared"
        raise QuestionError.of("no server is to be backed up", where=str(folder), expected="`backup` in a declaration", hint=hint)
    drills = any(one.drill is not Drilling.NEVER for servers in found for one in servers.values())
    at = place(folder, "backup.env")
    texts = {f"{units.NAME}.service": units.service(at, environment, drills=drills), f"{units.NAME}.timer": units.timer(times)}
    if drills:
        texts[f"{units.DRILL}.service"] = units.drill(at, environment)
    return Units(texts, f"{units.NAME}.timer", at.secrets)
