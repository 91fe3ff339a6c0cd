"""The command line, run inside the test's own process."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

import pytest

from ringfence import application, cli
from tests.fast.architecture.sources import ROOT
from tests.fast.folders import new_folder
from tests.fast.ringfence.command import Ended
from tests.fast.ringfence.offering import without_backups

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fast.ringfence.command import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Run the command line as its entry point does, in a project without declarations."""
    monkeypatch.delenv(application.DEBUG, raising=False)
    empty = new_folder(tmp_path_factory, "empty")
    (empty / "Pulumi.yaml").touch()
    monkeypatch.chdir(empty)

    def command(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ringfence", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    yield command
    gc.enable()


@pytest.fixture
def tree(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Work in a project with the shipped declarations without their backups, which may be changed; ``run`` is named to come first."""
    del run
    folder = new_folder(tmp_path_factory, "tree")
    for file in ROOT.glob("Pulumi.*.yaml"):
        (folder / file.name).write_text(without_backups(file.read_text(encoding="utf-8")), encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder
