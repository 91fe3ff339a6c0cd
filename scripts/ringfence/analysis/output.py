"""How answers leave: for people, for programs, and as files that are there as a whole or not at all."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, TypeVar

from rich.console import Console

from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Entry = TypeVar("Entry")

SHOWN = 50
"""Entries of one list that people are shown; ``--json`` has all."""


def console() -> Console:
    """Return where people's answers go; colours are off when it is no terminal."""
    return Console(highlight=False, soft_wrap=True)


def emit(values: Any) -> None:  # noqa: ANN401 - JSON
    """Print an answer for programs."""
    print(json.dumps(values, indent=1))


def shown(entries: Sequence[Entry], what: str, out: Console) -> Iterator[Entry]:
    """Yield as many entries as people read; then say how many more of ``what`` there are."""
    yield from entries[:SHOWN]
    if len(entries) > SHOWN:
        out.print(f"... and {len(entries) - SHOWN:,} more {what}; --json has all", style="dim", markup=False)


def write(file: Path, chunks: Iterable[bytes]) -> str:
    """Write a file and return the SHA-256 of its bytes; a write that fails leaves what was there before.

    Raises:
        QuestionError: the file cannot be written there. What ``chunks`` raises goes through.
    """
    hasher = hashlib.sha256()
    partial = file.with_name(f"{file.name}.partial")
    try:
        out = partial.open("wb")
    except OSError as error:
        raise _unwritable(file, error) from error
    try:
        with out:
            for chunk in chunks:
                hasher.update(chunk)
                _put(file, out.write, chunk)
        _put(file, partial.replace, file)
    finally:
        partial.unlink(missing_ok=True)
    return hasher.hexdigest()


def _put(file: Path, call: Any, argument: object) -> None:  # noqa: ANN401 - a method of a file or path
    try:
        call(argument)
    except OSError as error:
        raise _unwritable(file, error) from error


def _unwritable(file: Path, error: OSError) -> QuestionError:
    hint = "name a file in a folder that is there and may be written to"
    return QuestionError.of("the file cannot be written", where=str(file), got=error.strerror or str(error), hint=hint)
