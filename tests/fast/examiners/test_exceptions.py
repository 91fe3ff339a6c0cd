"""The list of exceptions is read strictly."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from examiners import exceptions
from examiners.model import ExaminerError

if TYPE_CHECKING:
    from pathlib import Path

ONE = """\
exceptions:
  - rule: one
    examiner: openscap
    result: fail
    reason: because
    owner: somebody
    expires: "2027-01-31"
"""


def read(folder: Path, text: str) -> tuple[exceptions.Allowance, ...]:
    """Read a list with this text."""
    (folder / "list.yaml").write_text(text, encoding="utf-8")
    return exceptions.read(folder / "list.yaml")


def test_the_list_of_the_project_is_good() -> None:
    """Every entry has all that an entry needs."""
    assert exceptions.read()


def test_an_entry_has_its_last_day(tmp_path: Path) -> None:
    """On that day it still holds, and the day after it is over."""
    (one,) = read(tmp_path, ONE)
    assert (one.is_over(date(2027, 1, 31)), one.is_over(date(2027, 2, 1))) == (False, True)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param(ONE.replace("    reason: because\n", ""), "reason", id="no-reason"),
        pytest.param(ONE.replace("because", '""'), "length", id="empty-reason"),
        pytest.param(ONE.replace("    owner: somebody\n", ""), "owner", id="no-owner"),
        pytest.param(ONE.replace('    expires: "2027-01-31"\n', ""), "expires", id="no-end"),
        pytest.param(ONE.replace("2027-01-31", "2027-02-30"), "date", id="no-such-day"),
        pytest.param(ONE + "    scope: cis\n", "scope", id="unknown-key"),
        pytest.param(ONE + "    owner: another\n", "owner", id="double-key"),
        pytest.param(ONE.replace("openscap", "oscap"), "oscap", id="unknown-examiner"),
        pytest.param(ONE.replace("result: fail", "result: failed"), "failed", id="unknown-result"),
        pytest.param(ONE.replace("result: fail", "result: pass"), "another one for one", id="a-pass-needs-none"),
        pytest.param(ONE + ONE.partition("\n")[2], "twice: one", id="twice"),
        pytest.param("exceptions: none\n", "array", id="no-list"),
        pytest.param("", "object", id="empty"),
    ],
)
def test_what_is_not_an_exception_is_refused(tmp_path: Path, text: str, word: str) -> None:
    """Unknown, missing or double: nothing is excused by it."""
    with pytest.raises(ExaminerError, match=word):
        read(tmp_path, text)


def test_a_list_that_is_not_there_is_no_empty_list(tmp_path: Path) -> None:
    """Nobody excuses by accident, and nobody fails for want of a file without being told."""
    with pytest.raises(ExaminerError, match="cannot be read"):
        exceptions.read(tmp_path / "nowhere.yaml")


def test_two_entries_may_speak_of_one_rule_in_different_tiers(tmp_path: Path) -> None:
    """Which is not the same finding."""
    parts = [ONE.partition("\n")[2] + f"    tiers: [{tier}]\n" for tier in ("offline", "booted")]
    assert len(read(tmp_path, "exceptions:\n" + "".join(parts))) == 2
