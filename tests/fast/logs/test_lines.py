"""What the store says of its files and lines: read as it is, or refused by its name."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from hardening.logs import wire
from infra.errors import GuestError, QuestionError
from infra.logs.lines import FIELDS, Kept, lines, listed, moment

NOW = datetime(2026, 11, 30, 10, tzinfo=UTC)
LINE = {name: f"of {name}" for name in sorted(FIELDS)}


def test_a_line_has_the_fields_that_the_store_writes() -> None:
    """The guest's code and the reader share no module for it."""
    assert {"received", *wire.FIELDS} == FIELDS
    (read,) = lines(json.dumps(LINE) + "\n", "acme/acme-web/2026-11-30.jsonl")
    assert (read.received, read.message) == ("of received", "of message")


@pytest.mark.parametrize("line", ["{}", "text", "[]", json.dumps({**LINE, "more": ""}), json.dumps({**LINE, "message": 1}), "[" * 50_000])
def test_a_line_that_the_store_cannot_have_written_is_an_error_with_its_place(line: str) -> None:
    """It is not left out: whoever changed a file would hide a line so."""
    with pytest.raises(GuestError, match=r"acme/acme-web/2026-11-30\.jsonl:2"):
        list(lines(f"{json.dumps(LINE)}\n{line}\n", "acme/acme-web/2026-11-30.jsonl"))


def test_files_come_by_server_and_day() -> None:
    """As ``find`` says them, in no order of its own."""
    text = "7 acme/acme-web/2026-11-30.jsonl\n5 acme/acme-db/2026-11-30.jsonl\n9 acme/acme-web/2026-11-29.jsonl\n"
    days = ["acme/acme-db/2026-11-30.jsonl", "acme/acme-web/2026-11-29.jsonl", "acme/acme-web/2026-11-30.jsonl"]
    assert [day.path for day in listed(text)] == days
    assert listed("7 acme/acme-web/2026-11-30.jsonl\n") == [Kept("acme", "acme-web", "2026-11-30", 7)]
    assert listed("") == []


@pytest.mark.parametrize(
    "place", ["7 ../../x/2026-11-30.jsonl", "7 acme/../2026-11-30.jsonl", "x acme/web/2026-11-30.jsonl", "7 acme/web/x"]
)
def test_a_file_that_is_no_day_of_a_server_is_an_error(place: str) -> None:
    """Its name would be a folder of a copy."""
    with pytest.raises(GuestError, match="no day of a server"):
        listed(place + "\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-29", "2026-11-29T00:00:00.000000+00:00"),
        ("2026-11-29T12:30+01:00", "2026-11-29T11:30:00.000000+00:00"),
        ("90m", "2026-11-30T08:30:00.000000+00:00"),
        ("12h", "2026-11-29T22:00:00.000000+00:00"),
        ("7d", "2026-11-23T10:00:00.000000+00:00"),
    ],
)
def test_a_beginning_is_a_day_a_moment_or_a_span(text: str, expected: str) -> None:
    """In the words that lines have, so that they compare as texts."""
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["yesterday", "0d", "-1d", "7", "2026-13-01", ""])
def test_anything_else_is_refused(text: str) -> None:
    """With what is understood."""
    with pytest.raises(QuestionError, match="--since"):
        moment(text, NOW)
