"""Everything that a declaration may not say is refused, with its place and with what would be right."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from infra.declaration import checks
from infra.errors import DeclarationError
from tests.fast.declaration import declared
from tests.fast.declaration.refused_platforms import CASES as PLATFORM_CASES
from tests.fast.declaration.refused_tenants import CASES as TENANT_CASES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.declaration.yaml.source import Mistake
    from infra.errors import Problem
    from tests.fast.declaration.refused_flows import Refused

BY_SUBJECT = [("tenant", name) for name in TENANT_CASES] + [("platform", name) for name in PLATFORM_CASES]


def refusal(load: Callable[[Path, dict[str, Any]], object], folder: Path, case: Refused) -> tuple[Problem, ...]:
    """Return what is said about a case; nothing when it is not refused."""
    try:
        load(folder, case.changes)
    except DeclarationError as error:
        return error.problems
    return ()


def said(problems: tuple[Problem, ...]) -> set[tuple[str, str]]:
    """Return key path and sentence of each problem."""
    return {(problem.where.partition(": ")[2], problem.what) for problem in problems}


def answers(case: Refused, problems: tuple[Problem, ...]) -> bool:
    """Tell whether exactly the mistakes of a case are reported, each with what is expected."""
    texts = {problem.where.partition(": ")[2] + "|" + problem.what: str(problem) for problem in problems}

    def is_said(path: str, what: str, expected: str) -> bool:
        return any(key.startswith(f"{path}|{what}") and expected in text for key, text in texts.items())

    return len(problems) == len(case.mistakes) and all(is_said(*mistake) for mistake in case.mistakes)


@pytest.mark.parametrize(("subject", "name"), BY_SUBJECT)
def test_a_mistake_is_refused_alone_and_by_name(subject: str, name: str, tmp_path: Path) -> None:
    """Each mistake is reported at its key path, with what is expected, and brings no other report with it."""
    case = (TENANT_CASES if subject == "tenant" else PLATFORM_CASES)[name]
    problems = refusal(getattr(declared, subject), tmp_path, case)
    assert answers(case, problems), "\n".join(map(str, problems)) or "accepted"
    assert all(problem.where.startswith(f"Pulumi.{'acme' if subject == 'tenant' else 'platform'}.yaml:") for problem in problems)


def test_the_unchanged_declarations_are_accepted(tmp_path: Path) -> None:
    """The declarations that the mistakes are made in are right by themselves."""
    assert declared.tenant(tmp_path).tenant.name == "acme"
    assert declared.platform(tmp_path).platform.encrypted_types() == {"vault"}


@pytest.mark.parametrize("subject", ["tenant", "platform"])
def test_no_check_is_idle(subject: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every check finds a mistake in some case; as the cases are matched exactly, they would fail without it."""
    load, attribute = getattr(declared, subject), subject.upper()
    cases = TENANT_CASES if subject == "tenant" else PLATFORM_CASES
    spoke: Counter[str] = Counter()

    def counted(check: Callable[[Any], Iterator[Mistake]]) -> Callable[[Any], Iterator[Mistake]]:
        def run(draft: object) -> Iterator[Mistake]:
            for mistake in check(draft):
                spoke[check.__name__] += 1
                yield mistake

        return run

    every = getattr(checks, attribute)
    monkeypatch.setattr(checks, attribute, tuple(map(counted, every)))
    for case in cases.values():
        refusal(load, tmp_path, case)
    assert {check.__name__ for check in every} == set(spoke)
