"""One strict reader of YAML: plain values, the line of every key, and everything in the text that could be read in two ways.

It walks the parser's events and builds the values itself: PyYAML's own constructors know tags, merge keys and YAML 1.1's numbers, and
crash where brackets are nested too deep.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import yaml

from infra.declaration.yaml import scalars, text
from infra.declaration.yaml.scalars import UNREADABLE
from infra.declaration.yaml.source import Lines, Mistake, Source

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.declaration.yaml.source import KeyPath

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's parser where it is there: ten times as fast, with the same events."""

DEEPEST = 24
"""Levels of lists and mappings: three times what a declaration needs."""

LONGEST_KEY = 200
"""Characters of a key; names are shorter still."""

MERGE = "<<"
SECRET = "secure"  # noqa: S105 - the key that marks an encrypted value, not a password
WRITE_OUT = "write the value out: what a line says is read in that line"

Event: TypeAlias = Any
"""An event of the parser: a collection's or scalar's begin, an alias, an end."""


class _RefusedError(Exception):
    """The file as a whole cannot be read; carries its one mistake."""

    def __init__(self, mistake: Mistake) -> None:
        super().__init__(mistake.what)
        self.mistake = mistake


class _Builder:
    """Turns one document's events into values; the depth is bounded, so it may call itself."""

    def __init__(self, events: Iterator[Event]) -> None:
        self._events = events
        self.lines: dict[KeyPath, int] = {}
        self.mistakes: list[Mistake] = []
        self.unreadable: set[KeyPath] = set()

    def document(self) -> object:
        """Return the value of the only document."""
        tree: object = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    _refuse(event, "the file has several documents", "one document", "a line ---", "keep one, and write it to its own file")
            elif not isinstance(event, yaml.StreamStartEvent | yaml.StreamEndEvent | yaml.DocumentEndEvent):
                tree = self._value(event, ())
        return tree

    def _value(self, event: Event, path: KeyPath, depth: int = 0) -> object:
        if depth > DEEPEST:
            _refuse(event, "lists and mappings are nested too deep", f"at most {DEEPEST} levels", f"more than {DEEPEST}")
        before = len(self.mistakes)
        if isinstance(event, yaml.AliasEvent):
            return self._unreadable(event, path, "an alias", "a value without anchors and aliases", f"*{event.anchor}", WRITE_OUT)
        if isinstance(event, yaml.SequenceStartEvent):
            value: object = self._sequence(path, depth)
        elif isinstance(event, yaml.MappingStartEvent):
            value = self._mapping(path, depth)
        else:
            value = self._scalar(event, path)
        if event.tag is not None:
            del self.mistakes[before:]  # whatever is below is not read either
            return self._unreadable(event, path, "tags are not allowed", "a plain value", f"{_tag(event.tag)}", "remove the tag")
        if isinstance(value, dict) and set(value) == {SECRET} and isinstance(value[SECRET], str):
            hint = "a declaration is read in review and holds no secrets; write the value itself"
            return self._unreadable(event, path, "an encrypted value", "a value in plain text", f"{SECRET}: ...", hint)
        return value

    def _sequence(self, path: KeyPath, depth: int) -> list[object]:
        found: list[object] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            here = (*path, len(found))
            self.lines[here] = event.start_mark.line + 1
            found.append(self._value(event, here, depth + 1))
        return found

    def _mapping(self, path: KeyPath, depth: int) -> object:
        tree: dict[str, object] = {}
        merged = False
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            name = self._key(event, path, depth)
            if name is None:
                self._skip(path, depth)
            elif name == MERGE and not event.style:
                merged = True
                self._skip(path, depth)
                expected = "each key in the place where it holds"
                self._say(event, (*path, MERGE), "a merge key", expected, MERGE, WRITE_OUT)
            else:
                here = (*path, name)
                if self._is_new(event, here):
                    tree[name] = self._value(next(self._events), here, depth + 1)
                else:
                    self._skip(path, depth)
        if merged:
            self.unreadable.add(path)
        return UNREADABLE if merged else tree

    def _key(self, event: Event, path: KeyPath, depth: int) -> str | None:
        """Return a key's name; ``None`` when it is none, which has been said then."""
        if not isinstance(event, yaml.ScalarEvent) or event.tag is not None:
            before = len(self.mistakes)
            self._value(event, path, depth + 1)
            del self.mistakes[before:]
            self._say(
                event,
                path,
                "a key is not a plain word",
                "keys without tags, lists and mappings",
                _kind(event),
                "write a name before the colon",
            )
            return None
        word = str(event.value)
        if not event.style and word in scalars.NOTHING:
            self._say(event, path, "a key without a name", "a name before the colon", word or "nothing", "")
            return None
        if not event.style and scalars.is_truth(word):
            self._say(event, (*path, word), *_worded(word))
        if found := text.HIDDEN_IN_KEYS.search(word):
            self._say(event, path, "a key with a character that cannot be seen", "letters, digits and signs", text.named(found[0]), "")
            return None
        if len(word) > LONGEST_KEY:
            got = f"{word[: text.SHOWN]}..."
            self._say(event, path, "a key that is too long", f"at most {LONGEST_KEY} characters", got, "")
            return None
        return word

    def _skip(self, path: KeyPath, depth: int) -> None:
        """Read a value away."""
        before = len(self.mistakes)
        self._value(next(self._events), (*path, ""), depth + 1)
        del self.mistakes[before:]

    def _is_new(self, event: Event, here: KeyPath) -> bool:
        line = event.start_mark.line + 1
        if here in self.lines:
            expected = f"each key once; it is in line {self.lines[here]} already"
            self._say(event, here, "the key is written twice", expected, f"line {line}", "")
            return False
        self.lines[here] = line
        return True

    def _scalar(self, event: Event, path: KeyPath) -> object:
        word = str(event.value)
        if found := text.HIDDEN.search(word):
            expected = "letters, digits, signs, spaces and line ends"
            return self._unreadable(event, path, "a text with a character that cannot be seen", expected, text.named(found[0]), "")
        if event.style or event.tag is not None:
            return word
        value = scalars.plain(word)
        if value is UNREADABLE:
            return self._unreadable(event, path, *_worded(word))
        return value

    def _unreadable(self, event: Event, path: KeyPath, *said: str) -> object:
        self._say(event, path, *said)
        self.unreadable.add(path)
        return UNREADABLE

    def _say(self, event: Event, path: KeyPath, *said: str) -> None:
        what, expected, got, hint = said
        self.mistakes.append(Mistake(path, what, expected, got, hint, event.start_mark.line + 1))


