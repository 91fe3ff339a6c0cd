"""The file of exceptions: traffic and unknown things that somebody accepted, read for every verb in one way.

It is read as strictly as a declaration: what could be read in two ways, or not at all, is a mistake with its line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.declaration import shapes
from infra.declaration.yaml import text
from infra.errors import QuestionError
from infra.neutron.lint.exceptions import ExceptionFile
from ringfence import folder
from ringfence.analysis import declarations

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from infra.reachability.acceptance import Acceptance

EXCEPTIONS = "ringfence-exceptions.yaml"
EXAMPLE = "exceptions: [{id: E1, project: acme, packets: tcp/22 from 10.0.0.0/8, owner: WHO, ticket: T-1, reason: WHY, expires: DAY}]"
ACCEPTED = "accepted: [{name: field:port.acme, owner: WHO, reason: WHY, expires: DAY}]"
HINT = f"mend the file; an example: {EXAMPLE}; {ACCEPTED}"


@dataclass(frozen=True, slots=True)
class Listed:
    """The exceptions, and the name of their file."""

    file: str
    content: ExceptionFile


def listed(named: Path | None, state: str) -> Listed | None:
    """Return the exceptions of the file that was named, or of the one beside the declarations that are judged, where there is one.

    Raises:
        QuestionError: with every mistake in the file.
    """
    kind, _, revision = state.partition(":")
    if named is not None:
        return _read(str(named), _contents(named))
    if kind == declarations.GIT and revision:
        raw = declarations.in_revision(revision, EXCEPTIONS)
        return None if raw is None else _read(f"{state}: {EXCEPTIONS}", raw)
    project = folder.found()
    beside = project / EXCEPTIONS if project else None
    return _read(EXCEPTIONS, _contents(beside)) if beside is not None and beside.exists() else None


def accepted(named: Path | None, state: str, today: date) -> tuple[Acceptance, ...]:
    """Return what somebody answers for on a day though it is not understood."""
    found = listed(named, state)
    return found.content.live(today) if found else ()


def _contents(file: Path) -> bytes:
    try:
        return text.contents(file)
    except OSError as error:
        raise QuestionError.of("the exceptions cannot be read", where=str(file), got=error.strerror or "", hint=HINT) from error


def _read(file: str, raw: bytes) -> Listed:
    return Listed(file, shapes.of_file(ExceptionFile, raw, file, "so the exceptions were not read, and nothing was judged", HINT))
