"""The keys of JSON outputs as sorted files: programs of others read them by these names, so they are an interface.

A key of an output is a line: ``passes[].path[]`` without its leaf, maps from names of the user's as ``servers.*``. A line that goes
breaks somebody's program: keep the key. A new key is a new line; ``RINGFENCE_WRITE_GOLDEN=1`` writes the files anew.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


def key_paths(value: Any, maps: Collection[str] = (), path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the path of every key in a JSON value. ``maps`` are the paths of objects whose keys are data, not fields."""
    if isinstance(value, dict):
        for key, inner in value.items():
            own = "*" if path in maps else key
            place = f"{path}.{own}" if path else own
            yield place
            yield from key_paths(inner, maps, place)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from key_paths(inner, maps, f"{path}[]")


def hold(file: Path, found: Iterable[str]) -> None:
    """Compare paths with those that are kept in a file."""
    lines = sorted(set(found))
    if os.environ.get("RINGFENCE_WRITE_GOLDEN"):
        file.parent.mkdir(exist_ok=True)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert lines == file.read_text(encoding="utf-8").splitlines()
