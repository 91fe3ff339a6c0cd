"""A control is taken out of a tree as if the image had never had it, and put back to the last bit."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from examiners import mutations
from examiners.model import Result
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Control, Group, Line, Mode, Package
from hardening.controls.rendering import edited, rendered
from tests.fast.examiners.samples import run

if TYPE_CHECKING:
    from pathlib import Path

Files = dict[str, tuple[str, int]]
GROUPS = "root:x:0:\n"


def written(folder: Path, controls: tuple[Control, ...]) -> Path:
    """The tree of an image with these controls, as far as controls make it."""
    wanted, every = rendered(controls), rendered().lines
    for path in sorted({line.path for line in every}):
        lines = tuple(line for line in wanted.lines if line.path == path)
        base = "".join(f"{line.instead_of} of Debian\n" for line in every if line.path == path and line.instead_of) or "first\n"
        _put(folder / path, edited(base, lines))
    for file in wanted.files:
        _put(folder / file.path, file.text).chmod(file.mode)
    for link in wanted.links:
        (folder / link.path).parent.mkdir(parents=True, exist_ok=True)
        (folder / link.path).symlink_to(link.target)
    _put(folder / "etc/group", GROUPS + "".join(f"{group.name}:x:999:\n" for group in wanted.groups))
    for part in (part for control in CATALOGUE for part in control.renders if isinstance(part, Mode)):
        (folder / part.path).mkdir(parents=True, exist_ok=True) if not (folder / part.path).exists() else None
        (folder / part.path).chmod(part.mode)
    return folder


def _put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def contents(folder: Path) -> Files:
    """Every file with its text and mode, every link with where it leads to, and every folder with its mode."""
    modes = {path: path.lstat().st_mode for path in folder.rglob("*")}
    return {str(path.relative_to(folder)): (_text(path, mode), mode) for path, mode in modes.items()}


def _text(path: Path, mode: int) -> str:
    if stat.S_ISLNK(mode):
        return f"to {path.readlink()}"
    return path.read_text(encoding="utf-8") if stat.S_ISREG(mode) else ""


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A tree with all controls, and one with none."""
    return written(tmp_path_factory.mktemp("all"), CATALOGUE), written(tmp_path_factory.mktemp("none"), ())


@pytest.fixture(scope="module")
def before(trees: tuple[Path, Path]) -> Files:
    """What is in the tree with all controls; every test leaves it so."""
    return contents(trees[0])


@pytest.mark.parametrize("control", CATALOGUE, ids=lambda control: control.identifier)
def test_without_a_control_the_tree_is_that_of_the_others(
    trees: tuple[Path, Path], before: Files, tmp_path: Path, control: Control
) -> None:
    """Files, lines, links and groups as if it had never been; modes as careless as can be; afterwards nothing is another."""
    tree, plain = trees
    others = contents(written(tmp_path, tuple(one for one in CATALOGUE if one is not control)))
    with mutations.undone(tree, plain, control) as left:
        during = contents(tree)
    assert left == ("Package" if any(isinstance(part, Package) for part in control.renders) else "")
    texts = [{path: text for path, (text, _) in files.items() if text} for files in (during, others)]
    assert texts[0] == texts[1]
    assert {part.path for part in control.renders if isinstance(part, Mode)} == {
        path for path, (_, mode) in during.items() if mode & 0o777 == mutations.EVERYBODY and before[path][1] & 0o777 != mutations.EVERYBODY
    }
    assert during != before
    assert contents(tree) == before


def test_a_part_that_files_do_not_show_is_named(trees: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """It was not undone, so that nobody noticed means nothing."""
    monkeypatch.setattr(mutations, "SHOWN", tuple(kind for kind in mutations.SHOWN if kind not in {Group, Line}))
    control = next(one for one in CATALOGUE if any(isinstance(part, Line) for part in one.renders))
    with mutations.undone(*trees, control) as left:
        assert "Line" in left


def test_a_rule_is_noticed_when_its_result_is_another_or_gone() -> None:
    """Whichever way it changes, and also a rule that is only asked then."""
    before = {"p": run(("same", Result.PASS), ("worse", Result.PASS), ("better", Result.FAIL), ("gone", Result.PASS))}
    after = {"p": run(("same", Result.PASS), ("worse", Result.FAIL), ("better", Result.PASS), ("new", Result.PASS))}
    assert mutations.changed(before, after) == {"p": ("better", "gone", "new", "worse")}
