"""Reading and writing snapshots: JSON lines, decoded strictly, one error per broken record with file and line.

Nothing is half-analysed: a file without its last line, with a record that does not fit, or with a reference to an object that is
not there is refused as a whole.
"""

from __future__ import annotations

import gc
import hashlib
from contextlib import contextmanager
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, BinaryIO

import msgspec
import numpy as np

from infra import structs
from infra.errors import Problem, SnapshotError
from infra.neutron.snapshot import FORMAT_VERSION, SECTIONS, AnyRecord, End, Header, Record, Snapshot, Unknown
from infra.neutron.snapshot.consistency import inconsistencies

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_MAX_PROBLEMS = 20
_MEMORY = "<memory>"
_AGAIN = "take the snapshot again with `ringfence snapshot`"
_BLOCK = 1 << 20
"""Bytes read at a time: small enough for the memory of one block to serve the next, as fresh pages cost as much as decoding."""
_LINE_END, _OPEN, _CLOSE = b"\n{}"
_NO_RECORD = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises: for JSON that does not fit, for bytes that are no text, and for nesting without end."""
_decoder: msgspec.json.Decoder[AnyRecord] = structs.decoder(AnyRecord)
_encoder = msgspec.json.Encoder()


class _Kind(msgspec.Struct):
    kind: str


_kind_decoder = structs.decoder(_Kind)
_KNOWN_KINDS = frozenset({kind.__struct_config__.tag for kind in SECTIONS} | {"snapshot", "end"})


def load(path: Path) -> Snapshot:
    """Read a snapshot file.

    Raises:
        SnapshotError: the file is not a snapshot, is cut off, has a record that does not fit, or refers to an object that is absent.
    """
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as file, _collection_paused():
            snapshot = _assemble(_blocks(file, hasher), str(path))
    except OSError as error:
        got = error.strerror or str(error)
        raise SnapshotError(
            Problem("the snapshot cannot be read", where=str(path), got=got, hint="name a file that may be read")
        ) from error
    return msgspec.structs.replace(snapshot, digest=hasher.hexdigest())


@contextmanager
def _collection_paused() -> Iterator[None]:
    """Hold the garbage collector: records refer to no other records, and looking through a million of them takes seconds."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def loads(data: bytes, name: str = _MEMORY) -> Snapshot:
    """Read a snapshot from bytes; ``name`` stands for the file in errors."""
    snapshot = _assemble(iter([data]), name)
    return msgspec.structs.replace(snapshot, digest=hashlib.sha256(data).hexdigest())


def seal(snapshot: Snapshot, name: str = _MEMORY) -> Snapshot:
    """Check a snapshot built in memory and give it its digest.

    Raises:
        SnapshotError: it refers to an object that is absent, or names one twice.
    """
    _refuse(_placed(inconsistencies(snapshot), name), name)
    hasher = hashlib.sha256()
    for line in lines_of(snapshot):
        hasher.update(line)
    return msgspec.structs.replace(snapshot, digest=hasher.hexdigest())


def dumps(snapshot: Snapshot) -> bytes:
    """Write a snapshot as the bytes of its file."""
    return b"".join(lines_of(snapshot))


def lines_of(snapshot: Snapshot) -> Iterator[bytes]:
    """Yield the lines of the file, each with its line end."""
    return written(snapshot.header, records_of(snapshot))


def written(header: Header, records: Iterable[Record]) -> Iterator[bytes]:
    """Yield the lines of a file from a header and a stream of records, so that a large cloud never has to fit into memory."""
    yield _encoder.encode(header) + b"\n"
    count = 0
    for record in records:
        count += 1
        yield _encoder.encode(record) + b"\n"
    yield _encoder.encode(End(records=count)) + b"\n"


def records_of(snapshot: Snapshot) -> Iterator[Record]:
    """All records between header and end, in the order of the file."""
    for section in SECTIONS.values():
        yield from getattr(snapshot, section)


def from_records(header: Header, records: Iterable[Record], name: str = _MEMORY) -> Snapshot:
    """Collect records into a sealed snapshot (see :func:`seal`)."""
    sections = _sections()
    for record in records:
        sections[SECTIONS[type(record)]].append(record)
    return seal(_build(header, sections), name)


def _sections() -> dict[str, list[Any]]:
    return {section: [] for section in SECTIONS.values()}


def _build(header: Header, sections: dict[str, list[Any]]) -> Snapshot:
    fields: dict[str, Any] = {section: tuple(items) for section, items in sections.items()}
    return Snapshot(header=header, **fields)


def _blocks(file: BinaryIO, hasher: hashlib._Hash) -> Iterator[bytes]:
    """Yield a file in blocks of whole lines, hashing it on the way."""
    while block := file.read(_BLOCK):
        block += file.readline()
        hasher.update(block)
        yield block


