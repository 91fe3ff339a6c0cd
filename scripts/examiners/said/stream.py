"""XML as a stream, for results that may come from a server that somebody else had in hands.

The parser refuses what could make it read other files or grow without end: a document type with anything in it. It keeps nothing, so that
memory is what the reader keeps.
"""

from __future__ import annotations

from typing import Protocol
from xml.parsers import expat

from examiners.model import ExaminerError


class Reader(Protocol):
    """Takes elements as they come; names of a namespace arrive with it, divided by a space."""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the beginning of an element."""

    def end(self, name: str) -> None:
        """Take the end of an element."""

    def text(self, data: str) -> None:
        """Take a piece of text."""


def feed(reader: Reader, content: bytes, where: str) -> None:
    """Let a reader take a whole document. Raises :class:`ExaminerError` when it is cut off, no XML, or has a document type with content."""

    def doctype(_name: str, system: str | None, public: str | None, has_subset: int) -> None:
        if system or public or has_subset:
            raise unreadable(where, expected="XML without a document type of its own", got="a document type")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = reader.start, reader.end, reader.text
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise unreadable(where, expected="XML to its end", got=str(error)) from error


def unreadable(where: str, *, expected: str, got: str) -> ExaminerError:
    """Return the error of results that cannot be trusted."""
    return ExaminerError.of(
        "these results cannot be read", where=where, expected=expected, got=got, hint="look at the raw file, examine again"
    )
