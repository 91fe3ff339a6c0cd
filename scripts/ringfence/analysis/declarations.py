"""Declarations as the verbs use them: all of a folder or of a git revision, or every mistake in them. A mistake is never less judgement."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.declaration import names
from infra.declaration.envelope import PREFIX, SUFFIX
from infra.declaration.expiry import as_written, endings
from infra.declaration.folder import files, load_folder
from infra.declaration.loader import load_platform
from infra.errors import DeclarationError, QuestionError
from infra.neutron.semantics.parties import Trust
from infra.neutron.sources.declared import declared_snapshot
from infra.neutron.sources.intent import declared_intent
from ringfence import fingerprint, folder

if TYPE_CHECKING:
    from collections.abc import Collection

    from infra.declaration import TenantDeclaration
    from infra.declaration.expiry import EndedFlow
    from infra.declaration.model import Platform
    from infra.neutron.semantics.parties import Placed
    from infra.neutron.snapshot import Snapshot
    from infra.reachability.intent import Intent
    from ringfence.fingerprint import Fingerprint

SECONDS = 60
GIT = "git"
"""How the name of a state begins that is the declarations of a revision."""


@dataclass(frozen=True, slots=True)
class Declared:
    """The platform and the tenants of one set of declarations, as they are on one day; ``fingerprint`` says which these are."""

    platform: Platform
    tenants: tuple[TenantDeclaration, ...]
    fingerprint: Fingerprint

    def only(self, tenants: Collection[str]) -> Declared:
        """Return the same with these tenants alone."""
        return replace(self, tenants=tuple(one for one in self.tenants if one.tenant.name in tenants))

    def snapshot(self) -> Snapshot:
        """Return the cloud that they describe."""
        return declared_snapshot(self.platform, self.tenants)

    def once(self) -> Snapshot | None:
        """Return the cloud that they described before flows of theirs ended; ``None`` when none has."""
        return declared_snapshot(self.platform, tuple(map(as_written, self.tenants))) if self.ended() else None

    def intent(self, snapshot: Snapshot, placed: Placed | None) -> Intent:
        """Return everything that they allow on the ports of a snapshot; ``placed`` says which project is which tenant's."""
        return declared_intent(self.platform, self.tenants, snapshot, placed)

    def ended(self) -> tuple[EndedFlow, ...]:
        """Return the flows that have ended."""
        return tuple(endings(self.tenants))


def now() -> date:
    """Return the day on which declarations are judged when nobody names one."""
    return datetime.now(UTC).date()


def are_there(place: Path) -> bool:
    """Tell whether a folder has any declaration, of a tenant or of the platform."""
    return bool(files(place))


def trust(named: frozenset[str]) -> Trust:
    """Return whom the project's platform trusts, and whoever is named. A mistake in it is told where the declarations are compared."""
    place = folder.found()
    if place is None:
        return Trust(named)
    try:
        platform = load_platform(place / f"{PREFIX}{names.PLATFORM}{SUFFIX}").platform
    except DeclarationError:
        return Trust(named)
    return Trust(named, frozenset(platform.projects), platform.domain)


def read_declarations(today: date, place: Path) -> Declared:
    """Read every declaration of a folder.

    Raises:
        DeclarationError: with the mistakes of all files.
        QuestionError: somebody wrote to one while they were read, so nobody knows what was.
    """
    mark = fingerprint.of_folder(place)
    found = load_folder(place, today=today).whole()
    if fingerprint.digest(place) != mark.digest:
        hint = "ask again, now that nobody writes to them"
        raise QuestionError.of("the declarations changed while they were read", where=str(place), hint=hint)
    return Declared(found.platform, found.tenants, mark)


def read_revision(revision: str, today: date | None) -> tuple[Declared, date]:
    """Read the declarations of a git revision, as they were on the day of its commit, or on the day that is named; and say which.

    Raises:
        QuestionError: git does not know the revision.
        DeclarationError: with the mistakes of all files, and the revision that they are in.
    """
    root, commit = folder.root(), _commit(revision)
    moment = int(_git(revision, "show", "--no-patch", "--format=%ct", commit).split()[-1])
    day = today or datetime.fromtimestamp(moment, UTC).date()
    listed = _names(revision, commit)
    with tempfile.TemporaryDirectory(prefix="ringfence-") as place:
        for file in listed:
            if file.startswith("Pulumi.") and file != "Pulumi.yaml":
                (Path(place) / file).write_bytes(_git(revision, "show", f"{commit}:./{file}"))
        try:
            read = read_declarations(day, Path(place))
            mark = replace(read.fingerprint, folder=str(root), revision=commit, changed=False)
            return replace(read, fingerprint=mark), day
        except DeclarationError as error:
            placed = (replace(problem, where=f"git:{revision}: {problem.where}") for problem in error.problems)
            raise DeclarationError(*placed) from error


def in_revision(revision: str, file: str) -> bytes | None:
    """Return a file that lies beside the declarations of a revision; ``None`` when there is none. Raises ``QuestionError`` as above."""
    commit = _commit(revision)
    return _git(revision, "show", f"{commit}:./{file}") if file in _names(revision, commit) else None


def _commit(revision: str) -> str:
    return _git(revision, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}").decode().strip()


def _names(revision: str, commit: str) -> list[str]:
    """Return what lies in the folder of the declarations."""
    listed = _git(revision, "ls-tree", "-z", "--name-only", f"{commit}:./").split(b"\0")
    return [name.decode(errors="surrogateescape") for name in listed]


def _git(revision: str, *arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=folder.root(), capture_output=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        hint = "install git, and run ringfence in a work tree of it"
        raise QuestionError.of("git cannot be asked", where=f"git:{revision}", got=str(error), hint=hint) from error
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        got = said[-1] if said else f"`git {arguments[0]}` ended with {done.returncode}"
        hint = "name a commit, a branch or a tag; `git log --oneline` lists commits"
        raise QuestionError.of("git does not know this revision", where=f"git:{revision}", got=got, hint=hint)
    return done.stdout
