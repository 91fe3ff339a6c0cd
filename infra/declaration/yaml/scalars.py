"""What a word without quotes means: nothing, a decimal number, or a text. Whatever readers of YAML do not agree on is refused.

YAML 1.1, YAML 1.2 and the engine's reader take ``0443``, ``7:23``, ``1_000`` or ``no`` for different things. A person who reads the
file takes them for what they look like, so such a word has to be written in another way.
"""

from __future__ import annotations

import re
from typing import Final

NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

_TRUTH = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false"})
_DECIMAL: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_OTHER_BASE: Final = re.compile(r"[-+]?0[xXoObB][0-9a-fA-F_]+")
_SIXTIES: Final = re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?")
_SIGNED_OR_BROKEN: Final = re.compile(r"[-+]?(\.[0-9][0-9_]*|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?")
_NO_NUMBER: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class Unreadable:
    """Stands for a value that has been refused already: no field of the model takes it, and nothing more is said about it."""

    def __str__(self) -> str:
        return "a value that cannot be read"


UNREADABLE = Unreadable()

Scalar = str | int | None


def is_truth(word: str) -> bool:
    """Whether some readers of YAML take a word without quotes for true or false."""
    return word.lower() in _TRUTH and word in {word.lower(), word.upper(), word.capitalize()}


def plain(word: str) -> Scalar | Unreadable:
    """Return what a word without quotes means; ``UNREADABLE`` when readers differ about it."""
    if word in NOTHING:
        return None
    if _DECIMAL.fullmatch(word):
        return int(word)
    return UNREADABLE if is_truth(word) or _odd_number(word) else word


def advice(word: str) -> tuple[str, str, str]:
    """Say of an unreadable word what is wrong with it, what is expected, and what to do."""
    if is_truth(word):
        return "true or false to some readers of YAML", "a name or a text", f'if the word itself is meant, write it in quotes: "{word}"'
    hint = "write the number out in decimal digits; a text that looks like a number goes in quotes"
    return "a number that readers of YAML understand differently", "decimal digits without a leading zero, sign, point, colon or _", hint


def _odd_number(word: str) -> bool:
    return any(form.fullmatch(word) for form in (_OTHER_BASE, _SIXTIES, _SIGNED_OR_BROKEN, _NO_NUMBER))
