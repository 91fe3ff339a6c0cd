from __future__ import annotations

import functools
import json
import re
from html.parser import HTMLParser
from itertools import islice
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from infra.outcome import CheckVerdict, Outcome
from infra.render.expectation import Expected
from ringfence.verify.about import About
from ringfence.verify.model import Observation, ProbeProof, ProbeResult, Reach
from ringfence.verify.probes.evidence import Line
from ringfence.verify.probes.judge import judge
from ringfence.verify.probes.plan import MatrixPlan
from ringfence.verify.report import files, junit, page
from ringfence.verify.report.headline import Tone, grouped, headline
from ringfence.verify.result import USUAL, Check, Kind, Result
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


@functools.cache
def passed() -> tuple[Check, ...]:
    """Return the beginning of the matrix, with everything passed."""
    proof = ProbeProof("twin", listener=True, seconds=1)
    checks = []
    for case in islice(MatrixPlan(inventory()).cases(), 200):
        if case.expected is Expected.ALLOWED:
            seen = ProbeResult(Reach.OK, case.target.node, observations=(Observation(case.target.node, "wire"),))
        else:
            seen = ProbeResult(next(iter(case.accepted)))
        checks.append(Check.of_line(Line(case, seen, proof, judge(case, seen, proof))))
    return tuple(checks)


def result(*extra: Check) -> Result:
    """Return a run in which everything passed, and whatever is added."""
    return Result(("acme", "globex"), "2026-01-01T00:00:00+00:00", [*passed(), *extra], {"matrix": 60.0}, 400, 60.0)


def bad(verdict: CheckVerdict) -> Check:
    """Return a check that did not pass."""
    return Check(Kind.CLOUD, Outcome("acme <b>rules</b>", verdict, "undeclared rule & more", "acme"))


@pytest.mark.parametrize(("verdict", "green"), [(CheckVerdict.FAIL, False), (CheckVerdict.ERROR, False), (CheckVerdict.SKIPPED, True)])
def test_failures_and_errors_are_red(verdict: CheckVerdict, *, green: bool) -> None:
    """A failure and an error turn a run red; a skip does not, and does not count as a pass."""
    assert result(bad(verdict)).is_green is green
    only = Result(("acme",), "now", [bad(verdict)])
    assert not only.is_green


def test_junit_counts() -> None:
    """Every check is a test case; failures, errors and skips are told apart."""
    root = ET.fromstring(junit.render(result(bad(CheckVerdict.FAIL), bad(CheckVerdict.ERROR), bad(CheckVerdict.SKIPPED))))  # noqa: S314 - our own text
    suite = next(suite for suite in root if suite.get("name", "").startswith("cloud"))
    assert [suite.get(key) for key in ("tests", "failures", "errors", "skipped")] == ["3", "1", "1", "1"]
    assert {element.tag for case in suite.iter("testcase") for element in case} == {"failure", "error", "skipped"}


# junit-10.xsd of Jenkins' xUnit plugin, what of it is used here: element to (children, attributes, those that must be there).
JENKINS: dict[str, tuple[set[str], set[str], set[str]]] = {
    "testsuites": ({"testsuite"}, {"name", "time", "tests", "failures", "errors"}, set()),
    "testsuite": (
        {"properties", "testcase"},
        {"name", "tests", "failures", "errors", "time", "skipped", "timestamp"},
        {"name", "tests", "failures", "errors"},
    ),
    "properties": ({"property"}, set(), set()),
    "property": (set(), {"name", "value"}, {"name", "value"}),
    "testcase": ({"skipped", "error", "failure"}, {"name", "time", "classname"}, {"name"}),
    **dict.fromkeys(("skipped", "error", "failure"), (set[str](), {"type", "message"}, set[str]())),
}


