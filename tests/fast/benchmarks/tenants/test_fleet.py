"""What the benchmark takes from an answer of ``ringfence fleet``: nobody who is not in it has passed."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.tenants.fleet import said

pytestmark = pytest.mark.fast


def row(tenant: str, verdict: str, words: str | list[str] = "") -> dict[str, Any]:
    """Return a row as ``ringfence fleet --json`` has it."""
    return {"tenant": tenant, "verdict": verdict, "said": words, "seconds": 2.5}


def test_all_rows_that_pass_leave_nothing_bad() -> None:
    """The words count them."""
    told = said("up", [row("a", "pass"), row("b", "pass")], ("a", "b"))
    assert (told.bad, told.text, told.seconds) == ((), "up: 2 pass", {"a": 2.5, "b": 2.5})


@pytest.mark.parametrize("verdict", ["fail", "error", "skipped", "not-applicable", "another word"])
def test_any_other_verdict_is_named_with_its_reason(verdict: str) -> None:
    """Also one that this version does not know."""
    told = said("drift", [row("a", "pass"), row("b", verdict, ["one", "two"])], ("a", "b"))
    assert told.bad == (f"{verdict}: fleet drift: b: one; two",)


def test_a_tenant_without_a_row_did_not_pass() -> None:
    """A verb that leaves somebody out has not shown that all are well."""
    told = said("verify", [row("a", "pass")], ("a", "b"))
    assert told.bad == ("no row: fleet verify: b: ",)
    assert told.text == "verify: 1 no row, 1 pass"
