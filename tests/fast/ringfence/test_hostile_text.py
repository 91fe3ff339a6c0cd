"""Names are text and nothing else: in every answer of every verb, in every format, and in errors."""

from __future__ import annotations

import ast
import csv
import io
import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from infra import text
from infra.errors import Problem
from infra.neutron.snapshot.store import dumps
from infra.outcome import CheckVerdict, Outcome
from ringfence.checker import conditions
from ringfence.checker.rules import RefusedError
from ringfence.verify.report import junit, page
from ringfence.verify.result import Check, Kind, Result, State
from tests.fast.neutron.clouds import two_tenants
from tests.fast.ringfence.hostile import FORGED, NAMES, UNPAIRED, hostile

if TYPE_CHECKING:
    from tests.fast.ringfence.command import Ended, Run

pytestmark = pytest.mark.fast

EVERY = (*NAMES, UNPAIRED, "")
SOURCES = Path(text.__file__).parents[1]


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep the snapshot in which everything has one of the names."""
    file = tmp_path_factory.mktemp("hostile") / "cloud.jsonl"
    file.write_bytes(dumps(hostile().snapshot()))
    return file


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep another one, to compare it with."""
    file = tmp_path_factory.mktemp("tame") / "cloud.jsonl"
    file.write_bytes(dumps(two_tenants().snapshot()))
    return file


def clean(ended: Ended) -> None:
    """Check that nothing but characters that can be seen was printed, and no line that a name has made."""
    said = ended.out + ended.err
    assert {letter for letter in said if not letter.isprintable()} <= {"\n"}
    assert FORGED not in said.splitlines()
    assert "defect of ringfence" not in said


@pytest.mark.parametrize(
    "question",
    [
        ["prove"],
        ["can", "acme", "t0"],
        ["can", "acme", "acme", "tcp/22"],
        ["who-can-reach", "acme", "tcp/22"],
        ["why", "10.1.0.5", "10.1.0.6", "tcp/22"],
        ["why-not", "10.1.0.5", "10.2.0.6", "tcp/22"],
        ["matrix"],
        ["matrix", "--by", "tenants"],
        ["lint", "--each"],
        *(["can", name, name, "tcp/22"] for name in NAMES[:6]),
        *(["why-not", "internet", "acme", name] for name in NAMES[:6]),
    ],
    ids=lambda words: " ".join(words).encode("ascii", "backslashreplace").decode()[:40].replace("\0", ""),
)
def test_a_terminal_gets_texts_only(question: list[str], state: Path, run: Run) -> None:
    """Answers, and errors about names that are none; JSON stays JSON of one object."""
    clean(run(*question, "--state", state))
    programs = run(*question, "--state", state, "--json")
    assert programs.out.isascii()
    assert isinstance(programs.json, dict)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_a_difference_is_text_only(form: str, state: Path, tame: Path, run: Run) -> None:
    """In both directions, for people, for a pull request and for programs."""
    for before, after in ((state, tame), (tame, state)):
        ended = run("diff", before, after, *(["--json"] if form == "json" else ["--format", form]))
        clean(ended)
        if form == "markdown":
            tables(ended.out)


def tables(document: str) -> None:
    """Check that every row of a Markdown document has the cells that its head has, and that its HTML is ours."""
    width = 0
    for line in document.splitlines():
        cells = len(re.sub(r"`[^`]*`", "", line).split("|")) if line.startswith("|") else 0
        assert not cells or not width or cells == width, line
        width = cells
        rest = re.sub(r"</?code>|<br>|</?details>|</?summary>", "", re.sub(r"`[^`<]*`", "", line))
        assert not re.search(r"[<\\`!]|\]\(|://|www\.|@", rest.replace("from \\ to", "")), line


