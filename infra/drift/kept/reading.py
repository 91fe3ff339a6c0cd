"""The lines of a file as a listing of a cloud; whatever nobody wrote so is refused as a whole. Pure."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, NoReturn

import msgspec

from infra import structs
from infra.drift.found import KINDS, Asked, Found
from infra.drift.kept import END, FORMAT, HEADER, LISTS, RECORD, VERSION, Header, HeaderAsked, Kept, encoded, ending, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from infra.drift.found import Json

SHOWN = 80
"""Characters of what was found instead that an error has."""


def read(lines: Iterable[bytes], name: str) -> Kept:
    """Read the lines of a file, each with its line end; ``name`` stands for the file in errors.

    Raises :class:`SnapshotError` for everything but what :func:`infra.drift.kept.writing.written` yields, byte by byte.
    """
    reading = _Reading(name)
    for line in lines:
        reading.take(line)
    return reading.whole()


class _Reading:
    """A file as far as it was read."""

    def __init__(self, name: str) -> None:
        """``name`` is the file's."""
        self.name, self.number, self.is_over = name, 0, False
        self.header: Header | None = None
        self.rows: dict[str, list[Json]] = {kind: [] for kind in KINDS}
        self.digest = hashlib.sha256()

    def take(self, line: bytes) -> None:
        """Take the next line."""
        self.number += 1
        if self.is_over:
            self._refuse("something follows the last line", "the end of the file", line)
        value = self._value(line)
        if self.header is None:
            self.header = self._header(value)
        elif value.get("kind") == END:
            self._end(value, line)
        else:
            self._record(value)
        self.digest.update(line)

    def whole(self) -> Kept:
        """Return what the file says, once all of it was read."""
        header = self.header
        if header is None or not self.is_over:
            self._refuse("the file is cut off", f'a last line with "kind":"{END}"', f"{self.number} lines without one")
        asked: HeaderAsked = self._fitting(HeaderAsked, header.asked)
        rows: dict[str, Any] = {kind: tuple(found) for kind, found in self.rows.items()}
        found = Found(
            **rows,
            untold=header.untold,
            absent=header.absent,
            at=datetime.fromisoformat(header.at),
            asker=header.asker,
            asked=Asked(asked.platform, **{word: frozenset(getattr(asked, word)) for word in LISTS}),
        )
        return Kept(found, header.cloud, header.region, self.digest.hexdigest())

    def _value(self, line: bytes) -> Json:
        """Return the value of a line that is written as this version writes it: no key stands twice, and no space is added."""
        try:
            value = json.loads(line.decode("ascii"))
            is_ours = encoded(value) == line
        except (ValueError, RecursionError) as error:
            self._refuse(f"the line is no JSON: {type(error).__name__}", "a line of kept records", line)
        if not is_ours or not isinstance(value, dict):
            self._refuse("the line is not as it was written", "an object without spaces, and a line end", line)
        found: Json = value
        return found

    def _header(self, value: Json) -> Header:
        if (value.get("kind"), value.get("format")) != (HEADER, FORMAT):
            self._refuse("these are no kept records", f'a first line with "format":"{FORMAT}"', value.get("format"))
        if value.get("version") != VERSION:
            self._refuse("the file has another version", f"version {VERSION}", value.get("version"))
        header: Header = self._fitting(Header, value)
        if strange := sorted((header.untold.keys() | header.absent.keys()) - set(KINDS)):
            self._refuse("the file tells of kinds that are not known", ", ".join(KINDS), strange)
        try:
            is_dated = datetime.fromisoformat(header.at).utcoffset() is not None
        except ValueError:
            is_dated = False
        if not is_dated:
            self._refuse("the file does not say when the cloud was listed", "a time with its zone", header.at or "none")
        return header

    def _fitting(self, kind: type[Any], value: Json) -> Any:  # noqa: ANN401 - a struct of the kind
        try:
            return structs.convert(value, kind)
        except msgspec.ValidationError as error:
            raise refused("the header does not fit the format", f"{self.name}:1", "the fields of this version", str(error)) from error

    def _record(self, value: Json) -> None:
        kind, row = value.get("of"), value.get("row")
        if value.get("kind") != RECORD or value.keys() != {"kind", "of", "row"}:
            self._refuse("the line is no record", f'"kind":"{RECORD}","of":...,"row":...', value)
        if kind not in self.rows:
            self._refuse("a record is of a kind that is not known", ", ".join(KINDS), kind)
        if not isinstance(row, dict) or "id" not in row:
            self._refuse("a record has no id", "an object with an id", row)
        self.rows[str(kind)].append(row)

    def _end(self, value: Json, line: bytes) -> None:
        counts, sha256 = {kind: len(found) for kind, found in self.rows.items()}, self.digest.hexdigest()
        if value.get("records") != counts:
            self._refuse("records are missing, or there are more than were written", str(value.get("records")), str(counts))
        if line != encoded(ending(counts, sha256)):
            self._refuse("the file was changed after it was written", f"SHA-256 {value.get('sha256')}", sha256)
        self.is_over = True

    def _refuse(self, what: str, expected: str, got: object) -> NoReturn:
        text = got if isinstance(got, str) else repr(got)[:SHOWN]
        raise refused(what, f"{self.name}:{self.number}", expected, text)
