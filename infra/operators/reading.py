"""The operators' file, read as strictly as a declaration: what could be read in two ways, or not at all, is a mistake with its line."""

from __future__ import annotations

from collections.abc import Mapping

from infra.declaration import shapes
from infra.declaration.yaml import reader
from infra.errors import Problem, QuestionError
from infra.operators.registry import FILE, Registry

HINT = "mend the file, or take it from git as it was before the mistake"


def registry(raw: bytes) -> Registry:
    """Read the content of the file. Raises :class:`QuestionError` with every mistake in it."""
    found = reader.of(raw, FILE)
    if found.tree is None and not found.mistakes:
        return Registry()  # a file of comments
    sections = found.tree
    if isinstance(sections, Mapping):
        sections = {key: value for key, value in sections.items() if value is not None or key not in Registry.model_fields}
    content, mistakes = shapes.validate(Registry, sections, ())
    mistakes = [*found.mistakes, *found.unsaid(mistakes)]
    if content is None or mistakes:
        raise QuestionError(*found.problems(mistakes), Problem("so nobody was added or revoked", FILE, hint=HINT))
    return content
