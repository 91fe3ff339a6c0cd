"""The table "kind of error → where it is mended" in docs/proof.md: whatever it names is there."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture.places import is_there
from tests.fast.architecture.sources import ROOT, modules

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast
HEADING = "## Kinds of error, and where each is mended"
CODE = re.compile(r"`([^`]+)`")


def rows() -> list[list[str]]:
    """Return the cells of the table's rows."""
    _, _, below = (ROOT / "docs/proof.md").read_text(encoding="utf-8").partition(HEADING)
    table = [line for line in below.partition("\n## ")[0].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table[2:]]


def named(column: int) -> Iterator[str]:
    """Yield every piece of code that a column names."""
    for row in rows():
        assert len(row) == 3, row
        yield from CODE.findall(row[column])


@cache
def paths() -> tuple[dict[str, Path], dict[str, Path]]:
    """Return modules without their suffix, and the folders that they are in."""
    folders = {f"/{module.parent}": ROOT / module.parent for module in modules()}
    return {f"/{module.with_suffix('')}": module for module in modules()}, folders


def files(text: str) -> list[Path]:
    """Return the modules and folders that a path without its beginning can be."""
    path = f"/{text.removesuffix('.py').strip('/')}"
    found, folders = ([place for name, place in named.items() if name.endswith(path)] for named in paths())
    return found or folders


@cache
def text_of(module: Path) -> str:
    """Return a module's text."""
    return (ROOT / module).read_text(encoding="utf-8")


def defines(module: Path, name: str) -> bool:
    """Tell whether a module defines a name: a function, class, value or field."""
    pattern = rf"^\s*(?:def|class) {name}|^\s*\"?{name}\b\"?\s*[:=]|\b{name}\b\s*="
    return name in text_of(module) and bool(re.search(pattern, text_of(module), re.MULTILINE))


def exists(text: str) -> bool:
    """Tell whether a module, a folder or a script exists, ``module.name.name``, or a name by itself in any module."""
    if is_there(text) or files(text) or (ROOT / text.split(maxsplit=1)[0]).exists():
        return True
    module, dot, name = text.rpartition("/")[2].partition(".")
    places = [found for found in files(module) if found.suffix == ".py"] if dot and module else []
    words = name.split(".") if places else text.strip(".*").split(".")
    return any(all(defines(found, word) for word in words) for found in places or modules())


def test_every_place_that_the_table_names_exists() -> None:
    """A function that moved or went takes its row along."""
    assert [text for text in named(1) if not exists(text)] == []


def test_every_test_that_the_table_names_exists() -> None:
    """The test that holds a kind can be found."""
    assert [text for text in named(2) if not exists(text)] == []


def test_a_place_that_is_not_there_is_found_out() -> None:
    """The two tests above can fail."""
    assert not exists("nowhere.nothing")
    assert not exists("unknowns.NOTHING_OF_THE_KIND")
