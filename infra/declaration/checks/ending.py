"""Checks of a tenant's end: whoever verifies a removal has not run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration.yaml.source import Mistake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft


def two_people(draft: Draft) -> Iterator[Mistake]:
    """One person in both places: a certificate with two signatures of one person is one with one."""
    end = draft.offboarding
    if end and end.run_by and end.verified_by and end.run_by.name == end.verified_by.name:
        hint = "name somebody else"
        yield Mistake(("offboarding", "verified_by", "name"), "who runs the removal verifies it, too", "two people", end.run_by.name, hint)
