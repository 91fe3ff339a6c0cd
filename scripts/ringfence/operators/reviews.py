"""Reviews of sessions: a file beside the declarations that says who looked at which recording, and what they found."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from infra.declaration import shapes
from infra.declaration.yaml import reader, text
from infra.errors import Problem, QuestionError
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
    found = reader.of(text.contents(place), FILE)
    if found.tree is None and not found.mistakes:
        return Reviews()
    sections = found.tree
    if isinstance(sections, Mapping):
        sections = {key: value for key, value in sections.items() if value is not None or key not in Reviews.model_fields}
    content, mistakes = shapes.validate(Reviews, sections, ())
    mistakes = [*found.mistakes, *found.unsaid(mistakes)]
    if content is None or mistakes:
        raise QuestionError(*found.problems(mistakes), Problem("so no review was read or written", FILE, hint=HINT))
    return content


def write(reviews: Reviews) -> None:
    """Replace the file: readers see the old one or the new one."""
    place = file()
    fresh = place.with_suffix(f".{os.getpid()}.new")
    fresh.write_text(rendered(reviews), encoding="utf-8")
    fresh.replace(place)
