"""A catalogue that contradicts itself does not import, and its page is what it says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from hardening.controls.catalogue import CATALOGUE, FAMILIES, checked
from hardening.controls.effects import of
from hardening.controls.model import Control, ControlError, Effect, KernelParameter, Line, Text
from hardening.controls.page import inserted

pytestmark = pytest.mark.fast
PAGE = Path(__file__).parents[4] / "docs" / "controls.md"
PARAMETER = KernelParameter("kernel.x", "1")
FILE = Text("etc/x", "x\n")
GOOD = Control("good", "Good", ("8.9",), (), (), (PARAMETER,))


def test_a_control_without_a_verification_does_not_import() -> None:
    """A file alone is not seen by anybody: whoever writes it says what it changes."""
    with pytest.raises(ControlError, match=r"control x: nothing asks a server for the effect of Text"):
        Control("x", "X", ("8.9",), (), (), (FILE,))
    with pytest.raises(ControlError, match=r"control x: nothing asks"):
        Control("x", "X", ("8.9",), (), (), (PARAMETER, Line("etc/x", "x")))


def test_a_control_that_only_a_server_in_a_test_may_be_asked_for_does_not_import() -> None:
    """Of a server at work nobody would know whether it is in force."""
    with pytest.raises(ControlError, match=r"control x: nothing asks"):
        Control("x", "X", ("8.9",), (), (), (FILE,), (Effect("systemctl restart x", "", changes=True),))


def test_a_verification_without_a_control_does_not_import() -> None:
    """A question about what nothing of the image makes hold would be luck."""
    with pytest.raises(ControlError, match=r"control x: verified, but nothing of the image makes it hold"):
        Control("x", "X", ("8.9",), (), (), (), (Effect("true", ""),))


def test_a_control_says_where_it_comes_from() -> None:
    """An auditor goes from a clause to the control."""
    with pytest.raises(ControlError, match=r"control x: no reference"):
        Control("x", "X", (), (), (), (PARAMETER,))


def test_no_two_controls_share_a_name_or_decide_the_same() -> None:
    """One of them would be silently without effect."""
    with pytest.raises(ControlError, match=r"good is the name of two controls"):
        checked([GOOD, GOOD])
    with pytest.raises(ControlError, match=r"KernelParameter kernel.x is rendered by two controls"):
        checked([GOOD, replace(GOOD, identifier="other", renders=(KernelParameter("kernel.x", "2"),))])


@pytest.mark.parametrize("control", CATALOGUE, ids=lambda control: control.identifier)
def test_every_control_is_asked_for(control: Control) -> None:
    """Each has a question, its own words, and clauses in their own form."""
    assert of(control)
    assert control.title[0].isupper()
    assert not control.title.endswith(".")
    assert all(clause.startswith(("CLD.", "5.", "8.")) for clause in control.iso)
    assert all(clause.startswith("R") and clause[1:].isdigit() for clause in control.anssi)
    assert all(part.isdigit() for clause in control.cis for part in clause.split("."))


def test_the_page_says_what_the_controls_say() -> None:
    """A control that changes changes its page, in the same commit. ``RINGFENCE_WRITE_GOLDEN=1`` writes it anew."""
    text = PAGE.read_text(encoding="utf-8")
    if os.environ.get("RINGFENCE_WRITE_GOLDEN"):
        PAGE.write_text(inserted(text), encoding="utf-8")
    assert inserted(text) == PAGE.read_text(encoding="utf-8")
    assert all(f"## {family}" in text for family in FAMILIES)