def _worded(word: str) -> tuple[str, str, str, str]:
    what, expected, hint = scalars.advice(word)
    return what, expected, word if len(word) <= text.SHOWN else f"{word[: text.SHOWN]}...", hint


def _tag(tag: str) -> str:
    return tag.replace("tag:yaml.org,2002:", "!!")[: text.SHOWN]


def _kind(event: Event) -> str:
    if isinstance(event, yaml.SequenceStartEvent):
        return "a list"
    if isinstance(event, yaml.MappingStartEvent):
        return "a mapping"
    return "an alias" if isinstance(event, yaml.AliasEvent) else _tag(str(event.tag))


def _refuse(event: Event, what: str, expected: str, got: str, hint: str = "") -> NoReturn:
    raise _RefusedError(Mistake((), what, expected, got, hint, event.start_mark.line + 1))


def parse(written: str, file: str) -> Source:
    """Read YAML; what keeps the file from being read at all becomes the single mistake of a source without a tree."""
    if mistake := text.hidden(written):
        return _without_a_tree(mistake, file)
    builder = _Builder(yaml.parse(written, Loader=LOADER))
    try:
        tree = builder.document()
    except _RefusedError as error:
        return _without_a_tree(error.mistake, file)
    except yaml.YAMLError as error:
        return _without_a_tree(_no_yaml(error, written), file)
    return Source(tree, Lines(file, builder.lines), tuple(builder.mistakes), frozenset(builder.unreadable))


def read(path: Path) -> Source:
    """Read a file. Raises ``OSError`` when it cannot be read."""
    return of(text.contents(path), path.name)


def of(raw: bytes, file: str) -> Source:
    """Read the bytes of a file; ``file`` is its name in messages."""
    found = text.decoded(raw)
    return parse(found, file) if isinstance(found, str) else _without_a_tree(found, file)


def _without_a_tree(mistake: Mistake, file: str) -> Source:
    return Source(None, Lines(file, {(): mistake.line} if mistake.line else {}), (mistake,))


def _no_yaml(error: yaml.YAMLError, written: str) -> Mistake:
    mark = getattr(error, "problem_mark", None)
    found = str(getattr(error, "problem", None) or error).splitlines()[0]
    line = mark.line if mark else 0
    lines = written.split("\n")
    near = lines[line] if line < len(lines) else ""
    if "\t" in re.split(r"[^\s]", near, maxsplit=1)[0]:
        return Mistake(
            (), "tabs are not allowed as indentation", "spaces at the beginning of a line", "a tab", "indent with spaces", line + 1
        )
    return Mistake((), "the file is not YAML", "a YAML mapping", found, "check the indentation and quotes of this line", line + 1)
