"""What the file beside the declarations accepts, taken out of a verification's result."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.outcome import CheckVerdict, Outcome
from ringfence.analysis.exceptions import EXCEPTIONS
from ringfence.verify import acceptances
from ringfence.verify.report.headline import headline
from ringfence.verify.result import Check, Kind, Result
from tests.fast.test_acceptances import ROLE, TODAY, VALUES, failed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


def write(tree: Path, **changes: object) -> None:
    """Write the file."""
    lines = [f"    {key}: {value!s}" for key, value in {**VALUES, **changes}.items()]
    (tree / EXCEPTIONS).write_text("\n".join(["deviations:", "  -", *lines]) + "\n", encoding="utf-8")


def result() -> Result:
    """Return a verification that found the role, beside something that passed."""
    return Result(("acme",), "now", [Check(Kind.CLOUD, failed(ROLE)), Check(Kind.CLOUD, Outcome("x", CheckVerdict.PASS))])


def test_an_accepted_deviation_leaves_no_failure_and_no_clean_headline(tree: Path) -> None:
    """It is named in the headline."""
    write(tree)
    found = result()
    assert acceptances.apply(found, acceptances.read(), TODAY) == []
    assert found.exit_code == 0
    assert "accepted by anna until 2026-12-31" in headline(found).text


def test_without_a_file_nothing_is_accepted(tree: Path) -> None:
    """The usual case."""
    del tree
    found = result()
    assert acceptances.apply(found, acceptances.read(), TODAY) == []
    assert found.exit_code == 1


def test_a_mistake_in_the_file_is_an_error_before_anything_is_asked(tree: Path) -> None:
    """A word that is no key."""
    write(tree, until="soon")
    with pytest.raises(QuestionError, match="until"):
        acceptances.read()
