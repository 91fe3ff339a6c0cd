"""What a person asks for is refused before anything is fetched or built, and it is judged and kept when it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from examiners import booted, cli, mutations, offline
from examiners.model import Result, Tier
from examiners.mutations import Noticed
from hardening.image import build, cache
from tests.fast.examiners.samples import run

if TYPE_CHECKING:
    from pathlib import Path

    from examiners.model import Examination


@pytest.fixture(autouse=True)
def _examined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The quick tier finds one failure, without a tree; nothing is built and nothing boots."""

    def nothing(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(booted, "examine", nothing)
    monkeypatch.setattr(build, "build", nothing)

    def examine(*_: object) -> tuple[list[Examination], dict[str, str]]:
        return [run(("one", Result.FAIL), ("two", Result.UNKNOWN), tier=Tier.OFFLINE)], {}

    monkeypatch.setattr(offline, "examine", examine)
    monkeypatch.setattr(cache, "content_hash", lambda: "abc")


def test_a_run_is_judged_shown_and_kept(tmp_path: Path) -> None:
    """Exit code 1, and what has no answer is named."""
    result = CliRunner().invoke(cli.app, ["--only", "offline", "--profile", "cis_level2_server", "--out", str(tmp_path)])
    assert result.exit_code == 1
    assert "two: the examiner cannot tell" in result.stdout
    assert json.loads((tmp_path / "examine.json").read_text(encoding="utf-8"))["image"] == "abc"
    assert "cis_level2_server" in (tmp_path / "examine.html").read_text(encoding="utf-8")


def test_controls_are_undone_when_it_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And told on the screen."""
    monkeypatch.setattr(mutations, "examine", lambda *_: [Noticed("one", "x", {"p": ("a_rule",)}), Noticed("two", "x", {"p": ()})])
    said = CliRunner().invoke(cli.app, ["--only", "offline", "--mutations", "--out", str(tmp_path)]).stdout
    assert "without one: p: a_rule" in said
    assert "without two: no rule notices" in said


def test_programs_get_json(tmp_path: Path) -> None:
    """On standard output, and nothing else there."""
    result = CliRunner().invoke(cli.app, ["--json", "--only", "offline", "--out", str(tmp_path)])
    assert json.loads(result.stdout)["exit_code"] == 1


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        pytest.param(["--profile", "cis"], "no such profile", id="profile"),
        pytest.param(["--only", "offline", "--tree", "FOLDER"], "no tree of a Debian", id="tree"),
        pytest.param(["--tree", "FOLDER"], "does not boot", id="tree-that-boots"),
        pytest.param(["--mutations", "--only", "booted"], "own files", id="mutations-of-a-server"),
        pytest.param(["--mutations", "--only", "offline", "--tree", "FOLDER"], "own files", id="mutations-of-a-tree"),
        pytest.param(["--image", "FOLDER/other.json"], "not taken out of it", id="image-as-files"),
        pytest.param(["--only", "booted", "--image", "FOLDER/none"], "no such image", id="image"),
        pytest.param(["--only", "booted", "--before", "FOLDER/none"], "no such image", id="before"),
        pytest.param(["--beside", "FOLDER/none.json"], "this is no report", id="beside"),
        pytest.param(["--beside", "FOLDER/other.json"], "another kind", id="format"),
    ],
)
def test_what_cannot_be_examined_is_refused(tmp_path: Path, arguments: list[str], word: str) -> None:
    """With exit code 2 and the way on."""
    (tmp_path / "other.json").write_text('{"format": 0}', encoding="utf-8")
    result = CliRunner().invoke(cli.app, [argument.replace("FOLDER", str(tmp_path)) for argument in arguments])
    assert (result.exit_code, word in result.stderr) == (2, True), result.stderr


def test_an_interrupt_is_an_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no answer."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(offline, "examine", interrupted)
    assert CliRunner().invoke(cli.app, ["--only", "offline", "--profile", "cis_level2_server", "--out", str(tmp_path)]).exit_code == 130
