from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.outcome import CheckVerdict
from ringfence.verify.report import files
from ringfence.verify.result import Kind
from ringfence.verify.run import Request, Verification

if TYPE_CHECKING:
    from ringfence.verify.open import Opened
    from ringfence.verify.result import Result

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def result(opened: Opened) -> Result:
    """Verify once, all kinds, and write the report down."""
    found = Verification(opened.inventory, opened.cloud, opened.identities).run(Request())
    files.write(found)
    return found


@pytest.mark.parametrize("kind", list(Kind))
def test_kind(result: Result, kind: Kind) -> None:
    """Nothing of this kind fails or ends in an error, and something of it passes."""
    checks = [check for check in result.checks if check.kind is kind]
    wrong = [f"{c.outcome.check}: {c.outcome.reason}" for c in checks if c.outcome.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR}]
    assert wrong == []
    skipped = [check.outcome.reason for check in checks if check.outcome.verdict is CheckVerdict.SKIPPED]
    if not any(check.outcome.verdict is CheckVerdict.PASS for check in checks):
        pytest.skip("; ".join(skipped) or "nothing of this kind was checked")


def test_speed(result: Result) -> None:
    """Probes are counted and timed."""
    assert result.probes_per_second > 0
