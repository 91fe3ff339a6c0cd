"""The operators' file, read as strictly as a declaration: what could be read in two ways, or not at all, is a mistake with its line."""

from __future__ import annotations

from infra.declaration import shapes
from infra.operators.registry import FILE, Registry

HINT = "mend the file, or take it from git as it was before the mistake"


def registry(raw: bytes) -> Registry:
    """Read the content of the file. Raises ``QuestionError`` with every mistake in it."""
    return shapes.of_file(Registry, raw, FILE, "so nobody was added or revoked", HINT)
