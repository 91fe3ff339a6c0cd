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


class _Reader(yaml.SafeLoader):
    """A safe loader that notes the line of every key and every key that is written twice."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lines: dict[KeyPath, int] = {}
        self.twice: list[Mistake] = []

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - PyYAML's own
        """Refuse aliases: what a line says is read in that line, and no file grows beyond its size."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "an alias (*name): write the value out", mark)
        return super().compose_node(parent, index)

    def note(self, node: yaml.Node, path: KeyPath) -> None:
        """Walk a node and remember where its keys are."""
        if isinstance(node, yaml.SequenceNode):
            for number, item in enumerate(node.value):
                self.lines[*path, number] = item.start_mark.line + 1
                self.note(item, (*path, number))
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                here = (*path, str(key.value))
                if here in self.lines:
                    first = f"a key that is written once; it is in line {self.lines[here]} already"
                    self.twice.append(Mistake(here, "the key is written twice", first, f"line {key.start_mark.line + 1}"))
                self.lines[here] = key.start_mark.line + 1
                self.note(value, here)


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
    try:
        reader = _Reader(text)
        try:
            node = reader.get_single_node()
            if node is None:
                return Source(None, Lines(file))
            reader.note(node, ())
            return Source(reader.construct_document(node), Lines(file, reader.lines), tuple(reader.twice))
        finally:
            reader.dispose()
    except yaml.YAMLError as error:
        return _unreadable(error, file)


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
