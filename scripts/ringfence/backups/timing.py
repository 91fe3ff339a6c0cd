"""The units of a folder's backups and drills: at the times that its declarations say, with this machine's program and settings."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from infra import paths
from infra.backups import settings, units
from infra.declaration import load_platform, load_tenant, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.folder import stacks
from infra.declaration.platform import Drilling
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def units_of(place: Path, environment: Mapping[str, str]) -> tuple[dict[str, str], str]:
    """Return the texts of the units by their files, and the file for secrets. Raises :class:`QuestionError` where nothing is to be run."""
    platform = load_platform(place / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    today = datetime.now(UTC).date()
    found = [
        settings.of_tenant(platform, load_tenant(place / f"{PREFIX}{name}{SUFFIX}", platform, today=today).tenant) for name in stacks(place)
    ]
    times = {one.at for servers in found for one in servers.values()}
    if not times:
        hint = "docs/backups.md shows how they are declared"
        raise QuestionError.of("no server is to be backed up", where=str(place), expected="`backup` in a declaration", hint=hint)
    drills = any(one.drill is not Drilling.NEVER for servers in found for one in servers.values())
    at = units.UnitPlace(os.path.abspath(sys.argv[0]), str(place), str(paths.state() / "backup.env"))  # noqa: PTH100 - a link stays one
    texts = {f"{units.NAME}.service": units.service(at, environment, drills=drills), f"{units.NAME}.timer": units.timer(times)}
    return texts | ({f"{units.DRILL}.service": units.drill(at, environment)} if drills else {}), at.secrets
