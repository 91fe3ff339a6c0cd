"""One word for one thing: what the glossary explains is there, and words that were given up do not come back."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.fast.architecture.places import is_there
from tests.fast.architecture.sources import modules, texts
from tests.fast.architecture.test_kinds import CODE
from tests.fast.docs.snippets import FENCE, SPAN, documents
from tests.fast.docs.test_places import PLACE, table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.fast

OWN, GIVEN_UP = "## Words of our own", "## Words that were given up"
SAYING = ("infra", "hardening", "scripts/ringfence")
"""Where messages come from."""
AN_INTERFACE = {
    "hardening/firstboot/plan.py": "its content makes the image's hash",
    "infra/render/nftables.py": "what it writes is the policy of servers that are up",
}
"""Files whose messages may not change, and why."""
ORDINARY = re.compile(r"\bnetwork cards?\b|\bdoor\.py\b", re.IGNORECASE)
"""Ordinary English, and the field's own longer words."""


@cache
def given_up() -> re.Pattern[str]:
    """Return what finds the words that the glossary lists."""
    words = [word.strip() for cell, _ in table("docs/glossary.md", GIVEN_UP) for word in cell.split(",")]
    assert len(words) > 15
    return re.compile(rf"(?<![\w./-])(?:{'|'.join(words)})(?![\w/-])", re.IGNORECASE)


def found_in(text: str) -> list[str]:
    """Return the words of a text that were given up."""
    return given_up().findall(ORDINARY.sub("", text))


def sentences(document: Path) -> Iterator[tuple[int, str]]:
    """Yield number and text of the lines of a document, without its code."""
    text = document.read_text(encoding="utf-8")
    if document.name == "glossary.md":
        text = text.partition(GIVEN_UP)[0]
    plain = FENCE.sub(lambda block: "\n" * block[0].count("\n"), text)
    yield from enumerate((SPAN.sub("", line) for line in plain.splitlines()), 1)


def messages(module: Path) -> Iterator[tuple[int, str]]:
    """Yield the texts of a module that are sentences: no documentation, and more than one word."""
    yield from ((line, text) for line, text in texts(module) if " " in text.strip())


def test_no_document_uses_a_word_that_was_given_up() -> None:
    """Documents of decisions as well: a reader of today reads them."""
    found = [(document, number, line) for document in documents() for number, line in sentences(document)]
    assert [f"{document.name}:{number}: {', '.join(words)}" for document, number, line in found if (words := found_in(line))] == []


def test_no_message_uses_a_word_that_was_given_up() -> None:
    """Errors, findings and outcomes speak as the documents do."""
    saying = [module for module in modules() if any(module.is_relative_to(folder) for folder in SAYING)]
    found = {str(module): words for module in saying if (words := [word for _, text in messages(module) for word in found_in(text)])}
    assert found.keys() == AN_INTERFACE.keys(), found


def test_every_word_of_our_own_is_defined_somewhere() -> None:
    """A word with a place in the code, which is there."""
    rows = table("docs/glossary.md", OWN)
    assert {"platform", "tenant", "zone", "flow", "claim", "twin", "witness"} <= {
        word for cell, *_ in rows for word in re.findall(r"\*\*(.+?)\*\*", cell)
    }
    places = [place for *_, where in rows for place in CODE.findall(where) if PLACE.match(place)]
    assert len(places) > 15
    assert [place for place in places if not is_there(place)] == []


def test_a_word_that_was_given_up_is_found(tmp_path: Path) -> None:
    """The tests above can fail, and pass over ordinary English."""
    document = tmp_path / "x.md"
    document.write_text("A router's leg\n`leg`\n\n```\nleg\n```\nfiles lie below, door.py\nDoors and network cards\n", encoding="utf-8")
    assert [(number, word) for number, line in sentences(document) for word in found_in(line)] == [(1, "leg"), (8, "Doors")]
    assert found_in("the lie was seen") == ["the lie"]
