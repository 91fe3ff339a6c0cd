"""A state of a cloud by its name on the command line: the declarations, an earlier revision of them, a plan, a snapshot or a running cloud.

declarations    Pulumi.*.yaml of the project (the default), which is found from the working directory upwards
git:REVISION    the declarations as they were in a revision, on the day of its commit
plan:FILE+STATE what ``pulumi preview --json`` printed, laid over another state; plan:FILE alone for a plan that makes everything
cloud[:NAME]    a running cloud: OS_CLOUD, or the named entry of clouds.yaml
FILE            a snapshot written by ``ringfence snapshot``
FOLDER          files printed by ``openstack ... -f json``

Whatever is no declaration itself is compared with those of the project. A mistake in one of them is an error of the whole question: what
cannot be read may decide the answer. Who wants the state judged by itself says so, and the answer says so too. Outside any project a file
or a folder, which may be from anywhere, is judged by itself; a running cloud or a plan is not: somebody is in the wrong folder.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import DeclarationError, Problem, QuestionError
from infra.neutron.plans import planned
from infra.neutron.semantics import parties, provenance
from infra.neutron.semantics.compile import compile_fabric
from infra.neutron.semantics.directory import Directory
from infra.neutron.snapshot import store
from infra.neutron.sources import cli_json
from infra.queries.traffic import ReachableTraffic
from ringfence import folder
from ringfence.analysis import declarations
from ringfence.analysis.running import running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import date

    from infra.declaration.expiry import EndedFlow
    from infra.neutron.semantics.parties import Placed, Trust
    from infra.neutron.semantics.services import Driver
    from infra.neutron.snapshot import Snapshot
    from infra.reachability.acceptance import Acceptance
    from infra.reachability.fabric import Fabric
    from infra.reachability.intent import Intent
    from ringfence.analysis.declarations import Declared
    from ringfence.fingerprint import Fingerprint

DECLARATIONS = "declarations"
CHUNK = 1 << 20
ALONE = "--without-declarations"
"""The option that asks for a state to be judged by itself."""
WISHED = f"{ALONE} was given"


DEMANDING = ("cloud", "plan")
"""Kinds of states that somebody's declarations are about, wherever the question is asked."""


def ignore(_part: str, _count: int) -> None:
    """Hear of no progress."""


@dataclass(frozen=True, slots=True)
class Reading:
    """How a state is read: under which driver, on which day, by itself or beside the declarations; ``tell`` hears of progress.

    ``platform`` are ids of projects that are the platform's, besides those that the declarations trust.
    """

    driver: Driver | None = None
    today: date | None = None
    alone: bool = False
    tell: Callable[[str, int], None] = ignore
    platform: frozenset[str] = frozenset()

    def trust(self) -> Trust:
        """Return who is trusted."""
        return declarations.trust(self.platform)


@dataclass(frozen=True)
class State:
    """One state, ready for questions.

    ``taken`` is what a certificate is about: the snapshot as it was taken, from ``file`` where it was one. ``snapshot`` is the same, each
    rule with the line that asked for it where one did. ``declared`` is what the state is compared with, where there is something; where
    there is nothing, ``alone`` says why. ``absent`` are the declared tenants that the state does not show: they are not compared.
    ``placed`` says which project is which declared tenant's.
    ``accepted`` is what somebody answers for though the model does not understand it. ``fingerprint`` says which declarations were read.
    """

    name: str
    taken: Snapshot
    snapshot: Snapshot
    today: date
    driver: Driver | None = None
    declared: Declared | None = None
    absent: tuple[str, ...] = ()
    file: Path | None = None
    alone: str = ""
    placed: Placed | None = None
    accepted: tuple[Acceptance, ...] = ()
    fingerprint: Fingerprint | None = None

    @cached_property
    def intent(self) -> Intent | None:
        """What the declarations allow in the state, where it is compared with any."""
        return self.declared.intent(self.snapshot, self.placed) if self.declared else None

    @cached_property
    def fabric(self) -> Fabric:
        """The state in the words of the proof."""
        return compile_fabric(self.snapshot, self.driver, self.accepted)

    def lines(self) -> Iterator[bytes]:
        """Yield the bytes whose SHA-256 is the digest of ``taken``: those of the file, however it was written, or what would be one."""
        if self.file is None:
            yield from store.lines_of(self.taken)
        else:
            with self.file.open("rb") as file:
                yield from iter(partial(file.read, CHUNK), b"")

    @property
    def unasked(self) -> bool:
        """Whether nobody looked at declarations, as somebody wished."""
        return self.alone == WISHED

    @property
    def ended(self) -> tuple[EndedFlow, ...]:
        """The flows of the tenants that it is compared with whose last day is over."""
        return self.declared.ended() if self.declared else ()

    @cached_property
    def reachable(self) -> ReachableTraffic:
        """Answers about the state."""
        return ReachableTraffic(self.fabric)

    @cached_property
    def directory(self) -> Directory:
        """The names in the state."""
        return Directory(self.snapshot, self.fabric)


