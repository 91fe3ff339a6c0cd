"""What a person sees during the long build, and that nothing keeps running after it."""

from __future__ import annotations

import io
import os
import time
from typing import TYPE_CHECKING

import pytest

from toolchain import progress
from toolchain.progress import Board, ToolchainError, clock

if TYPE_CHECKING:
    from pathlib import Path


class Terminal(io.StringIO):
    """A screen that says it is a terminal."""

    def isatty(self) -> bool:
        """Claim to be one."""
        return True


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0s"), (59.9, "59s"), (60, "1m 00s"), (308, "5m 08s"), (3700, "61m 40s")])
def test_clock(seconds: float, text: str) -> None:
    """Durations read as a person says them."""
    assert clock(seconds) == text


def test_output_and_each_line_heard(tmp_path: Path) -> None:
    """Standard output is returned whole, standard error arrives line by line."""
    heard: list[str] = []
    with Board(out=io.StringIO()) as board:
        out = board.run("x", ["sh", "-c", "echo result; echo one >&2; echo two >&2"], env=os.environ, cwd=tmp_path, heard=heard.append)
    assert out == "result\n"
    assert heard == ["one", "two"]


def test_a_failed_command_is_told_with_its_last_lines(tmp_path: Path) -> None:
    """The message has command, exit code and the end of what it said."""
    with Board(out=io.StringIO()) as board, pytest.raises(ToolchainError) as caught:
        board.run("x", ["sh", "-c", "seq 100 >&2; exit 7"], env=os.environ, cwd=tmp_path)
    message = str(caught.value)
    assert "exit code 7" in message
    assert "    100" in message
    assert "    50\n" not in message


def test_failure_of_one_ends_the_others(tmp_path: Path) -> None:
    """Commands that still run are ended, and none is started afterwards."""
    with Board(out=io.StringIO()) as board:
        with board.start("slow", ["sleep", "30"], os.environ, tmp_path) as slow:
            with pytest.raises(KeyboardInterrupt), board.stopping():
                raise KeyboardInterrupt
            assert slow.wait(60) != 0
        with pytest.raises(ToolchainError, match="stopped"):
            board.run("late", ["true"], env=os.environ, cwd=tmp_path)


def test_a_good_end_ends_nothing(tmp_path: Path) -> None:
    """After all parts are built, later commands run."""
    with Board(out=io.StringIO()) as board:
        with board.stopping():
            pass
        assert board.run("late", ["echo", "yes"], env=os.environ, cwd=tmp_path) == "yes\n"


def test_terminal_gets_one_live_line_and_a_file_plain_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Escape sequences only where they work; both are told what is being done."""
    monkeypatch.setattr(progress, "_TERMINAL_TICK_S", 0.01)
    monkeypatch.setattr(progress, "_LOG_TICK_S", 0.01)
    screens = Terminal(), io.StringIO()
    for screen in screens:
        with Board(out=screen) as board:
            board.doing("engine", "12 of 90")
            board.doing("gone", "finished")
            board.doing("gone", "")
            time.sleep(0.05)
    terminal, file = (screen.getvalue() for screen in screens)
    assert "engine: 12 of 90" in terminal
    assert terminal.endswith("\r\x1b[2K")
    assert "\n" not in terminal
    assert "engine: 12 of 90\n" in file
    assert "\x1b" not in file
    assert "gone" not in terminal + file
