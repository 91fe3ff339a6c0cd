"""The operators' file beside the declarations: read strictly, changed by one at a time, written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
from typing import TYPE_CHECKING

from infra import paths
from infra.declaration.yaml import text
from infra.errors import QuestionError
from infra.operators import reading
from infra.operators.registry import FILE, Registry, rendered
from ringfence import folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def file() -> Path:
    """Return the file's place in the project."""
    return folder.root() / FILE


def read() -> Registry:
    """Read the file; an absent one is an empty one. Raises :class:`QuestionError` with every mistake in it."""
    place = file()
    if not place.exists():
        return Registry()
    try:
        raw = text.contents(place)
    except OSError as error:
        raise QuestionError.of(
            "the operators' file cannot be read", where=str(place), got=error.strerror or "", hint=reading.HINT
        ) from error
    return reading.registry(raw)


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let one at a time change the file."""
    lock = paths.state() / "operators.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def write(registry: Registry) -> None:
    """Replace the file: readers see the old one or the new one."""
    place = file()
    fresh = place.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(rendered(registry), encoding="utf-8")
    fresh.replace(place)
