"""Places that documents name: ``package.module.function``, a file or a folder, looked up in the sources without running them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

from tests.fast.architecture.sources import ROOT, tree

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
                return _defines(tree(path.with_suffix(".py")).body, parts[length:])
            if (ROOT / path / "__init__.py").is_file():
                return length == len(parts) or _defines(tree(path / "__init__.py").body, parts[length:])
            if length == len(parts) and (ROOT / path).is_dir() and any((ROOT / path).glob("*.py")):
                return True
    return False


def _defines(body: list[ast.stmt], names: list[str]) -> bool:
    """Tell whether a body defines a name, and what that is the next, and so on."""
    if not names:
        return True
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name == names[0]:
            return _defines(node.body, names[1:])
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        if any(isinstance(target, ast.Name) and target.id == names[0] for target in targets):
            return len(names) == 1
    return False
