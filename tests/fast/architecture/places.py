"""Places that documents name: ``package.module.function``, a file or a folder, looked up in the sources without running them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from tests.fast.architecture.sources import ROOT, facts

if TYPE_CHECKING:
    from tests.fast.architecture.sources import Outline

ROOTS = (Path(), Path("scripts"))
"""Where dotted names begin."""


@cache
def is_there(text: str) -> bool:
    """Tell whether a place exists: a path from the root of the project, or a dotted name of a package, a module or what one defines."""
    if "/" in text:
        return (ROOT / text).exists()
    parts = text.split(".")
    if not all(map(str.isidentifier, parts)):
        return False
    for length in range(len(parts), 0, -1):
        for base in ROOTS:
            path = base.joinpath(*parts[:length])
            if (ROOT / path.with_suffix(".py")).is_file():
                return _defines(facts(path.with_suffix(".py")).outline, parts[length:])
            if (ROOT / path / "__init__.py").is_file():
                return length == len(parts) or _defines(facts(path / "__init__.py").outline, parts[length:])
            if length == len(parts) and (ROOT / path).is_dir() and any((ROOT / path).glob("*.py")):
                return True
    return False


def _defines(outline: Outline, names: list[str]) -> bool:
    """Tell whether an outline has a name, and what that is the next, and so on."""
    if not names:
        return True
    if names[0] not in outline:
        return False
    within = outline[names[0]]
    return len(names) == 1 if within is None else _defines(within, names[1:])
