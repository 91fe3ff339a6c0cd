"""Every control undone once, in a tree of files: which examiner notices, by which rule.

Whether ringfence's own checks notice is tested at a booted server, by the effects of the controls. Here it is recorded what somebody else's
content sees of them, and of which it sees nothing.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from examiners import openscap, packages
from examiners import tree as trees
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Group, JournalSetting, KernelModule, KernelParameter, Line, Link, Mode, SshSetting, Text
from hardening.controls.rendering import edited, rendered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from examiners.model import Examination
    from hardening.controls.model import Control
    from hardening.image.progress import Progress

PROFILES: Final = ("cis_level2_server", "anssi_bp28_high")
"""Between them they ask what all others ask."""
SHOWN: Final[tuple[type, ...]] = (KernelParameter, KernelModule, SshSetting, JournalSetting, Text, Line, Mode, Group, Link)
"""Parts of a control that can be taken out of a tree; of another kind, a package, it is said that it was not undone."""
EVERYBODY: Final = 0o777
Kept = tuple[bytes, int] | str | None
"""What was at a path: a file with its mode, a link that leads somewhere, or nothing."""


@dataclass(frozen=True, slots=True)
class Noticed:
    """One control, and the rules whose result became another one without it, by profile; ``why`` says what could not be undone."""

    control: str
    title: str
    rules: dict[str, tuple[str, ...]]
    why: str = ""

    @property
    def is_seen(self) -> bool:
        """Tell whether an examiner has noticed."""
        return any(self.rules.values())


def examine(folder: Path, progress: Progress, controls: Sequence[Control] = CATALOGUE) -> list[Noticed]:
    """Undo one control after the other. Raises :class:`ExaminerError` when an examiner does not come to its end."""
    raw = folder / "raw" / "mutations"
    raw.mkdir(parents=True, exist_ok=True)
    tools = packages.toolbox(progress)
    with trees.plain(progress) as plain, trees.of_image(progress) as tree:

        def look() -> dict[str, Examination]:
            return {profile: openscap.of_tree(tools, tree, profile, raw) for profile in PROFILES}

        with progress.step("With all controls"):
            whole = look()
        found = []
        for number, control in enumerate(controls, 1):
            with progress.step(f"{number} of {len(controls)}, without {control.identifier}"), undone(tree, plain, control) as left:
                found.append(Noticed(control.identifier, control.title, changed(whole, look()), left))
    return found


def changed(before: dict[str, Examination], after: dict[str, Examination]) -> dict[str, tuple[str, ...]]:
    """Return the rules of each profile whose result is another one, or that are asked in one of the two only."""
    answers = {}
    for profile, run in before.items():
        old, new = ({finding.rule: finding.result for finding in each.findings} for each in (run, after[profile]))
        answers[profile] = tuple(sorted(rule for rule in old.keys() | new.keys() if old.get(rule) is not new.get(rule)))
    return answers


@contextlib.contextmanager
def undone(tree: Path, plain: Path, control: Control) -> Iterator[str]:
    """Take one control out of a tree and put it back in the end; the answer says what of it is nothing that files show."""
    kept: dict[Path, Kept] = {}

    def keep(path: Path) -> Path:
        kept.setdefault(path, _seen(path))
        return path

    modes = {tree / part.path: (tree / part.path).stat().st_mode for part in control.renders if isinstance(part, Mode)}
    try:
        for path, text in without(control).items():
            _write(keep(tree / path), text, plain / path)
        for path, lines in lines_without(control).items():
            keep(tree / path).write_text(edited((plain / path).read_text(encoding="utf-8"), lines), encoding="utf-8")
        for part in control.renders:
            if isinstance(part, Group):
                _drop(keep(tree / "etc/group"), f"{part.name}:")
            elif isinstance(part, Link):
                _restore(keep(tree / part.path), _seen(plain / part.path))
        for place in modes:
            place.chmod(EVERYBODY)
        yield ", ".join(sorted({type(part).__name__ for part in control.renders if not isinstance(part, SHOWN)}))
    finally:
        for place, mode in modes.items():
            place.chmod(mode)
        for place, before in kept.items():
            _restore(place, before)


def without(control: Control) -> dict[str, str | None]:
    """Return the files that are others without a control: their text, or nothing where the image has none then."""
    whole = {file.path: file.text for file in rendered().files}
    rest = {file.path: file.text for file in rendered(_others(control)).files}
    return {path: rest.get(path) for path, text in whole.items() if rest.get(path) != text}


def lines_without(control: Control) -> dict[str, tuple[Line, ...]]:
    """Return Debian's files that are edited for a control, and the lines that remain without it."""
    rest, whole = rendered(_others(control)).lines, rendered().lines
    return {line.path: tuple(one for one in rest if one.path == line.path) for line in whole if line not in rest}


def _others(control: Control) -> tuple[Control, ...]:
    return tuple(one for one in CATALOGUE if one.identifier != control.identifier)


def _write(path: Path, text: str | None, plain: Path) -> None:
    if text is not None:
        path.write_text(text, encoding="utf-8")
    elif plain.is_file():
        shutil.copy2(plain, path)
    else:
        path.unlink()


def _drop(path: Path, beginning: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if not line.startswith(beginning)), encoding="utf-8")


def _seen(path: Path) -> Kept:
    if path.is_symlink():
        return str(path.readlink())
    return (path.read_bytes(), path.stat().st_mode) if path.is_file() else None


def _restore(path: Path, before: Kept) -> None:
    if before is None or isinstance(before, str):
        path.unlink(missing_ok=True)
        if before is not None:
            path.symlink_to(before)
        return
    path.write_bytes(before[0])
    path.chmod(before[1])