def test_junit_has_only_what_the_schema_of_jenkins_knows() -> None:
    """Jenkins refuses a file with one element or attribute more; characters that XML has not are written out."""
    odd = Check(Kind.CLOUD, Outcome("bell \x07 \ud800 \uffff", CheckVerdict.FAIL, "]]> & <b> \x00", "a\x1b[31mcme"))
    document = junit.render(result(odd, *map(bad, set(CheckVerdict) - {CheckVerdict.PASS})))
    root = ET.fromstring(document.encode())  # noqa: S314 - our own text
    assert {element.tag for element in root.iter()} == set(JENKINS)
    for element in root.iter():
        children, attributes, needed = JENKINS[element.tag]
        assert {child.tag for child in element} <= children
        assert needed <= set(element.keys()) <= attributes
        assert re.fullmatch(r"[0-9]*(\.[0-9]*)?", element.get("time", ""))


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
    text = page.render(result(bad(CheckVerdict.FAIL)))
    links = Links()
    links.feed(text)
    assert links.outside == []
    assert "@import" not in text
    assert "url(" not in text
    assert links.anchors <= links.ids
    assert "<b>rules</b>" not in text


def test_page_says_it_in_words_and_symbols() -> None:
    """Every verdict has a word and a symbol of its own: the page can be read without seeing colours."""
    text = page.render(result(bad(CheckVerdict.FAIL), bad(CheckVerdict.ERROR)))
    assert len(set(page.SYMBOLS.values())) == len(CheckVerdict)
    for verdict in (CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.PASS):
        assert f"{page.SYMBOLS[verdict]} {verdict}" in text
    assert "NOT as declared: 1 check failed (cloud 1), 1 check could not be told" in text
    assert "as declared as far as looked at" in page.render(result())


WHOLE = [Check(kind, Outcome(f"{kind} works", CheckVerdict.PASS)) for kind in Kind]
SKIP = Check(Kind.STORAGE, Outcome("acme storage at rest", CheckVerdict.SKIPPED, "nobody may read the raw storage", "acme"))
OUTSIDE = Check(Kind.MATRIX, Outcome("to and from the internet", CheckVerdict.SKIPPED, "no host outside"))
HEADLINES = {
    "everything": (WHOLE, frozenset(Kind), "isolated as declared", Tone.GOOD),
    "only packets": (
        [WHOLE[3]],
        frozenset({Kind.MATRIX}),
        "isolation of packets verified; not looked at: configuration of the cloud (left out); inside of the servers (left out); spoofed",
        Tone.PARTLY,
    ),
    "storage was skipped": (
        [*WHOLE[:6], SKIP],
        frozenset(Kind),
        "spoofed frames, denial at the API verified; not looked at: storage at rest (nobody may read the raw storage)",
        Tone.PARTLY,
    ),
    "a part of the packets was skipped": ([*WHOLE, OUTSIDE], frozenset(Kind), "to and from the internet (no host outside)", Tone.PARTLY),
    "a part had nothing in it": (WHOLE[1:], frozenset(Kind), "configuration of the cloud (there was nothing to look at)", Tone.PARTLY),
    "the usual parts": ([check for check in WHOLE if check.kind in USUAL], USUAL, "isolated as declared", Tone.GOOD),
    "nothing at all": ([SKIP], frozenset({Kind.STORAGE}), "NOT proven: nothing was looked at", Tone.UNKNOWN),
    "a failure": ([*WHOLE, bad(CheckVerdict.FAIL)], frozenset(Kind), "NOT as declared: 1 check failed (cloud 1)", Tone.BAD),
    "an error": ([*WHOLE, bad(CheckVerdict.ERROR)], frozenset(Kind), "NOT proven: 1 check could not be told (cloud 1)", Tone.UNKNOWN),
    "a failure and a skip": (
        [*WHOLE[:6], SKIP, bad(CheckVerdict.FAIL)],
        frozenset(Kind),
        "failed (cloud 1); not looked at: storage",
        Tone.BAD,
    ),
}


