"""A declaration's text as plain values that remember their lines.

Pulumi reads the same file, but tells neither lines nor keys that are written twice; hence this reader.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from infra.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's reader where it is there: ten times as fast, with the same results."""

Key = str | int
KeyPath = tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file; lines count from 1."""

    file: str
    line: int

    def __str__(self) -> str:
        """Render as editors and compilers do."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong at a key path of a declaration; it has no line yet."""

    path: KeyPath
    what: str
    expected: str = ""
    got: str = ""
    hint: str = ""


def dotted(path: KeyPath) -> str:
    """Render a key path as a person would write it: ``flows.sql.ports[0]``."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path)
    return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where each key of a declaration was written. ``base`` is the path of the declaration in the file."""

    file: str
    known: Mapping[KeyPath, int] = field(default_factory=dict)
    base: KeyPath = ()

    def of(self, *path: Key) -> Location:
        """Return the place of a key, or of the nearest key around it when the key itself is not written."""
        full = (*self.base, *path)
        line = next((self.known[full[:size]] for size in range(len(full), -1, -1) if full[:size] in self.known), 1)
        return Location(self.file, line)

    def problems(self, mistakes: Iterable[Mistake]) -> tuple[Problem, ...]:
        """Give mistakes their place; the result is in the order of the file and free of repetitions."""
        placed = {
            Problem(mistake.what, self._where(mistake.path), mistake.expected, mistake.got, mistake.hint): self.of(*mistake.path).line
            for mistake in mistakes
        }
        return tuple(sorted(placed, key=lambda problem: placed[problem]))

    def _where(self, path: KeyPath) -> str:
        place, keys = self.of(*path), dotted(path)
        return f"{place}: {keys}" if keys else str(place)


class _Walk:
    """Notes the line of every key, every key that is written twice and every alias."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.mistakes: list[Mistake] = []
        self._seen: set[int] = set()

    def visit(self, node: yaml.Node, path: KeyPath) -> None:
        """Walk a node. A node that is met again is the target of an alias."""
        if id(node) in self._seen:
            hint = "write the value out: what a line says is read in that line"
            self.mistakes.append(Mistake(path, "an alias", "a value without anchors and aliases", "*", hint))
            return
        self._seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.lines[*path, number] = item.start_mark.line + 1
                self.visit(item, (*path, number))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                self._key(key, (*path, str(key.value)))
                self.visit(value, (*path, str(key.value)))

    def _key(self, key: yaml.Node, here: KeyPath) -> None:
        line = key.start_mark.line + 1
        if here in self.lines:
            expected = f"each key once; it is in line {self.lines[here]} already"
            self.mistakes.append(Mistake(here, "the key is written twice", expected, f"line {line}"))
        self.lines[here] = line


@dataclass(frozen=True, slots=True)
class Source:
    """A file read: its values (``None`` when it is not YAML), the lines of its keys, and what is wrong with its text."""

    tree: Any
    lines: Lines
    mistakes: tuple[Mistake, ...] = ()

    def at(self, *path: Key) -> Source:
        """Return the part below a key path; mistakes elsewhere in the file stay out. ``KeyError`` when it is not there."""
        tree = self.tree
        for key in path:
            if not isinstance(tree, dict) or key not in tree:
                raise KeyError(key)
            tree = tree[key]
        below = tuple(
            Mistake(mistake.path[len(path) :], mistake.what, mistake.expected, mistake.got, mistake.hint)
            for mistake in self.mistakes
            if mistake.path[: len(path)] == path
        )
        return Source(tree, Lines(self.lines.file, self.lines.known, path), below)


def parse(text: str, file: str) -> Source:
    """Read YAML; a syntax error becomes the single mistake of a source without a tree."""
    walk = _Walk()
    try:
        node = yaml.compose(text, Loader=LOADER)
        if node is not None:
            walk.visit(node, ())
        # Aliases may be circular, and have been refused.
        tree = yaml.load(text, Loader=LOADER) if not any(one.what == "an alias" for one in walk.mistakes) else None  # noqa: S506 - a safe loader
    except yaml.YAMLError as error:
        return _unreadable(error, file)
    return Source(tree, Lines(file, walk.lines), tuple(walk.mistakes))


def _unreadable(error: yaml.YAMLError, file: str) -> Source:
    mark = getattr(error, "problem_mark", None)
    found = str(getattr(error, "problem", None) or error).splitlines()[0]
    hint = "indent with spaces, never with tabs" if "\\t" in found else "check the indentation and quotes of this line"
    mistake = Mistake((), "the file is not YAML", "a YAML mapping", found, hint)
    return Source(None, Lines(file, {(): mark.line + 1} if mark else {}), (mistake,))


def read(path: Path) -> Source:
    """Read a file. Raises ``OSError`` when it cannot be read; text that is not UTF-8 is a mistake of the source."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.name)
    except UnicodeDecodeError as error:
        mistake = Mistake((), "the file is not text", "UTF-8", f"byte {error.start} is not UTF-8")
        return Source(None, Lines(path.name), (mistake,))
