"""What was read from a declaration's file: plain values that remember their lines, and mistakes that know their place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from infra.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

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
    """One thing that is wrong at a key path of a declaration. ``line`` is 0 until the path's own line is looked up."""

    path: KeyPath
    what: str
    expected: str = ""
    got: str = ""
    hint: str = ""
    line: int = 0


LISTED = 20
"""Names that a message lists."""


def one_of(names: Collection[str], *, otherwise: str) -> str:
    """Render what is expected as a list of names; ``otherwise`` where there is none."""
    more = [f"{len(names) - LISTED} more"] if len(names) > LISTED else []
    listed = ", ".join([*islice(names, LISTED), *more])
    return f"one of {listed}" if listed else otherwise


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

    def placed(self, mistakes: Iterable[Mistake]) -> dict[Problem, int]:
        """Give mistakes their place: each problem once, with its line."""
        return {
            Problem(mistake.what, self._where(mistake), mistake.expected, mistake.got, mistake.hint): self._line(mistake)
            for mistake in mistakes
        }

    def problems(self, mistakes: Iterable[Mistake]) -> tuple[Problem, ...]:
        """Give mistakes their place; the result is in the order of the file and free of repetitions."""
        return in_order(self.placed(mistakes))

    def _line(self, mistake: Mistake) -> int:
        return mistake.line or self.of(*mistake.path).line

    def _where(self, mistake: Mistake) -> str:
        place, keys = Location(self.file, self._line(mistake)), dotted(mistake.path)
        return f"{place}: {keys}" if keys else str(place)


def in_order(placed: Mapping[Problem, int]) -> tuple[Problem, ...]:
    """Return problems in the order of their lines."""
    return tuple(sorted(placed, key=lambda problem: placed[problem]))


@dataclass(frozen=True, slots=True)
class Source:
    """A file read: its values (``None`` when it is not YAML), the lines of its keys, and what is wrong with its text.

    ``unreadable`` has the paths of values that have been refused already. ``around`` is what is wrong with the file outside the part
    that is looked at, with full key paths.
    """

    tree: Any
    lines: Lines
    mistakes: tuple[Mistake, ...] = ()
    unreadable: frozenset[KeyPath] = frozenset()
    around: tuple[Mistake, ...] = ()

    def at(self, *path: Key) -> Source:
        """Return the part below a key path; mistakes beside the path stay out. ``KeyError`` when it is not there."""
        tree = self.tree
        for key in path:
            if not isinstance(tree, dict) or key not in tree:
                raise KeyError(key)
            tree = tree[key]
        size = len(path)
        below = tuple(replace(one, path=one.path[size:]) for one in self.mistakes if one.path[:size] == path)
        above = tuple(one for one in self.mistakes if len(one.path) < size and path[: len(one.path)] == one.path)
        unreadable = frozenset(one[size:] for one in self.unreadable if one[:size] == path)
        return Source(tree, Lines(self.lines.file, self.lines.known, path), below, unreadable, (*self.around, *above))

    def unsaid(self, mistakes: Iterable[Mistake]) -> list[Mistake]:
        """Leave out what is said about values that have been refused already."""
        said = {mistake.path for mistake in self.mistakes}
        return [
            mistake
            for mistake in mistakes
            if mistake.path not in said and not any(mistake.path[:size] in self.unreadable for size in range(len(mistake.path) + 1))
        ]

    def problems(self, mistakes: Iterable[Mistake]) -> tuple[Problem, ...]:
        """Give mistakes of this part and those around it their place, in the order of the file."""
        whole = Lines(self.lines.file, self.lines.known)
        return in_order(whole.placed(self.around) | self.lines.placed(mistakes))
