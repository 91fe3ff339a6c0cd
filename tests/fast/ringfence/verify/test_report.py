from __future__ import annotations

import functools
import json
from html.parser import HTMLParser
from itertools import islice
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from infra.outcome import Outcome, Verdict
from infra.render.expectation import Expected
from ringfence.verify.model import Observation, Proof, Reach, Sight
from ringfence.verify.probes.evidence import Line
from ringfence.verify.probes.judge import judge
from ringfence.verify.probes.plan import Plan
from ringfence.verify.report import files, junit, page
from ringfence.verify.result import Check, Kind, Result
from tests.fast.ringfence.verify.worlds import world

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


@functools.cache
def passed() -> tuple[Check, ...]:
    """Return the beginning of the matrix, with everything passed."""
    proof = Proof("twin", listener=True, seconds=1)
    checks = []
    for case in islice(Plan(world()).cases(), 200):
        if case.expected is Expected.ALLOWED:
            seen = Observation(Reach.OK, case.target.node, sights=(Sight(case.target.node, "wire"),))
        else:
            seen = Observation(next(iter(case.accepted)))
        checks.append(Check.of_line(Line(case, seen, proof, judge(case, seen, proof))))
    return tuple(checks)


def result(*extra: Check) -> Result:
    """Return a run in which everything passed, and whatever is added."""
    return Result(("acme", "globex"), "2026-01-01T00:00:00+00:00", [*passed(), *extra], {"matrix": 60.0}, 400, 60.0)


def bad(verdict: Verdict) -> Check:
    """Return a check that did not pass."""
    return Check(Kind.CLOUD, Outcome("acme <b>rules</b>", verdict, "undeclared rule & more", "acme"))


@pytest.mark.parametrize(("verdict", "green"), [(Verdict.FAIL, False), (Verdict.ERROR, False), (Verdict.SKIPPED, True)])
def test_failures_and_errors_are_red(verdict: Verdict, *, green: bool) -> None:
    """A failure and an error turn a run red; a skip does not, and does not count as a pass."""
    assert result(bad(verdict)).is_green is green
    only = Result(("acme",), "now", [bad(verdict)])
    assert not only.is_green


def test_junit_counts() -> None:
    """Every check is a test case; failures, errors and skips are told apart."""
    root = ET.fromstring(junit.render(result(bad(Verdict.FAIL), bad(Verdict.ERROR), bad(Verdict.SKIPPED))))  # noqa: S314 - our own text
    suite = next(suite for suite in root if suite.get("name", "").startswith("cloud"))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "1"]
    assert {element.tag for case in suite for element in case} == {"failure", "error", "skipped"}


class Links(HTMLParser):
    """Collect what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.outside: list[str] = []
        self.anchors: set[str] = set()
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note references and ids."""
        for key, value in attrs:
            if key in {"href", "src"} and value:
                (self.anchors.add(value[1:]) if value.startswith("#") else self.outside.append(f"{tag} {value}"))
            if key == "id" and value:
                self.ids.add(value)


def test_page_needs_no_network() -> None:
    """The page loads nothing, every link in it leads somewhere, and what it shows is escaped."""
    text = page.render(result(bad(Verdict.FAIL)))
    links = Links()
    links.feed(text)
    assert links.outside == []
    assert "@import" not in text
    assert "url(" not in text
    assert links.anchors <= links.ids
    assert "<b>rules</b>" not in text


def test_page_says_it_in_words_and_symbols() -> None:
    """Every verdict has a word and a symbol of its own: the page can be read without seeing colours."""
    text = page.render(result(bad(Verdict.FAIL), bad(Verdict.ERROR)))
    assert len(set(page.SYMBOLS.values())) == len(Verdict)
    for verdict in (Verdict.FAIL, Verdict.ERROR, Verdict.PASS):
        assert f"{page.SYMBOLS[verdict]} {verdict}" in text
    assert "not as declared" in text
    assert "isolated as declared" in page.render(result())


def test_written_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three files, and a link to the newest folder that is moved on every run."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    first = files.write(result())
    later = result(bad(Verdict.FAIL))
    later.started = "2026-01-02T00:00:00+00:00"
    second = files.write(later)
    assert {file.name for file in second.iterdir()} == {"verify.json", "verify.xml", "index.html"}
    assert (tmp_path / "reports" / "latest").resolve() == second != first
    last = files.latest()
    assert last is not None
    assert (last["green"], last["counts"]["fail"]) == (False, 1)
    assert json.loads((first / "verify.json").read_text())["green"]
