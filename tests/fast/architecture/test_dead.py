"""Nothing is left behind: whatever the product defines is named somewhere else."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture import sources
from tests.fast.architecture.sources import facts, modules

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

pytestmark = pytest.mark.fast
CALLED_BY_OTHERS = {"pytest_collection_finish", "render_str"}
"""Methods that a library calls by their names."""


def defined(module: Path) -> Iterator[tuple[str, int]]:
    """Yield name and line of what a module defines: functions, classes, methods without a decorator, and values of the module."""
    found = facts(module)
    yield from ((name, line) for line, name in (*found.functions, *found.values))


def left_behind(where: Iterable[Path]) -> list[str]:
    """Return what is named nowhere but where it is defined, in no module at all, and in no test either."""
    found = list(where)
    words = Counter(word for module in found for word in re.findall(r"\w+", (sources.ROOT / module).read_text(encoding="utf-8")))
    return [
        f"{module}:{line}: {name}"
        for module in found
        if module.parts[0] != "tests"
        for name, line in defined(module)
        if words[name] == 1 and not name.startswith("__") and name not in CALLED_BY_OTHERS
    ]


def test_nothing_is_left_behind() -> None:
    """A function that nobody calls is read, typed and kept for nothing."""
    assert left_behind(modules()) == []


def test_what_is_left_behind_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    (tmp_path / "one.py").write_text("USED = 1\nUNUSED = 2\n\ndef used(): return USED\n\ndef unused(): return used()\n", encoding="utf-8")
    assert left_behind([Path("one.py")]) == ["one.py:6: unused", "one.py:2: UNUSED"]
