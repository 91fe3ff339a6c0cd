"""Every place that a document names is there: the table of questions, paths in sentences, links, and the rows about Neutron."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture.places import is_there
from tests.fast.architecture.sources import ROOT
from tests.fast.architecture.test_kinds import CODE, exists
from tests.fast.docs.snippets import documents, spans

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast

QUESTIONS = "## Question → place"
ROWS = "## What Neutron means, row by row"
TWELVE = (
    "SSH restricted to the management NIC",
    "`internet` mean",
    "router interface in Neutron",
    "quotas computed",
    "connection tracking",
    "source NAT",
    'silent "no" become a pass',
    "sabotage case",
    "ports are probed",
    "run green",
    "rollback of a guest's policy",
    "new **check**",
    "new **verb**",
    "new **resource**",
)
"""What a stranger asks."""
PATH = re.compile(r"^(?:infra|hardening|scripts|tests|docs|\.ci)/[\w./-]+$")
PLACE = re.compile(r"^(?:[a-z_]+[./])[\w./-]+$")
LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)[^)]*\)")
HISTORY = {"benchmarks.md", "CHANGELOG.md"}
"""Documents about what was: what they name may be gone."""


def table(document: str, heading: str) -> list[list[str]]:
    """Return the cells of the first table below a heading."""
    below = (ROOT / document).read_text(encoding="utf-8").partition(f"{heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in below.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def test_every_question_of_a_stranger_is_in_the_table() -> None:
    """Each has a row, and each row a place."""
    rows = table("docs/architecture.md", QUESTIONS)
    assert [text for text in TWELVE if not any(text in question for question, _ in rows)] == []
    assert [question for question, answer in rows if not list(named(answer))] == []


def named(text: str) -> Iterator[str]:
    """Yield the places in a cell."""
    yield from (code for code in CODE.findall(text) if PLACE.match(code))


def test_every_place_in_the_table_of_questions_is_there() -> None:
    """A module, a function, a file or a folder, looked up in the sources."""
    assert [place for _, answer in table("docs/architecture.md", QUESTIONS) for place in named(answer) if not is_there(place)] == []


def test_every_place_in_the_rows_about_neutron_is_there() -> None:
    """Each fact about Neutron is one named place in the code."""
    found = [(row, place) for row, _, where in table("docs/proof.md", ROWS) for place in CODE.findall(where)]
    assert len(found) > 15
    assert [(row, place) for row, place in found if not place.startswith("ringfence ") and not exists(place)] == []


def test_every_path_in_a_sentence_is_there() -> None:
    """Apart from documents that tell what was."""
    texts = {document: document.read_text(encoding="utf-8") for document in documents() if document.name not in HISTORY}
    found = [(document.name, span) for document, text in texts.items() for span in spans(text) if PATH.match(span)]
    assert len(found) > 30
    assert [(name, path) for name, path in found if not (ROOT / path).exists()] == []


def test_every_link_leads_to_a_file() -> None:
    """Links of one document to another."""
    found = [(document, link) for document in documents() for link in LINK.findall(document.read_text(encoding="utf-8"))]
    assert len(found) > 10
    assert [(document.name, link) for document, link in found if not (document.parent / link).exists()] == []


GONE = ("infra.nothing", "infra.outcome.nothing", "infra.outcome.CheckVerdict.nothing", "infra/nothing.py", "ringfence.nothing")
THERE = ("infra.outcome", "infra.outcome.CheckVerdict.PASS", "infra/neutron", "ringfence.commands", "infra.neutron.quotas")


def test_a_place_that_is_not_there_is_found() -> None:
    """The tests above can fail, and find modules, packages, folders, and what classes hold."""
    assert [place for place in GONE if is_there(place)] == []
    assert [place for place in THERE if not is_there(place)] == []
