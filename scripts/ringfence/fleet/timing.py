"""The units that bring a folder's stacks up at set times, with this machine's program, engine and settings."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from infra.declaration import load_platform, names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.errors import CloudError, QuestionError
from infra.fleet import units
from ringfence.engine import NO_ENGINE
from ringfence.fleet import work
from ringfence.timers.installing import Units, place

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


def units_of(folder: Path, environment: Mapping[str, str], at: str) -> Units:
    """Return the units. Raises :class:`QuestionError` where nothing has a certificate, and :class:`CloudError` without an engine."""
    if load_platform(folder / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform.services is None:
        hint = "docs/services.md shows what has certificates"
        raise QuestionError.of("no certificate is to be renewed", where=str(folder), expected="`services` of the platform", hint=hint)
    engine, *words = work.command(work.Action.UP, names.PLATFORM)
    program = shutil.which(engine)
    if program is None:
        raise CloudError(NO_ENGINE)
    here = place(folder, "renew.env")
    texts = {
        f"{units.NAME}.service": units.service(here, environment, (program, *words)),
        f"{units.NAME}.timer": units.timer(at),
    }
    return Units(texts, f"{units.NAME}.timer", here.secrets)
