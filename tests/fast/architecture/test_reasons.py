"""Whoever switches a rule of the linter or of the type checker off says why."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fast.architecture import sources
from tests.fast.architecture.sources import modules

pytestmark = pytest.mark.fast
SWITCHED_OFF = re.compile(r"# (?:noqa|type: ignore)\b(.*)")
REASON = re.compile(r"(?:: [A-Z0-9]+(?:, ?[A-Z0-9]+)*|\[[a-z, -]+\]) +(?:-|#) ?\S")
UNREASONED = {
    "hardening/agent": "runs in servers, where `os.path` starts faster than `pathlib`; a comment more would be another image",
    "hardening/firstboot": "the same",
    "scripts/labcloud/processes/keeper.py": "a lab that is up knows whether its text is another one",
}
"""Modules in which a rule may be switched off without a reason on the line."""


def unreasoned(module: Path) -> list[str]:
    """Find lines that switch a rule off without saying why, or all rules."""
    lines = enumerate((sources.ROOT / module).read_text(encoding="utf-8").splitlines(), 1)
    return [f"line {number}" for number, line in lines if (found := SWITCHED_OFF.search(line)) and not REASON.match(found[1])]


def test_whoever_switches_a_rule_off_says_why() -> None:
    """Behind the rule's name, on the same line."""
    code = [each for each in modules() if each.parts[0] != "tests" and not any(each.is_relative_to(place) for place in UNREASONED)]
    assert {str(module): lines for module in code if (lines := unreasoned(module))} == {}


def test_a_rule_that_is_switched_off_for_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    bad = ["x = 1  # noqa", "x = 1  # noqa: E501", "x = 1  # type: ignore", "x = 1  # type: ignore[misc]", "x = 1  # noqa: E501, F401"]
    good = ["x = 1  # noqa: E501 - why", "x = 1  # type: ignore[misc] # why", "x = 1  # noqa: E501, F401 - why", "x = 1  # why"]
    (tmp_path / "one.py").write_text("\n".join(bad + good), encoding="utf-8")
    assert unreasoned(Path("one.py")) == [f"line {number}" for number, _ in enumerate(bad, 1)]
