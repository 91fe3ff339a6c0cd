"""A rule of the linters is switched off with a reason, or not at all."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.fast.architecture import sources
from tests.fast.architecture.sources import below, offences

pytestmark = pytest.mark.fast

SWITCHED_OFF = re.compile(r"# (?:noqa|type: ignore)\b(.*)")
REASON = re.compile(r"(?:: [A-Z0-9]+(?:, ?[A-Z0-9]+)*|\[[a-z, -]+\]) +(?:-|#) ?\S")
UNREASONED = {
    "hardening/agent": "runs in servers, where `os.path` starts faster than `pathlib`; a comment more would be another image",
    "hardening/firstboot": "the same",
    "scripts/labcloud/processes/service_manager.py": "a lab that is up knows whether its text is another one",
}
"""Modules in which a rule may be switched off without a reason on the line."""


def unreasoned(module: Path) -> list[str]:
    """Find lines that switch a rule off without saying why, or all rules."""
    lines = enumerate((sources.ROOT / module).read_text(encoding="utf-8").splitlines(), 1)
    return [f"line {number}" for number, line in lines if (found := SWITCHED_OFF.search(line)) and not REASON.match(found[1])]


def test_whoever_switches_a_rule_off_says_why() -> None:
    """Behind the rule's name, on the same line."""
    code = [each for each in below("infra", "hardening", "scripts") if not any(each.is_relative_to(place) for place in UNREASONED)]
    assert not offences(unreasoned, code)


def test_the_rule_notices_what_it_forbids(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a reason, or all rules at once."""
    (tmp_path / "bad.py").write_text("X = 1  # noqa: E501\nY = 2  # type: ignore\n")
    (tmp_path / "good.py").write_text("X = 1  # noqa: E501 - why\n")
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    assert len(unreasoned(Path("bad.py"))) == 2
    assert not unreasoned(Path("good.py"))
