"""What was done about a tenant's backups, line by line, and the lock that keeps two runs apart.

Nothing is gone on with by the journal: Cinder's records tell what is there. It is for people, and keeps measured times.
"""

from __future__ import annotations

import fcntl
import json
import os
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from infra import paths
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "backups"
DRILLED = "drilled"
"""What a line says that a drill came to its end, with its exit code."""


@dataclass(frozen=True, slots=True)
class Journal:
    """The journal of one tenant, by the id of its project: a project that is made anew has another one."""

    project: str

    @property
    def file(self) -> Path:
        """Where it is."""
        return paths.state() / FOLDER / f"{self.project}.jsonl"

    def write(self, what: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Add a line; it is on the disk before anything else happens."""
        line = json.dumps({"at": datetime.now(UTC).isoformat(timespec="seconds"), "what": what, **facts})
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with self.file.open("a", encoding="utf-8") as out:
            out.write(f"{line}\n")
            out.flush()
            os.fsync(out.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Return all lines; one that was cut off by a kill is left out."""
        try:
            text = self.file.read_text(encoding="utf-8")
        except FileNotFoundError:
            return []
        found = []
        for line in text.splitlines():
            try:
                found.append(json.loads(line))
            except ValueError:
                continue
        return found

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other run on this machine work on the same tenant. Raises :class:`QuestionError` where one does.

        The kernel takes the lock away from whoever is killed.
        """
        place = self.file.with_suffix(".lock")
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "wait for its end: whatever it leaves undone, the same command does then"
                raise QuestionError.of("another run is at work on this tenant's backups", where=str(place), hint=hint) from error
            yield
