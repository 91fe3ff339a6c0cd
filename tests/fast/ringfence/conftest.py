"""The command line, run inside the test's own process."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING, Never

import pytest

from infra.errors import DeclarationError
from ringfence import cli
from ringfence.analysis import states
from tests.fast.ringfence.command import Ended

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fast.ringfence.command import Run


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Run the command line as its entry point does, in a work tree without declarations."""

    def no_declarations() -> Never:
        raise DeclarationError

    monkeypatch.delenv(cli.DEBUG, raising=False)
    monkeypatch.setattr(states, "read_declarations", no_declarations)

    def command(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["ringfence", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return Ended(int(ended.value.code or 0), said.out, said.err)

    yield command
    gc.enable()
