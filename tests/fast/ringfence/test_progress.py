"""The one line that says how far a verb is."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from ringfence.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
COLOUR = "\x1b[3"
"""How a sequence begins that sets a colour of the text (ECMA-48)."""


class Terminal(io.StringIO):
    """A standard error that is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Callable[[io.StringIO], str]:
    """Return what runs something under the line, and gives back what was written."""
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)

    def run(stream: io.StringIO) -> str:
        monkeypatch.setattr("sys.stderr", stream)
        with progress("reading [red]declarations") as tell:
            tell("logging in", 0, 0)
            tell("asking \x1b]0;web", 3, 7)
        return stream.getvalue()

    return run


def test_a_pipe_gets_nothing(shown: Callable[[io.StringIO], str]) -> None:
    """Whoever keeps standard error wants what was wrong, and no pictures."""
    assert shown(io.StringIO()) == ""


def test_a_terminal_gets_a_line_that_goes_again(shown: Callable[[io.StringIO], str]) -> None:
    """Its text is a text, whatever stands in it; at the end the line is erased and the cursor shown."""
    written = shown(Terminal())
    assert "asking" in written
    assert "3/7" in written
    assert "\x1b]0;" not in written
    assert written.endswith("\x1b[2K")
    assert written.rfind("\x1b[?25h") > written.rfind("\x1b[?25l")
    assert COLOUR in written


def test_who_wants_no_colours_gets_none(shown: Callable[[io.StringIO], str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The line itself stays."""
    monkeypatch.setenv("NO_COLOR", "1")
    written = shown(Terminal())
    assert "asking" in written
    assert COLOUR not in written