@pytest.mark.parametrize("name", HEADLINES)
def test_headline_claims_no_more_than_was_looked_at(name: str) -> None:
    """What was skipped, left out or empty stands in it, whatever else it says; every form of the report has it."""
    checks, asked, words, tone = HEADLINES[name]
    found = Result(("acme",), "2026-01-01T00:00:00+00:00", checks, asked=asked)
    assert words in headline(found).text
    assert headline(found).tone is tone
    assert (tone in {Tone.GOOD, Tone.PARTLY}) is found.is_green
    assert files.plain(found)["headline"] == headline(found).text
    assert headline(found).text in page.render(found)
    assert headline(found).text in junit.render(found)


def test_reports_say_what_they_are_about() -> None:
    """Cloud, version, declarations and who asked, on the page, in JSON and in every suite of JUnit."""
    about = About("9.9", "https://cloud/v3", "north", "user-1", "project-1", "credential-1", "/srv/declarations", "c0ffee", "d1ce57")
    found = Result(("acme",), "then", [*WHOLE], about=about, finished="later")
    shown = page.render(found)
    for word in ("9.9", "https://cloud/v3", "north", "user-1", "credential-1", "/srv/declarations", "c0ffee", "d1ce57", "later"):
        assert word in shown
        for suite in ET.fromstring(junit.render(found)):  # noqa: S314 - our own text
            assert word in {each.get("value") for each in suite.iter("property")}
    assert files.plain(found)["about"] == about.plain()


def many(servers: int) -> Result:
    """Return a matrix of so many servers in four zones, one probe each way."""
    names = [f"acme/server{number:03}" for number in range(servers)]
    plain = {
        "place": "zone address",
        "address": "10.0.0.1",
        "protocol": "tcp",
        "port": 1,
        "layer": "whole",
        "reach": "TIMEOUT",
        "why": "x",
        "twin": "y",
    }
    checks = [
        Check(
            Kind.MATRIX,
            Outcome("c", CheckVerdict.PASS),
            {"source": one, "target": other, "target_node": other, "expected": "denied", **plain},
        )
        for one in names
        for other in names
        if one != other
    ]
    return Result(("acme",), "then", checks, zones={name: f"acme/zone{number % 4}" for number, name in enumerate(names)})


def test_many_servers_are_shown_zone_by_zone_first() -> None:
    """A cell of the summary opens the servers behind it; every link leads somewhere and no name is there twice."""
    text = page.render(many(24))
    links = Links()
    links.feed(text)
    assert links.anchors <= links.ids
    assert text.count('id="zone--') == 16
    assert "4 by 4, zone by zone" in text
    assert "zone by zone" not in page.render(many(4))
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))


def test_what_no_browser_opens_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many probes those that passed are counted, which the page says; what did not pass is there."""
    monkeypatch.setattr(page, "PROBES", 100)
    found = many(13)
    wrong = found.checks[7]
    found.checks[7] = Check(Kind.MATRIX, Outcome("c", CheckVerdict.FAIL, "it got through"), wrong.details)
    text = page.render(found)
    assert "There are 156 probes" in text
    assert text.count("zone address <code>") == 1
    assert "it got through" in text


def test_one_reason_is_told_once() -> None:
    """A dead server costs thousands of checks, and is one line of what is wrong."""
    errors = [Check(Kind.MATRIX, Outcome(f"pair {number}", CheckVerdict.ERROR, "acme/web takes no part")) for number in range(3000)]
    groups = grouped([*errors, bad(CheckVerdict.FAIL)])
    assert [group.words for group in groups] == ["3,000 checks, the first of them pair 0", "acme <b>rules</b>"]


def test_written_reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three files, and a link to the newest folder that is moved on every run."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    first = files.write(result())
    later = result(bad(CheckVerdict.FAIL))
    later.started = "2026-01-02T00:00:00+00:00"
    second = files.write(later)
    assert {file.name for file in second.iterdir()} == {"verify.json", "verify.xml", "index.html"}
    assert (tmp_path / "reports" / "latest").resolve() == second != first
    last = files.latest()
    assert last is not None
    assert (last["green"], last["counts"]["fail"]) == (False, 1)
    assert json.loads((first / "verify.json").read_text())["green"]
