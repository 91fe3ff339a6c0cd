"""How answers leave: for people, for programs, and as files that are there as a whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from typing import TYPE_CHECKING, Any, BinaryIO, TypeVar

from rich.console import Console
from rich.text import Text

from infra.errors import QuestionError
from infra.text import visible
from ringfence.failing import no_colour

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

Entry = TypeVar("Entry")

OWNER_ONLY = 0o600
SHARED = 0o666
"""Modes of a new file; of the second one the process takes away what its mask says."""
SHOWN = 50
"""Entries of one list that people are shown; ``--json`` has all."""


class Plain(Console):
    """Prints texts as they are, one line each: names in them are no markup, no emoji and no command of the terminal.

    Colours and styles are off when it is no terminal, and for whoever wants none (``NO_COLOR``).
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - the options of rich
        if no_colour():
            options["color_system"] = None
        super().__init__(**options)

    def render_str(self, text: str, **options: Any) -> Text:  # noqa: ANN401 - the options of rich, which has this method from everywhere
        """Return a text to be shown, also for a cell of a table. Lines and styles of our own come as several texts, or as ``Text``."""
        style, justify, overflow = options.get("style", ""), options.get("justify"), options.get("overflow")
        return Text(visible(text), style=style, justify=justify, overflow=overflow)


def console(*, aside: bool = False) -> Console:
    """Return where people's answers go; colours are off when it is no terminal. ``aside``: standard error."""
    return Plain(stderr=aside, highlight=False, soft_wrap=True)


def emit(values: Any) -> None:  # noqa: ANN401 - JSON
    """Print an answer for programs."""
    print(json.dumps(values, indent=1))


def shown(entries: Sequence[Entry], what: str, out: Console) -> Iterator[Entry]:
    """Yield as many entries as people read; then say how many more of ``what`` there are."""
    yield from entries[:SHOWN]
    if len(entries) > SHOWN:
        out.print(f"... and {len(entries) - SHOWN:,} more {what}; --json has all", style="dim", markup=False)


def write(file: Path, chunks: Iterable[bytes], mode: int = SHARED) -> str:
    """Write a file and return the SHA-256 of its bytes; a write that fails or is interrupted leaves what was there before.

    ``mode`` is that of the new file, whatever that of the one before was. What is there and no file (a device, a pipe) is written to and
    stays; a link leads to the file that is replaced.

    Raises:
        QuestionError: the file cannot be written there. What ``chunks`` raises goes through.
    """
    try:
        if file.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        if file.exists() and not file.is_file():
            with file.open("wb") as out:
                return _copy(out, file, chunks)
        target = file.resolve()
        partial = target.with_name(f".ringfence-{os.getpid()}.partial")
        partial.unlink(missing_ok=True)
        try:
            with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as out:
                digest = _copy(out, file, chunks)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(file, error) from error
    return digest


def _copy(out: BinaryIO, file: Path, chunks: Iterable[bytes]) -> str:
    """Write what becomes ``file``. What ``chunks`` raises is kept apart from what writing raises."""
    hasher = hashlib.sha256()
    source = iter(chunks)
    while True:
        try:
            chunk = next(source, None)
        except OSError as error:
            what, got = "what is to be written cannot be read", error.strerror or str(error)
            raise QuestionError.of(what, where=str(file), got=got, hint="see that the state can be read, then run it again") from error
        if chunk is None:
            return hasher.hexdigest()
        hasher.update(chunk)
        out.write(chunk)


def _unwritable(file: Path, error: OSError) -> QuestionError:
    hint = "name a file in a folder that is there and may be written to"
    return QuestionError.of("the file cannot be written", where=str(file), got=error.strerror or str(error), hint=hint)