def read_declarations(today: date | None = None, place: Path | None = None) -> Declared:
    """Read the declarations of the project, or of a folder. Raises ``DeclarationError`` with the mistakes of all files."""
    return declarations.read_declarations(today or declarations.now(), place or folder.root())


def open_state(name: str, reading: Reading = Reading()) -> State:
    """Read a state by its name.

    Raises:
        RingfenceError: there is no such state, it is corrupt, partial or inconsistent, or a declaration beside it has a mistake.
    """
    kind, _, rest = name.partition(":")
    if name == DECLARATIONS:
        day = reading.today or declarations.now()
        return _described(name, read_declarations(day), replace(reading, today=day))
    if kind == declarations.GIT and rest:
        declared, day = declarations.read_revision(rest, reading.today)
        return _described(name, declared, replace(reading, today=day))
    if kind == "plan" and rest:
        return _compared(name, _planned(rest, reading), reading)
    if kind == "cloud":
        return _compared(name, running(rest or None, reading.trust(), reading.tell), reading)
    path = Path(name)
    if path.is_dir():
        return _compared(name, cli_json.load_folder(path, reading.trust()), reading)
    if path.exists():
        taken, file = _recognised(path, reading)
        return _compared(name, taken, reading, file)
    expected = "declarations, git:REVISION, plan:FILE+STATE, cloud, cloud:NAME, a snapshot file or a folder of JSON files"
    raise QuestionError.of("there is no such state", where=name, expected=expected)


def _recognised(path: Path, reading: Reading) -> tuple[Snapshot, Path | None]:
    """Read a snapshot file and give its projects their roles. Where these are others than in the file, the file is not what is judged."""
    found = store.load(path)
    judged = parties.trusted(found, reading.trust())
    return (judged, path) if parties.same_roles(found, judged) else (store.seal(judged, str(path)), None)


def _planned(text: str, reading: Reading) -> Snapshot:
    """Read a plan, on top of another state when one is named after a plus."""
    file, _, base = text.partition("+")
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        hint = "pulumi preview --json > plan.json, and name that file"
        raise QuestionError.of("the plan cannot be read", where=file, got=str(error.strerror), hint=hint) from error
    # The plan as a whole is compared with the declarations; what it is laid over need not be.
    under = open_state(base, replace(reading, alone=True)).taken if base else None
    return planned.planned_snapshot(data, under, file)


def _described(name: str, declared: Declared, reading: Reading) -> State:
    """Return the state that declarations describe; it is compared with themselves."""
    snapshot = declared.snapshot()
    day, mark = reading.today or declarations.now(), declared.fingerprint
    found = State(name, taken=snapshot, snapshot=snapshot, today=day, driver=reading.driver, fingerprint=mark)
    return replace(found, alone=WISHED) if reading.alone else replace(found, declared=declared)


def _compared(name: str, taken: Snapshot, reading: Reading, file: Path | None = None) -> State:
    """Bring a state together with the declarations, when some of them are its own: then each rule leads to its line."""
    day = reading.today or declarations.now()
    found = State(name, taken=taken, snapshot=taken, today=day, driver=reading.driver, file=file)
    if reading.alone:
        return replace(found, alone=WISHED)
    project = folder.found()
    if project is None:
        return replace(found, alone=_nowhere(name))
    if not declarations.are_there(project):
        return replace(found, alone=f"there are no declarations (Pulumi.*.yaml) in {project}")
    declared = _beside(day)
    tenants = [one.tenant.name for one in declared.tenants]
    placed = parties.place(taken, tenants, reading.trust())
    found = replace(found, placed=placed, fingerprint=declared.fingerprint)
    mine = [tenant for tenant in tenants if tenant in placed.ids]
    absent = tuple(tenant for tenant in tenants if tenant not in mine)
    if not mine and not placed.doubts:
        said = f"none of the declared tenants is in this state: {', '.join(absent)}" if absent else "no tenant is declared"
        return replace(found, alone=said, absent=absent)
    declared = declared.only(mine)
    snapshot = provenance.attach(taken, declared.snapshot(), declared.once(), placed=placed)
    return replace(found, snapshot=snapshot, declared=declared, absent=absent)


def _nowhere(name: str) -> str:
    """Say that there is no project to compare a state with, where it may well be judged without one."""
    said = f"there are no declarations: no project is in {Path.cwd()} or above it"
    if name.partition(":")[0] in DEMANDING:
        hint = f"{folder.HINT}; or judge it by itself with {ALONE}"
        raise QuestionError.of(said, where=name, expected="the declarations to compare it with", hint=hint)
    return said


def _beside(day: date) -> Declared:
    """Read the declarations that a state is compared with. A mistake in any of them is told with the way to do without."""
    try:
        return read_declarations(day)
    except DeclarationError as error:
        hint = f"mend the declarations, or judge the state by itself with {ALONE}"
        raise DeclarationError(*error.problems, Problem("so the state was not judged", hint=hint)) from error
