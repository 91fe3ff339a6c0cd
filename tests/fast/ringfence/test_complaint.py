"""What is quoted of a program that failed."""

from __future__ import annotations

import pytest

from ringfence.complaint import MOST_CHARACTERS, complaint

pytestmark = pytest.mark.fast


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Updating\nDiagnostics:\n  HostKey (db):\n    error: no key\n\nOutputs:\n    tenant: {}\n", "HostKey (db):\n    error: no key"),
        ("error: no such stack\n", "error: no such stack"),
    ],
)
def test_a_failed_engine_is_quoted_where_it_says_why(output: str, expected: str) -> None:
    """Its last words are the outputs of the stack, which tell nothing about a failure."""
    assert complaint(output) == expected


def test_a_quotation_has_an_end() -> None:
    """Of a program that prints much, the last of it counts."""
    assert complaint("x" * 9000 + "why") == "x" * (MOST_CHARACTERS - 3) + "why"
