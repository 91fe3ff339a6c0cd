"""The journal on this machine's disk: one for each platform, changed by one at a time, written whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from typing import TYPE_CHECKING

from infra import paths
from infra.errors import QuestionError
from infra.vulnerabilities import journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from infra.vulnerabilities.journal import Journal


def file(platform: str) -> Path:
    """Return the journal of the platform whose project has this id."""
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", platform):
        raise QuestionError.of("not a project's id", expected="letters and digits", got=platform[:80])
    return paths.state() / "vulnerabilities" / f"{platform}.json"


@contextlib.contextmanager
def held() -> Iterator[None]:
    """Let one at a time change it: of two that read and write, the later one would forget what the earlier one saw."""
    lock = paths.state() / "vulnerabilities.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def read(place: Path, day: datetime) -> Journal:
    """Read it; where there is none, one begins with a day. Raises :class:`QuestionError` when it cannot be read."""
    try:
        text = place.read_bytes()
    except FileNotFoundError:
        return journal.Journal(journal.VERSION, day, {})
    except OSError as error:
        what, hint = "the journal of vulnerabilities cannot be read", "let it be read, and run it again"
        raise QuestionError.of(what, where=str(place), got=error.strerror or str(error), hint=hint) from error
    return journal.read(text, str(place))


def write(place: Path, kept: Journal) -> None:
    """Replace it."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_suffix(f".{os.getpid()}.new")
    fresh.write_bytes(journal.written(kept))
    fresh.replace(place)
