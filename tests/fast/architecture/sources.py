"""The project's own source files, and what can be read in them without running them."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[3]
TOOLS_OWN = {".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "node_modules"}
FOLDERS = ("infra", "hardening", "scripts", "tests")


@cache
def modules() -> tuple[Path, ...]:
    """Return every Python module, relative to the root, in order."""
    found = (path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))
    return tuple(sorted(path.relative_to(ROOT) for path in found))


def written() -> Iterator[Path]:
    """Yield every text that people write: code, settings and documents, wherever they are; not what tools leave behind."""
    kinds = {".py", ".md", ".yaml", ".yml", ".toml", ".sh", ".nft", ".json", ""}
    for folder, below, files in os.walk(ROOT):
        below[:] = [name for name in below if name not in TOOLS_OWN]
        # in a linked work tree `.git` is a file that holds the path of the repository
        yield from (Path(folder, name) for name in files if Path(name).suffix in kinds and name not in TOOLS_OWN)


def tree(module: Path) -> ast.Module:
    """Return a module's syntax tree."""
    return _parsed(ROOT / module)


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def nodes(module: Path) -> tuple[ast.AST, ...]:
    """Return everything in a module's syntax tree."""
    return _walked(ROOT / module)


@cache
def _walked(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(_parsed(path)))


def imports(module: Path) -> tuple[tuple[int, str], ...]:
    """Return line and full name of everything that a module imports, wherever it does; also what it imports for type checking only."""
    return _imported(ROOT / module)


@cache
def _imported(path: Path) -> tuple[tuple[int, str], ...]:
    return tuple(_imports(_walked(path)))


def _imports(found: tuple[ast.AST, ...]) -> Iterator[tuple[int, str]]:
    for node in found:
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def is_below(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or in it."""
    return name == package or name.startswith(f"{package}.")


def package_of(module: Path) -> str:
    """Return a module's dotted name; ``scripts`` is a root of its own."""
    return ".".join(module.with_suffix("").parts).removeprefix("scripts.").removesuffix(".__init__")


def texts(module: Path) -> Iterator[tuple[int, str]]:
    """Yield line and value of every string that is not documentation."""
    documentation = {id(node.value) for node in nodes(module) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)}
    for node in nodes(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def named_numbers(module: Path) -> Iterator[tuple[int, str, int]]:
    """Yield line, name and value of every whole number that is given a name: in an assignment, a default, an argument."""
    for node in nodes(module):
        if isinstance(node, ast.keyword) and node.arg:
            pairs = [(node.arg, node.value)]
        elif isinstance(node, ast.Assign):
            pairs = [(target.id, node.value) for target in node.targets if isinstance(target, ast.Name)]
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value:
            pairs = [(node.target.id, node.value)]
        elif isinstance(node, ast.arguments):
            positional = [*node.posonlyargs, *node.args]
            pairs = [(argument.arg, value) for argument, value in zip(reversed(positional), reversed(node.defaults), strict=False)]
            pairs += [(argument.arg, value) for argument, value in zip(node.kwonlyargs, node.kw_defaults, strict=True) if value]
        else:
            continue
        for name, value in pairs:
            if isinstance(value, ast.Constant) and isinstance(value.value, int) and not isinstance(value.value, bool):
                yield value.lineno, name, value.value
