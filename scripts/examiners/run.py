"""One run: exceptions are read first, then the examiners look, then all of it is judged and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from examiners import bars, booted, exceptions, mutations, offline, report
from examiners.model import Examination, Examiner, ExaminerError, Tier
from examiners.openscap import PROFILES
from hardening.image import build, cache

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from examiners.report import Report
    from hardening.image.progress import Progress


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for; without an image or a tree it is the image of this work tree."""

    tiers: tuple[Tier, ...]
    examiners: tuple[Examiner, ...]
    profiles: tuple[str, ...]
    folder: Path
    tree: Path | None = None
    image: Path | None = None
    before: Path | None = None
    beside: Path | None = None
    mutations: bool = False

    @property
    def name(self) -> str:
        """What is examined."""
        return str(self.tree) if self.tree else self.image.stem if self.image else cache.content_hash()


def known(profiles: Sequence[str]) -> tuple[str, ...]:
    """Return profiles that there are. Raises :class:`ExaminerError` for another name."""
    if unknown := [name for name in profiles if name not in PROFILES]:
        raise ExaminerError.of("no such profile", where="--profile", expected=", ".join(PROFILES), got=", ".join(unknown))
    return tuple(profiles)


def run(asked: Asked, progress: Progress) -> Report:
    """Examine, judge and keep. Raises :class:`ExaminerError` when nothing could be examined."""
    allowances = exceptions.read()
    earlier = read(asked.beside) if asked.beside else None
    _possible(asked)
    found: list[Examination] = []
    broken: dict[str, str] = {}
    if Tier.OFFLINE in asked.tiers and Examiner.OPENSCAP in asked.examiners:
        _add(found, broken, offline.examine(asked.profiles, asked.tree, asked.folder, progress))
    if tiers := tuple(tier for tier in bars.ON_SERVERS if tier in asked.tiers):
        image = asked.image or build.build(progress)
        _add(found, broken, booted.examine(booted.Server(image, tiers, asked.examiners, asked.profiles), asked.folder, progress))
        if asked.before:
            found = _compared(found, booted.cost(asked.before, asked.folder / "before"))
    wanted = bars.chosen({*asked.examiners, Examiner.MACHINE}, asked.profiles, beside_another=asked.before is not None)
    today = datetime.now(tz=UTC).date()
    made = report.made(found, allowances, today=today, image=asked.name, scored=(asked.tiers, wanted), broken=broken)
    if asked.mutations:
        made = replace(made, noticed=tuple(mutations.examine(asked.folder, progress)))
    (asked.folder / "examine.json").write_text(json.dumps(report.as_json(made, earlier), indent=1) + "\n", encoding="utf-8")
    (asked.folder / "examine.html").write_text(report.page(made, earlier), encoding="utf-8")
    return made


def _possible(asked: Asked) -> None:
    """Refuse what cannot be examined, before anything is fetched or built."""
    if asked.mutations and (asked.tree or Tier.OFFLINE not in asked.tiers):
        raise ExaminerError.of(
            "controls are undone in the image's own files", where="--mutations", expected="the tier offline, without --tree"
        )
    if asked.tree and asked.tiers != (Tier.OFFLINE,):
        raise ExaminerError.of("a tree of files does not boot", where="--tree", expected="--only offline beside it")
    if asked.tree and not (asked.tree / "etc/os-release").exists():
        raise ExaminerError.of("this is no tree of a Debian", where="--tree", expected="a folder with etc/os-release", got=str(asked.tree))
    if asked.image and Tier.OFFLINE in asked.tiers:
        raise ExaminerError.of("the files of an image are not taken out of it", where="--image", expected="--only booted, or --tree FOLDER")
    for option, path in (("--image", asked.image), ("--before", asked.before)):
        if path and not path.is_file():
            raise ExaminerError.of("there is no such image", where=option, expected="a qcow2 of ./scripts/image build", got=str(path))


def _add(found: list[Examination], broken: dict[str, str], more: tuple[list[Examination], dict[str, str]]) -> None:
    found += more[0]
    broken |= more[1]


def _compared(found: list[Examination], before: dict[str, float]) -> list[Examination]:
    """Say of the first boot how it compares with another image's."""
    return [
        msgspec.structs.replace(one, figures=one.figures | bars.ratio(one.figures, before))
        if (one.examiner, one.tier) == (Examiner.MACHINE, Tier.BOOTED)
        else one
        for one in found
    ]


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
