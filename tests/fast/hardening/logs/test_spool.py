"""A sender's disk: what was read is sent, whenever the server is switched off, and no more waits than there is room for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.logs import spool
from hardening.logs.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_lines_wait_in_their_order_until_they_are_done_also_over_a_restart(tmp_path: Path) -> None:
    """What was taken and not answered is taken again."""
    first = Spool(tmp_path)
    assert (first.take(0), first.cursor()) == (b"", "")
    first.add([b"one\n", b"two\n"], "c2")
    first.add([b"three\n"], "c3")
    assert first.take() == b"one\ntwo\nthree\n"
    first.done(len(b"one\n"))
    again = Spool(tmp_path)
    assert (again.take(), again.cursor()) == (b"two\nthree\n", "c3")
    again.done(len(b"two\nthree\n"))
    assert Spool(tmp_path).take(0) == b""


def test_half_a_line_of_a_server_that_was_switched_off_is_cut_off(tmp_path: Path) -> None:
    """Its journal entry is read again, because the cursor is written after the line."""
    Spool(tmp_path).add([b"whole\n"], "c1")
    with (tmp_path / "waiting").open("ab") as stream:
        stream.write(b"hal")
    again = Spool(tmp_path)
    again.add([b"half\n"], "c2")
    assert again.take() == b"whole\nhalf\n"


def test_a_batch_is_whole_lines(tmp_path: Path) -> None:
    """More than a batch waits: the next one begins where the first one ended."""
    made, line = Spool(tmp_path), b"x" * 99_999 + b"\n"
    made.add([line] * 3, "c")
    assert made.take() == line * 2
    made.done(2 * len(line))
    assert made.take() == line


def test_a_line_for_which_there_is_no_room_is_counted_and_read_no_more(tmp_path: Path) -> None:
    """What waits already stays; a sender that lost lines reads on."""
    made = Spool(tmp_path, room=8)
    made.add([b"1234567\n"], "c1")
    made.add([b"8\n", b"9\n"], "c3")
    assert (made.lost, made.take(), made.cursor()) == (2, b"1234567\n", "c3")
    made.done(8)
    made.add([b"10\n"], "c4")
    assert made.take() == b"10\n"


def test_the_file_begins_anew_when_nothing_waits_also_when_it_was_cut_between_its_two_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number beyond the file's end is of the file before."""
    monkeypatch.setattr(spool, "TIDY", 4)
    made = Spool(tmp_path)
    made.add([b"1234567\n"], "c1")
    made.done(8)
    assert (tmp_path / "waiting").stat().st_size == 0
    (tmp_path / "taken").write_text("8\n", encoding="ascii")
    again = Spool(tmp_path)
    again.add([b"9\n"], "c2")
    assert again.take() == b"9\n"
