"""A state of a cloud by its name on the command line: the declarations, an earlier revision of them, a plan, a snapshot or a running cloud.

declarations    Pulumi.*.yaml of the work tree (the default)
git:REVISION    the declarations as they were in a revision
plan:FILE+STATE what ``pulumi preview --json`` printed, laid over another state; plan:FILE alone for a plan that makes everything
cloud[:NAME]    a running cloud: OS_CLOUD, or the named entry of clouds.yaml
FILE            a snapshot written by ``ringfence snapshot``
FOLDER          files printed by ``openstack ... -f json``
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

from infra.declaration import names
from infra.declaration.folder import load_folder
from infra.errors import DeclarationError, QuestionError
from infra.neutron import cloud, planned, printed, provenance, store
from infra.neutron.compile import compile_fabric
from infra.neutron.declared import declared_snapshot
from infra.neutron.directory import Directory
from infra.neutron.intent import declared_intent
from infra.neutron.snapshot import FORMAT_VERSION, Header
from infra.policy.queries.passages import Passages

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.declaration import TenantDeclaration
    from infra.declaration.model import Platform
    from infra.neutron.services import Driver
    from infra.neutron.snapshot import Record, Snapshot
    from infra.policy.isolation import Fabric, Intent

ROOT = Path(__file__).resolve().parents[3]
DECLARATIONS = "declarations"
SECONDS = 60
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Declared:
    """The platform and the tenants of one set of declarations."""

    platform: Platform
    tenants: tuple[TenantDeclaration, ...]

    def snapshot(self) -> Snapshot:
        """Return the cloud that they describe."""
        return declared_snapshot(self.platform, self.tenants)

    def intent(self) -> Intent:
        """Return everything that they allow."""
        return declared_intent(self.platform, self.tenants)


@dataclass(frozen=True)
class State:
    """One state, ready for questions.

    ``taken`` is what a certificate is about: the snapshot as it was taken, from ``file`` where it was one. ``snapshot`` is the same, each
    rule with the line that asked for it where one did. ``declared`` is what the state is compared with, where there is something, and
    ``absent`` the declared tenants that the state does not show: they are not compared.
    """

    name: str
    taken: Snapshot
    snapshot: Snapshot
    driver: Driver | None = None
    declared: Declared | None = None
    absent: tuple[str, ...] = ()
    file: Path | None = None

    @cached_property
    def fabric(self) -> Fabric:
        """The state in the words of the proof."""
        return compile_fabric(self.snapshot, self.driver)

    def lines(self) -> Iterator[bytes]:
        """Yield the bytes whose SHA-256 is the digest of ``taken``: those of the file, however it was written, or what would be one."""
        if self.file is None:
            yield from store.lines_of(self.taken)
        else:
            with self.file.open("rb") as file:
                yield from iter(partial(file.read, CHUNK), b"")

    @cached_property
    def passages(self) -> Passages:
        """Answers about the state."""
        return Passages(self.fabric)

    @cached_property
    def directory(self) -> Directory:
        """The names in the state."""
        return Directory(self.snapshot, self.fabric)


def read_declarations(folder: Path = ROOT) -> Declared:
    """Read every declaration of a folder. Raises ``DeclarationError`` with the mistakes of all files."""
    found = load_folder(folder, today=datetime.now(UTC).date()).whole()
    return Declared(found.platform, found.tenants)


def open_state(name: str, driver: Driver | None = None, tell: Callable[[str, int], None] = lambda _part, _count: None) -> State:
    """Read a state by its name; ``tell`` hears of progress while a cloud is read.

    Raises:
        RingfenceError: there is no such state, or it is corrupt, partial or inconsistent.
    """
    if name == DECLARATIONS:
        return _described(name, read_declarations(), driver)
    kind, _, rest = name.partition(":")
    if kind == "git" and rest:
        return _described(name, _revision(rest), driver)
    if kind == "plan" and rest:
        return _compared(name, _planned(rest, driver, tell), driver)
    if kind == "cloud":
        return _compared(name, running(rest or None, tell), driver)
    path = Path(name)
    if path.is_dir():
        return _compared(name, printed.load_folder(path, (names.PLATFORM,)), driver)
    if path.exists():
        return _compared(name, store.load(path), driver, path)
    expected = "declarations, git:REVISION, plan:FILE+STATE, cloud, cloud:NAME, a snapshot file or a folder of JSON files"
    raise QuestionError.of("there is no such state", where=name, expected=expected)


def _planned(text: str, driver: Driver | None, tell: Callable[[str, int], None]) -> Snapshot:
    """Read a plan, on top of another state when one is named after a plus."""
    file, _, base = text.partition("+")
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        hint = "pulumi preview --json > plan.json, and name that file"
        raise QuestionError.of("the plan cannot be read", where=file, got=str(error.strerror), hint=hint) from error
    return planned.planned_snapshot(data, open_state(base, driver, tell).taken if base else None, file)


def _described(name: str, declared: Declared, driver: Driver | None) -> State:
    snapshot = declared.snapshot()
    return State(name, taken=snapshot, snapshot=snapshot, driver=driver, declared=declared)


def _compared(name: str, taken: Snapshot, driver: Driver | None, file: Path | None = None) -> State:
    """Bring a state together with the declarations, when all of them are its own: then each rule leads to its line."""
    alone = State(name, taken=taken, snapshot=taken, driver=driver, file=file)
    try:
        declared = read_declarations()
    except DeclarationError:
        return alone
    present = {project.name for project in taken.projects}
    mine = tuple(one for one in declared.tenants if names.project(one.tenant.name) in present)
    if not mine:
        return alone
    absent = tuple(one.tenant.name for one in declared.tenants if one not in mine)
    declared = Declared(declared.platform, mine)
    return replace(alone, snapshot=provenance.attach(taken, declared.snapshot()), declared=declared, absent=absent)


def running(name: str | None, tell: Callable[[str, int], None]) -> Snapshot:
    """Read a running cloud into a snapshot."""
    header, records = streamed(name, tell)
    return store.from_records(header, records, "cloud")


def streamed(name: str | None, tell: Callable[[str, int], None]) -> tuple[Header, Iterator[Record]]:
    """Return a running cloud as a header and a stream of records, so that a large one never has to fit into memory."""
    import openstack  # noqa: PLC0415 - takes a second, and only this source needs it

    opened = openstack.connect(cloud=name)
    connection = cast("cloud.Connection", opened)  # the SDK's proxies are keystoneauth adapters: get() takes params by keyword
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    label = name or opened.config.name or ""
    complete = cloud.sees_everything(connection)
    driver = cloud.driver(connection)
    notes = () if driver else ("the API does not tell which firewall driver enforces the groups: pass --driver",)
    header = Header(format=FORMAT_VERSION, origin="cloud", complete=complete, driver=driver, taken=taken, cloud=label, notes=notes)
    return header, cloud.records(connection, (names.PLATFORM,), tell)


def _revision(revision: str) -> Declared:
    """Read the declarations of a git revision."""
    listed = _git("ls-tree", "--name-only", f"{revision}:./").split()
    with tempfile.TemporaryDirectory(prefix="ringfence-") as folder:
        for file in listed:
            if file.startswith("Pulumi.") and file.endswith(".yaml") and file != "Pulumi.yaml":
                (Path(folder) / file).write_text(_git("show", f"{revision}:./{file}"), encoding="utf-8")
        return read_declarations(Path(folder))


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False)
    if done.returncode:
        raise QuestionError.of("git does not know this revision", where=arguments[-1], got=done.stderr.strip().splitlines()[-1])
    return done.stdout