class _Assembly:
    """Records sorted into their sections, and what was found wrong."""

    def __init__(self, name: str, lines: int) -> None:
        """``lines`` of the file were read before the first block."""
        self.name = name
        self.lines = lines
        self.end: End | None = None
        self.sections: dict[type, list[Any]] = {kind: [] for kind in SECTIONS}
        self.problems: list[Problem] = []

    def add(self, block: bytes) -> None:
        """Take a block of whole lines."""
        text = np.frombuffer(block, dtype=np.uint8)
        ends = np.flatnonzero(text == _LINE_END)
        # Nothing inside a record can stand between } and {, so such a line end is between records.
        apart = bool((text[ends - 1] == _CLOSE).all() and (text[ends[:-1] + 1] == _OPEN).all())
        lines = len(ends)
        for number, record in enumerate(self._decoded(block, lines if apart else -1), self.lines + 1):
            section = self.sections.get(type(record))
            if section is None:
                self._frame(record, f"{self.name}:{number}")
            elif self.end is None:
                section.append(record)
            else:
                self.problems.append(Problem("a record follows the end line", where=f"{self.name}:{number}", hint=_AGAIN))
        self.lines += lines

    def _decoded(self, block: bytes, lines: int) -> Sequence[AnyRecord | None]:
        """Return one record per line: decoded at once, or where that does not give as many, looked at one by one."""
        try:
            records = _decoder.decode_lines(block)
        except _NO_RECORD:
            records = []
        if len(records) == lines:
            return records
        return [
            _record(line, f"{self.name}:{number}", self.problems) if line.strip() else None
            for number, line in enumerate(block.removesuffix(b"\n").split(b"\n"), self.lines + 1)
        ]

    def _frame(self, record: AnyRecord | None, where: str) -> None:
        if isinstance(record, End):
            self.end = record
        elif isinstance(record, Header):
            self.problems.append(Problem("a second header", where=where, expected="one snapshot per file"))

    def count(self) -> int:
        """Number of records between header and end."""
        return sum(map(len, self.sections.values()))


def _assemble(blocks: Iterator[bytes], name: str) -> Snapshot:
    first, _, others = next(blocks, b"").partition(b"\n")
    header = _header(first, name)
    assembly = _Assembly(name, lines=1)
    for block in chain([others], blocks):
        assembly.add(block)
        if len(assembly.problems) >= _MAX_PROBLEMS:
            break
    problems = assembly.problems or list(_ending(assembly.end, assembly.count(), f"{name}:{assembly.lines}"))
    _refuse(problems, name)
    snapshot = _build(header, {SECTIONS[kind]: records for kind, records in assembly.sections.items()})
    _refuse(_placed(inconsistencies(snapshot), name), name)
    return snapshot


def _header(line: bytes, name: str) -> Header:
    where = f"{name}:1"
    try:
        header = _decoder.decode(line)
    except _NO_RECORD as error:
        raise SnapshotError(
            Problem("this is not a snapshot", where=where, expected='a first line with "kind":"snapshot"', got=str(error), hint=_AGAIN)
        ) from error
    if not isinstance(header, Header):
        got = str(header.__struct_config__.tag)
        raise SnapshotError(Problem("the header is missing", where=where, expected='"kind":"snapshot"', got=got, hint=_AGAIN))
    if header.format != FORMAT_VERSION:
        raise SnapshotError(
            Problem("unknown snapshot version", where=where, expected=str(FORMAT_VERSION), got=str(header.format), hint=_AGAIN)
        )
    return header


def _record(line: bytes, where: str, problems: list[Problem]) -> AnyRecord | None:
    """Decode one line; a kind of record that this version does not know becomes :class:`Unknown`, never nothing."""
    try:
        record: AnyRecord = _decoder.decode(line)
    except _NO_RECORD as error:
        unknown = _unknown_kind(line)
        if unknown is not None:
            return unknown
        problems.append(Problem("the record does not fit the format", where=where, got=str(error), hint=_AGAIN))
        return None
    return record


def _unknown_kind(line: bytes) -> Unknown | None:
    try:
        kind: str = _kind_decoder.decode(line).kind
    except _NO_RECORD:
        return None
    if kind in _KNOWN_KINDS:
        return None
    return Unknown(type=kind, reason="this version of ringfence does not know this kind of record")


def _ending(end: End | None, count: int, where: str) -> Iterator[Problem]:
    if end is None:
        yield Problem("the file is cut off", where=where, expected='a last line with "kind":"end"', hint=_AGAIN)
    elif end.records != count:
        yield Problem("records are missing", where=where, expected=f"{end.records} records", got=str(count), hint=_AGAIN)


def _placed(problems: Iterable[Problem], name: str) -> Iterator[Problem]:
    """Say of every problem which file it is in, and what to do where it does not say so itself."""
    for problem in problems:
        where = problem.where if name == _MEMORY else f"{name}: {problem.where}"
        yield replace(problem, where=where, hint=problem.hint or _AGAIN)


def _refuse(problems: Iterable[Problem], name: str) -> None:
    found = []
    for problem in problems:
        found.append(problem)
        if len(found) > _MAX_PROBLEMS:
            found[-1] = Problem("further problems are not listed", where=name, hint=_AGAIN)
            break
    if found:
        raise SnapshotError(*found)
