"""Every mistake of some declarations, or of all in a folder, and what could not be judged: for ``ringfence validate``.

A file is judged beside the platform's declaration and the other tenants' in its folder. Where the platform's is missing or wrong, a
tenant's file is judged by itself, and what only the platform's shows counts as not judged: never as right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.checks import ON_PLATFORM, remarks
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.expiry import endings
from infra.declaration.folder import files, load_folder
from infra.declaration.loader import load_alone, load_platform, stack_name
from infra.errors import DeclarationError, Problem

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from infra.declaration.expiry import EndedFlow
    from infra.declaration.held import PlatformDeclaration

PLATFORM_FILE = f"{PREFIX}{names.PLATFORM}{SUFFIX}"
ONLY_TOGETHER = (*ON_PLATFORM.values(), "whether names of two tenants meet", "whether the platform has room for every tenant")
"""What a tenant's file does not show by itself."""
AS_EXPECTED = "the platform's declaration beside the tenants'"


@dataclass(frozen=True, slots=True)
class Validated:
    """What was judged, every mistake in it, what could not be judged and why, and the flows whose last day is over.

    ``remarks`` are no mistakes: what is declared is allowed, and most people do not mean it.
    """

    files: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    unjudged: tuple[Problem, ...] = ()
    ended: tuple[EndedFlow, ...] = ()
    remarks: tuple[Problem, ...] = ()

    @property
    def right(self) -> bool:
        """Whether all of it was judged and is right."""
        return not self.problems and not self.unjudged

    def joined(self, other: Validated) -> Validated:
        """Return both as one."""
        return Validated(
            self.files + other.files,
            self.problems + other.problems,
            self.unjudged + other.unjudged,
            self.ended + other.ended,
            self.remarks + other.remarks,
        )


def validate_alone(paths: Iterable[Path], *, today: date) -> Validated:
    """Judge each file by itself: its keys and values, and what is between them."""
    found = Validated()
    for path in paths:
        found = found.joined(_by_itself(path, today))
    return found


def validate_folder(folder: Path, *, today: date, only: frozenset[str] = frozenset()) -> Validated:
    """Judge the declarations of a folder, or ``only`` the files of these names; the others beside them still count.

    Raises ``OSError`` for a folder that cannot be read.
    """
    there = {path.name for path in files(folder)}
    wanted = sorted(only or there)
    absent = [name for name in wanted if name not in there]
    alone = validate_alone((folder / name for name in absent), today=today)
    present = [name for name in wanted if name in there]
    if not present and only:
        return alone
    try:
        platform = load_platform(folder / PLATFORM_FILE)
    except DeclarationError as error:
        return alone.joined(_without_platform(folder, present, error, today))
    about = Validated(remarks=_remarks(platform)) if PLATFORM_FILE in present else Validated()
    return alone.joined(_together(folder, present, only, today)).joined(about)


def _together(folder: Path, present: list[str], only: frozenset[str], today: date) -> Validated:
    """Judge files on a platform that is right."""
    found = load_folder(folder, today=today)
    told = found.problems
    if only:
        told = tuple(one for one in told if any(_is_about(one, name) for name in (*present, PLATFORM_FILE)))
    ended = (one for one in endings(found.tenants) if one.file in present)
    return Validated(tuple(present), told, found.undecidable() if only else (), tuple(ended))


def _remarks(platform: PlatformDeclaration) -> tuple[Problem, ...]:
    return platform.lines.problems(remarks(platform.platform))


def _is_about(problem: Problem, file: str) -> bool:
    """Whether a mistake lies in a file: by itself, or as one of two places that contradict each other."""
    return problem.where == file or any(f"{file}:" in text for text in (problem.where, problem.got))


def _without_platform(folder: Path, present: list[str], error: DeclarationError, today: date) -> Validated:
    """Judge each file by itself, and say what is left open."""
    tenants = [name for name in present if name != PLATFORM_FILE]
    found = validate_alone((folder / name for name in present), today=today)
    if not tenants:
        return found
    missing = not (folder / PLATFORM_FILE).exists()
    got = "there is no such file" if missing else f"{len(error.problems)} mistakes in it; the first: {error.problems[0].what}"
    hint = "`ringfence init` writes one; `ringfence validate --syntax` asks for no more than each file shows" if missing else ""
    what = f"not judged for {', '.join(map(_stack, tenants))}: {'; '.join(ONLY_TOGETHER)}"
    return found.joined(Validated(unjudged=(Problem(what, PLATFORM_FILE, AS_EXPECTED, got, hint or "mend this file first"),)))


def _stack(file: str) -> str:
    return file.removeprefix(PREFIX).removesuffix(SUFFIX)


def _by_itself(path: Path, today: date) -> Validated:
    try:
        if stack_name(path) == names.PLATFORM:
            return Validated((path.name,), remarks=_remarks(load_platform(path)))
        return Validated((path.name,), ended=tuple(endings([load_alone(path, today=today)])))
    except DeclarationError as error:
        return Validated((path.name,), error.problems)
