"""Where what was made once for a content is kept: below the cache, under the hash of the content."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

DIGITS: Final = 16


def place(cache: Path, kind: str, content: bytes, suffix: str = "") -> Path:
    """Return the place for a content of a kind; another content has another place."""
    return cache / kind / f"{hashlib.sha256(content).hexdigest()[:DIGITS]}{suffix}"