@pytest.mark.parametrize("level", ["zones", "tenants"])
def test_a_matrix_is_the_same_document_whatever_the_names(level: str, state: Path, run: Run) -> None:
    """CSV without formulas, Markdown with its own cells, a graph with its own edges."""
    cells = run("matrix", "--by", level, "--state", state, "--json").json["cells"]
    written = {form: run("matrix", "--by", level, "--state", state, "--format", form) for form in ("csv", "markdown", "dot")}
    for ended in written.values():
        clean(ended)
    table = list(csv.reader(io.StringIO(written["csv"].out)))
    assert len(table) == len(cells) + 1
    assert {len(row) for row in table} == {3}
    assert not [cell for row in table for cell in row if cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d", "\uff0b"))]
    tables(written["markdown"].out)
    string = r'"(?:[^"\\]|\\[\\"]|\\n)*"'
    lines = [line for line in written["dot"].out.splitlines() if '"' in line]
    edges = [line for line in lines if re.fullmatch(rf"  {string} -> {string} \[label={string}\];", line)]
    nodes = [line for line in lines if re.fullmatch(rf"  {string};", line)]
    assert len(edges) == len(cells)
    assert len(edges) + len(nodes) == len(lines)


class Elements(HTMLParser):
    """Counts the elements of a page with the names of their attributes."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.feed(document)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count one element."""
        self.found[" ".join([tag, *(name for name, _ in attrs)])] += 1


OURS = {"html", "meta", "title", "style", "head", "body", "h1", "h2", "h3", "p", "b", "em", "table", "thead", "tbody", "tr", "th", "td"} | {
    *("details", "summary", "code", "br", "a", "small", "div", "dl", "dt", "dd", "ul", "li")
}


def test_a_page_has_only_our_elements(state: Path, run: Run) -> None:
    """No element and no attribute is made by a name; every character of one can be seen."""
    ended = run("matrix", "--state", state, "--format", "html")
    clean(ended)
    found = Elements(ended.out).found
    assert {entry.split(" ")[0] for entry in found} <= OURS
    assert {name for entry in found for name in entry.split(" ")[1:]} <= {"lang", "charset", "name", "content", "class"}


def checks() -> Result:
    """Return a verification in which every name is everywhere."""
    result = Result(tenants=EVERY, started="2026-11-01T00:00:00+0000")
    for name in EVERY:
        details = dict.fromkeys(("source", "target", "target_node", "address", "protocol", "port", "layer", "reach", "why", "twin"), name)
        for verdict in CheckVerdict:
            outcome = Outcome(name, verdict, name or "why", name)
            result.checks += [Check(Kind.MATRIX, outcome, {**details, "place": name, "expected": "allowed"}), Check(Kind.CLOUD, outcome)]
    states = [{"check": name, "verdict": str(verdict), "said": name, "mend": name} for name in EVERY for verdict in CheckVerdict]
    result.state = State({"servers": [{"tenant": name, "server": name, "checks": states} for name in EVERY], "platform": states})
    return result


def test_the_reports_of_a_verification_are_the_same_documents_whatever_the_names() -> None:
    """The page has our elements only, JUnit is XML in every version of it."""
    document = page.render(checks())
    assert {letter for letter in document if not letter.isprintable()} <= {"\n"}
    found = Elements(document).found
    assert {entry.split(" ")[0] for entry in found} <= OURS
    assert {name for entry in found for name in entry.split(" ")[1:]} <= {
        "lang",
        "charset",
        "name",
        "content",
        "class",
        "id",
        "href",
        "open",
    }
    written = junit.render(checks())
    assert {letter for letter in written if not letter.isprintable()} <= {"\n"}
    cases = list(ET.fromstring(written).iter("testcase"))  # noqa: S314 - our own text
    assert len(cases) == 2 * len(EVERY) * len(CheckVerdict)


def test_findings_for_code_hosts_hold_no_links_and_no_places(state: Path, tmp_path: Path, run: Run) -> None:
    """SARIF reads brackets as links and braces as places to fill in."""
    run("lint", "--each", "--state", state, "--sarif", tmp_path / "found.sarif")
    results = json.loads((tmp_path / "found.sarif").read_text())["runs"][0]["results"]
    assert len(results) > len(NAMES)
    for result in results:
        message = result["message"]["text"]
        assert message.isprintable()
        assert not re.search(r"(?<!\\)[\[\]]|(?<!\{)\{(?!\{)", message.replace("\\\\", "").replace("{{", ""))
        assert all(place["fullyQualifiedName"].isprintable() for one in result["locations"] for place in one["logicalLocations"])
        for one in result["locations"]:
            assert re.fullmatch(r"[\w./%~-]*", one.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", ""), re.ASCII)


@pytest.mark.parametrize("name", EVERY, ids=range(len(EVERY)))
def test_an_error_that_quotes_a_name_says_nothing_of_its_own(name: str) -> None:
    """Each part of it begins where ringfence begins it."""
    said = str(Problem(f"what {name}", where=name, expected=name, got=f"a\nnext: {name}", hint=name))
    assert {letter for letter in said if not letter.isprintable()} <= {"\n"}
    heads = [line.split(":")[0] for line in said.splitlines()[1:] if not line.startswith("    ")]
    assert heads == [f"  {part}" for part, there in (("expected", name), ("got", True), ("next", name)) if there]
    assert max(map(len, said.splitlines()[1:])) < text.MOST + 100


@pytest.mark.parametrize("name", EVERY, ids=range(len(EVERY)))
def test_every_kind_of_output_shows_all_of_a_name(name: str) -> None:
    """Escaping loses nothing: what can be read of a name can be read in every output."""
    letters = "".join(letter for letter in name if letter.isalnum() and letter.isascii())
    for escape in (text.visible, text.csv_cell, text.dot_string, text.markdown, text.markdown_code, text.sarif):
        escaped = escape(name)
        assert escaped.isprintable()
        rest = iter(unescape(re.sub(r"</?code>", "", escaped)) if "<code>" in escaped else escaped)
        assert all(letter in rest for letter in letters)


def test_ordinary_names_are_left_as_they_are() -> None:
    """What people call things looks as it always did."""
    for name in ("acme-web-app", "acme/web", "tcp/443, udp/53", "10.0.0.0/24", "fd00:a:b::1", "Zürich 東京", ""):
        assert text.visible(name) == name
        assert text.csv_cell(name) == name
        assert text.dot_string(name) == f'"{name}"'
    for name in ("acme-web-app", "acme/web", "tcp/443, udp/53", "10.0.0.0/24"):
        assert text.markdown(name) == name
    for name in ("acme-web-app", "fd00:a:b::1"):
        assert text.markdown_code(name) == f"`{name}`"
    assert text.markdown("fd00:a:b::1") == "<code>fd00&#58;a&#58;b&#58;&#58;1</code>"


def test_verbs_print_through_one_place() -> None:
    """No verb has a console of its own or prints a text past it: documents that a writer has escaped, and JSON, may be printed."""
    allowed = {"print(json.dumps(", "print(WRITERS[", "print(markdown("}
    for file in sorted((SOURCES / "scripts" / "ringfence" / "commands").glob("*.py")):
        source = file.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "Console"}:
                call = ast.get_source_segment(source, node) or ""
                fine = any(call.startswith(start) for start in allowed) or call == "Console(stderr=True)" or file.name in PAST
                assert fine, f"{file.name}: {call}"


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_the_checker_by_itself_prints_texts_only(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It shares no code with the rest, and says no by the same names."""
    for error in (RefusedError(f"router {name}: no"), ValueError(name)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conditions, "check", lambda *_files, error=error: (_ for _ in ()).throw(error))
            (tmp_path / "file").write_text("{}")
            assert conditions.main([str(tmp_path / "file")] * 2) == (1 if isinstance(error, RefusedError) else 2)
        said = capsys.readouterr().err
        assert said.endswith("\n")
        assert said[:-1].isprintable()


PAST = {
    "keys.py": "prints the operator's own key",
    "snapshot.py": "prints what the checker has printed",
}
