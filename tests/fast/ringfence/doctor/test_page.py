"""The reference page of the checks is what the checks say of themselves. ``RINGFENCE_WRITE_GOLDEN=1`` writes it anew."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from ringfence.doctor.checks import CHECKS
from ringfence.doctor.page import inserted
from tests.fast.ringfence.doctor.recorded import ROOT

if TYPE_CHECKING:
    from ringfence.doctor.model import Check

pytestmark = pytest.mark.fast
PAGE = ROOT / "docs" / "doctor.md"


def test_the_page_says_what_the_checks_say() -> None:
    """A check that changes changes its page, in the same commit."""
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("RINGFENCE_WRITE_GOLDEN"):
        PAGE.write_text(inserted(text), encoding="utf-8")
    assert inserted(text) == PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_describes_itself(check: Check) -> None:
    """A name for programs, a title of what holds, and a sentence why it matters."""
    assert check.name == check.name.lower().replace(" ", "-")
    assert check.title
    assert check.why.endswith(".")


def test_names_of_checks_are_unique() -> None:
    """Programs tell checks by their names."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
