"""Every error that ringfence makes says what was expected or what to do next."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture import sources
from tests.fast.architecture.sources import facts, last_name, modules

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
PLACES_BEFORE_EXPECTED = 2
"""``Problem(what, where, expected)`` may name the third part by its place."""
EXEMPT = {"hardening/image/root.py": "its content makes the image's hash, and its sentence says what was expected"}


def makes_an_error(call: ast.Call) -> bool:
    """Tell whether a call is ``Problem(...)`` or ``SomeError.of(...)``."""
    if isinstance(call.func, ast.Attribute) and call.func.attr == "of":
        return last_name(call.func.value).endswith("Error")
    return last_name(call.func) == "Problem"


def helps(call: ast.Call) -> bool:
    """Tell whether a call has ``expected`` or ``hint``, by name, by place, or among what is handed on."""
    if {"expected", "hint", None} & {keyword.arg for keyword in call.keywords}:
        return True
    return len(call.args) > PLACES_BEFORE_EXPECTED or any(isinstance(argument, ast.Starred) for argument in call.args)


def unhelpful(module: Path) -> list[int]:
    """Return the lines of a module that make an error which leaves a person alone."""
    return [call.lineno for call in facts(module).calls if makes_an_error(call) and not helps(call)]


def test_every_error_says_what_was_expected_or_what_to_do_next() -> None:
    """What and where alone leave a person alone."""
    code = [module for module in modules() if module.parts[0] != "tests"]
    found = {str(module): lines for module in code if (lines := unhelpful(module))}
    assert found.keys() == EXEMPT.keys(), found


def test_an_error_that_helps_nobody_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The test above can fail."""
    monkeypatch.setattr(sources, "ROOT", tmp_path)
    (tmp_path / "bad.py").write_text('Problem("no", "here")\nAnError.of("no", got="x")\nProblem("no", "here", "yes")\n', encoding="utf-8")
    bad = next(tmp_path.glob("*.py")).relative_to(tmp_path)
    assert unhelpful(bad) == [1, 2]
