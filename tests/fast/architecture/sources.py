"""The project's own source files, and what can be read in them without running them."""

from __future__ import annotations

import ast
import gc
import os
from collections import deque
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Rule = Callable[[Path], list[str]]

ROOT = Path(__file__).resolve().parents[3]
TOOLS_OWN = {".venv", ".git", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "__pycache__", "node_modules"}
FOLDERS = ("infra", "hardening", "scripts", "tests")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Outline = dict[str, "Outline | None"]
"""What is defined: functions and classes with what is defined in them, values without."""


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


@dataclass(frozen=True, slots=True)
class Facts:
    """What is asked of a module. Its tree is not kept: all of them are a million objects in every later search for garbage."""

    imports: tuple[tuple[int, str], ...]
    texts: tuple[tuple[int, str], ...]
    numbers: tuple[tuple[int, str, int], ...]
    functions: tuple[tuple[int, str], ...]
    values: tuple[tuple[int, str], ...]
    calls: tuple[ast.Call, ...]
    parents: tuple[str, ...]
    outline: Outline


KEPT_CALLS = {"Problem", "of"}
"""Functions whose calls are looked at."""


class _Nodes:
    """The nodes of a tree by their class, found in one walk: a tree is read for eight facts."""

    def __init__(self, tree: ast.AST) -> None:
        self._by_class: dict[type[ast.AST], list[Any]] = {}
        left = deque([tree])
        while left:
            node = left.popleft()
            self._by_class.setdefault(type(node), []).append(node)
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, ast.AST):
                    left.append(value)
                elif isinstance(value, list):
                    left += [each for each in value if isinstance(each, ast.AST)]

    def of(self, *classes: type[ast.AST]) -> Iterator[Any]:
        """Yield the nodes of some classes."""
        return (node for each in classes for node in self._by_class.get(each, ()))


def facts(module: Path) -> Facts:
    """Return what there is in a module."""
    return _read(ROOT / module)


@cache
def _read(path: Path) -> Facts:
    searching = gc.isenabled()
    gc.disable()  # a tree has no circles: it goes with its last name
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
        found = _Nodes(tree)
        return Facts(
            imports=tuple(_imports(found)),
            texts=tuple(_texts(found)),
            numbers=tuple(_numbers(found)),
            functions=tuple((node.lineno, node.name) for node in found.of(*DEFINITIONS) if not node.decorator_list),
            values=tuple((target.lineno, target.id) for node in tree.body for target in _targets(node)),
            calls=tuple(node for node in found.of(ast.Call) if last_name(node.func) in KEPT_CALLS),
            parents=tuple(ast.unparse(node) for node in found.of(ast.Attribute) if node.attr == "parents"),
            outline=_outline(tree.body),
        )
    finally:
        if searching:
            gc.enable()


def last_name(expression: ast.expr) -> str:
    """Return the last word of a dotted name; nothing of any other expression."""
    return expression.id if isinstance(expression, ast.Name) else expression.attr if isinstance(expression, ast.Attribute) else ""


def _outline(body: list[ast.stmt]) -> Outline:
    found: Outline = {}
    for node in body:
        if isinstance(node, DEFINITIONS):
            found.setdefault(node.name, _outline(node.body))
        found.update({target.id: None for target in _targets(node) if target.id not in found})
    return found


def _targets(node: ast.stmt) -> list[ast.Name]:
    """Return the plain names that a statement gives a value."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target for target in targets if isinstance(target, ast.Name)]


def imports(module: Path) -> tuple[tuple[int, str], ...]:
    """Return line and full name of everything that a module imports, wherever it does; also what it imports for type checking only."""
    return facts(module).imports


def _imports(found: _Nodes) -> Iterator[tuple[int, str]]:
    for node in found.of(ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    for node in found.of(ast.ImportFrom):
        if node.module and not node.level:
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def is_below(name: str, package: str) -> bool:
    """Tell whether a dotted name is a package or in it."""
    return name == package or name.startswith(f"{package}.")


def around(name: str) -> set[str]:
    """Return a dotted name and every package that it is in."""
    parts = name.split(".")
    return {".".join(parts[:length]) for length in range(1, len(parts) + 1)}


@cache
def package_of(module: Path) -> str:
    """Return a module's dotted name; ``scripts`` is a root of its own."""
    return ".".join(module.with_suffix("").parts).removeprefix("scripts.").removesuffix(".__init__")


def texts(module: Path) -> tuple[tuple[int, str], ...]:
    """Return line and value of every string that is not documentation."""
    return facts(module).texts


def _texts(found: _Nodes) -> Iterator[tuple[int, str]]:
    documentation = {id(node.value) for node in found.of(ast.Expr)}
    for node in found.of(ast.Constant):
        if isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def named_numbers(module: Path) -> tuple[tuple[int, str, int], ...]:
    """Return line, name and value of every whole number that is given a name: in an assignment, a default, an argument."""
    return facts(module).numbers


def _numbers(found: _Nodes) -> Iterator[tuple[int, str, int]]:
    for node in found.of(ast.keyword, ast.Assign, ast.AnnAssign, ast.arguments):
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


def offences(rule: Rule, where: Iterable[Path]) -> dict[str, list[str]]:
    """Return what a rule finds, by module."""
    return {str(module): found for module in where if (found := rule(module))}


def below(*folders: str) -> list[Path]:
    """Return the modules of some folders."""
    tops = [Path(folder).parts for folder in folders]
    return [module for module in modules() if any(module.parts[: len(top)] == top for top in tops)]
