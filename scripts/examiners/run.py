"""One run: exceptions are read first, then the examiners look, then all of it is judged and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from examiners import exceptions, offline, report
from examiners.model import ExaminerError, Tier
from examiners.openscap import PROFILES
from hardening.image import cache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from examiners.report import Report
    from hardening.image.progress import Progress


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for."""

    profiles: tuple[str, ...]
    tree: Path | None
    folder: Path
    beside: Path | None


def known(profiles: Sequence[str]) -> tuple[str, ...]:
    """Return profiles that there are. Raises :class:`ExaminerError` for another name."""
    if unknown := [name for name in profiles if name not in PROFILES]:
        raise ExaminerError.of("no such profile", where="--profile", expected=", ".join(PROFILES), got=", ".join(unknown))
    return tuple(profiles)


def run(asked: Asked, progress: Progress) -> Report:
    """Examine, judge and keep. Raises :class:`ExaminerError` when nothing could be examined."""
    allowances = exceptions.read()
    earlier = read(asked.beside) if asked.beside else None
    if asked.tree and not (asked.tree / "etc/os-release").exists():
        raise ExaminerError.of("this is no tree of a Debian", where="--tree", expected="a folder with etc/os-release", got=str(asked.tree))
    runs, broken = offline.examine(asked.profiles, asked.tree, asked.folder, progress)
    made = report.made(
        runs,
        allowances,
        today=datetime.now(tz=UTC).date(),
        image=str(asked.tree) if asked.tree else cache.content_hash(),
        asked=(Tier.OFFLINE,),
        broken=broken,
    )
    (asked.folder / "examine.json").write_text(json.dumps(report.as_json(made), indent=1) + "\n", encoding="utf-8")
    (asked.folder / "examine.html").write_text(report.page(made, earlier), encoding="utf-8")
    return made


def read(path: Path) -> dict[str, Any]:
    """Read the report of another run. Raises :class:`ExaminerError` when it is none."""
    try:
        found = msgspec.json.decode(path.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.MsgspecError) as error:
        raise ExaminerError.of("this is no report", where=str(path), expected="an examine.json", got=str(error)) from error
    if found.get("format") != report.FORMAT:
        kind = f"format {report.FORMAT}"
        raise ExaminerError.of("this report is of another kind", where=str(path), expected=kind, got=str(found.get("format")))
    return found
