"""Reviews of sessions: a file beside the declarations that says who looked at which recording, and what they found."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from infra.declaration import shapes
from infra.declaration.yaml import text
from infra.sessions.reviews import FILE, Reviews, rendered
from ringfence import folder

if TYPE_CHECKING:
    from pathlib import Path

HINT = "mend the file, or take it from git as it was before the mistake"


def file() -> Path:
    """Return the file's place in the project."""
    return folder.root() / FILE


def read() -> Reviews:
    """Read the file; an absent one is an empty one. Raises :class:`QuestionError` with every mistake in it."""
    place = file()
    if not place.exists():
        return Reviews()
    return shapes.of_file(Reviews, text.contents(place), FILE, "so no review was read or written", HINT)


def write(reviews: Reviews) -> None:
    """Replace the file: readers see the old one or the new one."""
    place = file()
    fresh = place.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(rendered(reviews), encoding="utf-8")
    fresh.replace(place)
