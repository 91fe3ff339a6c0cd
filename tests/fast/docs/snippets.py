"""The commands that documents show: blocks for a shell, taken apart into simple commands, and code in sentences."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.fast.architecture.sources import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHELLS = {"sh", "bash", "shell", "console"}
FENCE = re.compile(r"^(?P<indent> *)```(?P<language>\w*)[^\n]*\n(?P<body>.*?)^(?P=indent)```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
HEREDOC = re.compile(r"<<-?\s*['\"]?(\w+)['\"]?")
VALUE = re.compile(r"\$\{[^}]*\}")
INNER = re.compile(r"\$\(([^()]*)\)")
ASSIGNMENT = re.compile(r"^\w+=")
APART = set("();|&{}")
REDIRECTS = {">", ">>", "<", "<<", "2>", "&>"}
KEYWORDS = {"do", "then", "else", "while", "until", "if", "!", "time"}
SKIPPED = {"for", "done", "fi", "case", "esac", "in"}
"""Words of the shell after which no command follows."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """A simple command, with the place where a document shows it and the functions that its block defines."""

    place: str
    words: tuple[str, ...]
    functions: frozenset[str] = frozenset()


def documents() -> list[Path]:
    """Return every document that people read."""
    return [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def snippets(text: str, name: str) -> Iterator[Snippet]:
    """Yield the simple commands in the shell blocks of a document."""
    for block in FENCE.finditer(text):
        if block["language"] not in SHELLS:
            continue
        first = text[: block.start()].count("\n") + 2
        functions = frozenset(re.findall(r"^(\w+)\(\)", block["body"], re.MULTILINE))
        for number, line in _lines(block["body"], prompted=block["language"] == "console"):
            for words in commands(line):
                yield Snippet(f"{name}:{first + number}", words, functions)


def spans(text: str) -> Iterator[str]:
    """Yield the code in the sentences of a document."""
    yield from SPAN.findall(FENCE.sub("", text))


def _lines(body: str, *, prompted: bool) -> Iterator[tuple[int, str]]:
    """Yield the lines that a shell reads, with the number of each; what is handed to a command is left out."""
    end, whole = "", ""
    for number, line in enumerate(body.splitlines()):
        if end:
            end = "" if line.strip() == end else end
            continue
        if prompted and not whole and not line.strip().startswith("$ "):
            continue  # what the command printed
        text = line.strip().removeprefix("$ ") if prompted else line
        if text.endswith("\\"):
            whole += text[:-1] + " "
            continue
        yield number, whole + text
        found, whole = HEREDOC.search(text), ""
        end = found[1] if found else ""


def commands(line: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every simple command in a line, those in ``$(...)`` included."""
    for inner in INNER.findall(line):
        yield from commands(inner)
    lexer = shlex.shlex(INNER.sub("IT", VALUE.sub("IT", line)), posix=True, punctuation_chars="();|&{}<>")
    lexer.whitespace_split = True
    words: list[str] = []
    skip = False
    for token in lexer:
        if skip:
            skip = False
        elif token in REDIRECTS:
            skip = True
        elif set(token) <= APART:
            yield from _simple(words)
            words = []
        else:
            words.append(token)
    yield from _simple(words)


def _simple(words: list[str]) -> Iterator[tuple[str, ...]]:
    rest = list(words)
    while rest and (rest[0] in KEYWORDS or ASSIGNMENT.match(rest[0])):
        del rest[0]
    if rest and rest[0] not in SKIPPED:
        yield tuple(rest)
