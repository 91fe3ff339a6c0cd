"""The project's folder: found from the working directory upwards, as git and pulumi find theirs; ``-C FOLDER`` begins elsewhere."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from pathlib import Path

from infra.errors import QuestionError

MARKS = ("Pulumi.yaml", "Pulumi.*.yaml", "Pulumi.*.yml", "Pulumi.*.json")
"""Files that make a folder a project. Nobody reads the last two kinds, which is said of whoever writes them."""
HINT = "change to the project's folder, or name it: ringfence -C FOLDER ..."


def found() -> Path | None:
    """Return the nearest folder, from the working directory upwards, that has a declaration or is a project; ``None`` when none is.

    Raises:
        QuestionError: the working directory is gone or may not be read: that is not the same as nothing in it.
    """
    try:
        start = Path.cwd()
        return next((folder for folder in (start, *start.parents) if _is_project(folder)), None)
    except OSError as error:
        where = error.filename or "the working directory"
        raise QuestionError.of("this folder cannot be read", where=str(where), got=error.strerror or "", hint=HINT) from error


def root() -> Path:
    """Return the project's folder. Raises :class:`QuestionError` when there is none."""
    folder = found()
    if folder is None:
        expected = f"{MARKS[0]} or a declaration (Pulumi.<stack>.yaml) in it or above it"
        raise QuestionError.of("there is no project here", where=str(Path.cwd()), expected=expected, hint=HINT)
    return folder


def change(folder: str) -> None:
    """Work in another folder from here on, as if ringfence had been started there. Raises :class:`QuestionError` when that cannot be."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise QuestionError.of("this folder cannot be used", where=f"-C {folder}", got=error.strerror or "", hint=HINT) from error


def _is_project(folder: Path) -> bool:
    names = os.listdir(folder)  # noqa: PTH208 - a folder above may be large, and only names are looked at
    return any(fnmatchcase(name, mark) for name in names if name.startswith("Pulumi.") for mark in MARKS)
