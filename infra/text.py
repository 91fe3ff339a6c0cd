"""Other people's words in our output: one function for each kind of output, and everything that quotes a name goes through one of them.

Names of networks, servers and tenants are written by tenants. Wherever they are printed they are text and nothing else: no command of a
terminal, no line of their own, no markup, no script, no formula, no edge of a graph. Terminals (``ringfence.analysis.output``), pages
(``ringfence.pages``) and XML only need :func:`visible`, as what writes them escapes its own signs.
"""

from __future__ import annotations

import re

MOST = 2000
"""Characters of one line of an error: more hides what is said around it."""

_FORMULAS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What makes a spreadsheet calculate a cell, also in the wide forms of East Asia."""

_PLAIN_IN_MARKDOWN = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ,./;()-]*")
"""No colon: code hosts draw what is between two as a picture, ``:a:`` in an address as well."""
_LINKS = re.compile(r"://|www\.|\w@", re.IGNORECASE)


def visible(text: str) -> str:
    r"""Return one line in which every character can be seen; what cannot becomes an escape, such as ``\x1b`` and ``\u202e``.

    These are control characters, line ends, marks that turn the order of letters, spaces of no width, lone surrogates and what Unicode
    has not given out: the classes Cc, Cf, Cn, Co, Cs, Zl, Zp, and Zs without the plain space.
    """
    return text if text.isprintable() else "".join(letter if letter.isprintable() else _escape(ord(letter)) for letter in text)


def _escape(code: int) -> str:
    if code == ord("\n"):
        return "\\n"
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"  # noqa: PLR2004 - the escapes' widths


def counted(number: int, one: str, many: str) -> str:
    """Return a number with the noun that fits it, such as "1 thing is" or "2 things are"."""
    return f"{number} {one if number == 1 else many}"


def block(text: str) -> str:
    """Return several lines for an error: those after the first are set in, so that none looks like one of ringfence's own."""
    lines = [visible(line) for line in text.split("\n")]
    return "\n    ".join(line if len(line) <= MOST else f"{line[:MOST]}... ({len(line):,} characters)" for line in lines)


def csv_cell(text: str) -> str:
    """Return the text of a cell that no spreadsheet calculates: an apostrophe says that it is text (OWASP, CSV injection)."""
    seen = visible(text)
    return f"'{seen}" if seen.lstrip().startswith(_FORMULAS) else seen


def dot_string(text: str) -> str:
    """Return a quoted string of the DOT language, in which nothing ends the string and no escape is one of Graphviz's."""
    return '"' + visible(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def markdown(text: str) -> str:
    """Return text for a line or cell of GitHub's Markdown: as it is where nothing in it means anything, else as code, letter by letter."""
    seen = visible(text)
    if not seen or (_PLAIN_IN_MARKDOWN.fullmatch(seen) and not _LINKS.search(seen)):
        return seen
    return f"<code>{_entities(seen)}</code>"


def markdown_code(text: str) -> str:
    """Return text as code in GitHub's Markdown."""
    seen = visible(text)
    return f"<code>{_entities(seen)}</code>" if not seen or set(seen) & set("`|\\<&") else f"`{seen}`"


def _entities(text: str) -> str:
    """Everything but letters, digits and spaces as an entity: an entity never takes part in the structure of a document."""
    return "".join(letter if letter.isalnum() or letter == " " else f"&#{ord(letter)};" for letter in text)


def sarif(text: str) -> str:
    """Return text for a message of SARIF, in which brackets are links and braces are places to fill in (SARIF 2.1.0, 3.11.5 and 3.11.6)."""
    seen = visible(text).replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return seen.replace("{", "{{").replace("}", "}}")
