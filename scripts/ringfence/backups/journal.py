"""What was done about a tenant's backups, line by line, and the lock that keeps two runs apart.

Nothing is gone on with by the journal: Cinder's records tell what is there. It is for people, and keeps measured times.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING, Any

from infra import paths
from infra.backups.drills import PastDrill
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FOLDER = "backups"
DRILLED = "drilled"
"""What a line says that a drill came to its end, with its exit code."""
PAUSE_SECONDS = 1.0


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
    def held(self, patience: float = 0.0) -> Iterator[None]:
        """Let no other run on this machine work on the same tenant. Raises :class:`QuestionError` where one does after so many seconds.

        The kernel takes the lock away from whoever is killed.
        """
        place = self.file.with_suffix(".lock")
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.open("w") as lock:
            end = time.monotonic() + patience
            while not _taken(lock):
                if time.monotonic() >= end:
                    hint = "wait for its end: whatever it leaves undone, the same command does then"
                    raise QuestionError.of("another run is at work on this tenant's backups", where=str(place), hint=hint)
                time.sleep(PAUSE_SECONDS)
            yield


def _taken(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def past_drills(journal: Journal, server: str) -> list[PastDrill]:
    """Return the drills of a server, as far as this machine knows. A line that does not say how a drill ended tells of none."""
    own = [line for line in journal.lines() if line["what"] == DRILLED and line.get("server") == server]
    return [PastDrill(datetime.fromisoformat(str(line["at"])), str(line["day"]), int(line["code"])) for line in own if "code" in line]
