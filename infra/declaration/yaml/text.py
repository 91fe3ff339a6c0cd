"""A file's bytes as text that reads as it looks: UTF-8, of a bounded size, without characters that hide or move other ones."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from infra.declaration.yaml.source import Mistake

if TYPE_CHECKING:
    from pathlib import Path

MOST_BYTES = 1 << 18
"""Some seventeen hundred flows. A larger file is no declaration of one tenant, and is not read to its end."""

SHOWN = 60
"""Characters of a value that a message repeats."""

HIDDEN = re.compile(
    "["
    "\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # control characters; NEL (U+0085) is a line break to YAML alone
    "\u2028\u2029"  # line breaks to YAML 1.1, and to no editor
    "\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks that turn the direction of what is written
    "\ufeff\ufffe\uffff\ud800-\udfff"  # no characters at all
    "]|\r(?!\n)"
)
"""What may stand nowhere in a declaration, neither as itself nor escaped in quotes."""


HIDDEN_IN_KEYS = re.compile(rf"{HIDDEN.pattern}|[\t\r\n]")
"""A key is a part of every message about what is below it, and stays on its line."""


def whole_line(text: str, position: int) -> int:
    """Return the line of a position, from 1."""
    return text.count("\n", 0, position) + 1


def named(character: str) -> str:
    """Render a character that cannot be shown."""
    return f"the character U+{ord(character):04X}"


def hidden(text: str) -> Mistake | None:
    """Return the mistake of a text with a character that no editor shows as what it does."""
    found = HIDDEN.search(text)
    if found is None:
        return None
    line = whole_line(text, found.start())
    return Mistake(
        (), "the file has a character that cannot be seen", "letters, digits, signs, spaces and line ends", named(found[0]), "", line
    )


def contents(path: Path) -> bytes:
    """Read a file, and no more of it than is needed to see that it is too large. Raises ``OSError``."""
    if path.exists() and not path.is_file():
        raise OSError(0, "not a regular file")
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def decoded(raw: bytes) -> str | Mistake:
    """Return the text of a file without its byte order mark, or what is wrong with it as a whole."""
    if len(raw) > MOST_BYTES:
        return Mistake((), "the file is too large", f"at most {MOST_BYTES} bytes", "more")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        got = f"the byte 0x{raw[error.start]:02X}, which is no UTF-8"
        return Mistake((), "the file is not text", "UTF-8", got, "save the file as UTF-8", line)
