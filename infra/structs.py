"""Values become structs here and nowhere else, so that threads may do it side by side.

msgspec looks at a type when a value is first converted to it, and keeps what it found before it is complete. A second thread that comes
in between uses the half, and the interpreter ends with a segmentation fault (msgspec 0.22.0). Here one thread at a time looks at a type.
"""

from __future__ import annotations

from threading import Lock
from typing import Any, TypeVar

import msgspec

Made = TypeVar("Made")

_looking = Lock()
_looked_at: set[Any] = set()


def convert(values: object, kind: type[Made]) -> Made:
    """Return a struct of plain values. Raises ``msgspec.ValidationError`` when they do not fit."""
    _look_at(kind)
    return msgspec.convert(values, kind)


def decode(data: bytes | str, kind: type[Made]) -> Made:
    """Return a struct of JSON. Raises ``msgspec.DecodeError`` when it is none, or does not fit."""
    _look_at(kind)
    return msgspec.json.decode(data, type=kind)


def decoder(kind: Any) -> msgspec.json.Decoder[Any]:  # noqa: ANN401 - whatever msgspec takes: a struct, a list of them, a union
    """Return what decodes JSON to a type many times."""
    with _looking:
        return msgspec.json.Decoder(kind)


def _look_at(kind: type[Made]) -> None:
    """Let msgspec look at a type, unless it has."""
    if kind not in _looked_at:
        decoder(kind)
        _looked_at.add(kind)
