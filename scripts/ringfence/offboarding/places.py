"""Where an offboarding is kept: its journal, what was noted before anything was erased, and what it leaves in the end.

A tenant's folder has one for each project, so that a tenant which is made anew under the old name begins anew.
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
from infra.offboarding import inventory as inventories
from infra.offboarding.steps import Progress, Step, progress

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from infra.offboarding.inventory import Inventory
    from infra.offboarding.steps import Mark

FOLDER = "offboarding"
OWNER_ONLY = 0o600


def now() -> str:
    """Return the time, as it is written."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of one offboarding."""

    folder: Path

    @property
    def journal(self) -> Path:
        """What was done, line by line."""
        return self.folder / "journal.jsonl"

    @property
    def certificate(self) -> Path:
        """What it leaves."""
        return self.folder / "certificate-of-removal.json"

    @property
    def page(self) -> Path:
        """The same for people."""
        return self.certificate.with_suffix(".html")

    @property
    def proofs(self) -> Path:
        """What the last look found."""
        return self.folder / "proof.json"

    @property
    def receipt(self) -> Path:
        """What is known of the customer's receipt."""
        return self.folder / "receipt.json"

    @property
    def token(self) -> Path:
        """The token that has to be refused."""
        return self.folder / "token.json"

    @property
    def engine_log(self) -> Path:
        """What the engine said."""
        return self.folder / "engine.log"

    @property
    def request(self) -> Path:
        """What was declared when the first thing was erased."""
        return self.folder / "request.json"

    def write(self, what: Mark, step: Step | None = None, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Add a line to the journal; it is on the disk before anything else happens."""
        line = json.dumps({"at": now(), "what": what, **({"step": step} if step else {}), **facts})
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.journal.open("ab") as out:
            before = self.journal.read_bytes()
            if before and not before.endswith(b"\n"):
                out.truncate(before.rfind(b"\n") + 1)
            out.write(f"{line}\n".encode())
            out.flush()
            os.fsync(out.fileno())

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of the journal; the last one does not count when a kill cut it off. Raises :class:`QuestionError`."""
        if not self.journal.exists():
            return []
        whole, _, _ = self.journal.read_text(encoding="utf-8").rpartition("\n")
        try:
            return [json.loads(line) for line in whole.splitlines()]
        except ValueError as error:
            hint = "look at the journal; somebody changed it"
            raise QuestionError.of("the journal cannot be read", where=str(self.journal), got=str(error), hint=hint) from error

    def progress(self) -> Progress:
        """Return where it stands."""
        return progress(self.lines(), str(self.journal))

    def keep(self, file: Path, content: bytes) -> None:
        """Write a file as a whole, for its owner only: a kill leaves the one before, or none."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial = file.with_name(f".{file.name}.partial")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        partial.replace(file)

    def inventory(self) -> Inventory:
        """Return what was noted. Raises :class:`QuestionError`."""
        return inventories.decoded(self.read(self._inventory), str(self._inventory))

    def keep_inventory(self, inventory: Inventory) -> None:
        """Note everything."""
        self.keep(self._inventory, inventories.encoded(inventory))

    @property
    def _inventory(self) -> Path:
        return self.folder / "inventory.json"

    def read(self, file: Path) -> bytes:
        """Return what a file holds. Raises :class:`QuestionError` when it is not there."""
        try:
            return file.read_bytes()
        except OSError as error:
            hint = "restore the file from a copy; it was written by an earlier step"
            raise QuestionError.of(
                "a file of the offboarding is not there", where=str(file), got=error.strerror or "", hint=hint
            ) from error

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other run on this machine work on the same tenant; the kernel takes the lock away from whoever is killed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.folder / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                hint = "wait for its end, or stop it; the same command goes on afterwards"
                raise QuestionError.of("another run is at work on this offboarding", where=str(self.folder), hint=hint) from error
            yield


def of(tenant: str, project: str) -> Place:
    """Return the place of a tenant's offboarding."""
    return Place(paths.state() / FOLDER / tenant / project)


def last(tenant: str) -> Place | None:
    """Return the place of the tenant's offboarding that was written to last; ``None`` when there is none."""
    places = [Place(journal.parent) for journal in (paths.state() / FOLDER / tenant).glob("*/journal.jsonl")]
    return max(places, key=lambda place: place.journal.stat().st_mtime_ns, default=None)
