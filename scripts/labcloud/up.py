"""``lab up``: from whatever there is to a cloud that serves. Every part looks first and does what is missing."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from labcloud import apis, control, lasting, render
from labcloud.credentials.passwords import Secrets
from labcloud.layout import Layout
from labcloud.machine import archive, backport, kvm, mirror, outside, packages, venv
from labcloud.model import Event, Service, Stage, State, by_stage
from labcloud.processes import enter
from labcloud.services import TITLES, services, step
from labcloud.settings import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from labcloud.progress import StepProgress
    from labcloud.settings import Settings

PRIVATE: Final = 0o700
BOOTSTRAP: Final = Path(__file__).with_name("bootstrap.py")
PREPARED: Final = (
    (venv, "install the OpenStack services (about 200 Python packages)", "venv"),
    (backport, f"unpack {backport.PACKAGE} of Debian {backport.SUITE}", "switch"),
    (mirror, f"fetch a small mirror of {mirror.SECURITY} for the host outside", "mirror"),
)
"""What the cache has to hold: the module that makes it, what is said meanwhile, the name of its log."""


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the lab for one ``up``, ``down`` or ``wipe`` at a time; the lock goes with its process."""
    root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    with (root.parent / "lab.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise LabError.of(
                "another `lab up`, `down`, `restart` or `wipe` works on this lab",
                where=str(root),
                hint="wait for it to end",
            ) from busy
        yield


@dataclass(frozen=True, slots=True)
class Bringup:
    """One run of ``lab up``."""

    settings: Settings
    progress: StepProgress

    def run(self) -> Layout:
        """Bring the lab up; :class:`LabError` says what did not come and which log to read."""
        self.settings.root.chmod(PRIVATE)
        self._packages()
        layout = self._layout()
        if archive.restore(layout, self.settings.cache):
            self.progress.say("unpacked the empty databases that an earlier lab left in the cache")
        self._configure(layout)
        started = False
        for stage, members in by_stage(services(layout)):
            if stage is Stage.IDENTITY:
                self._tables(layout)
            started |= self._start(layout, stage, members)
            if stage is Stage.IDENTITY:
                self._identity(layout)
        self._finish(layout, started=started)
        check(layout)
        if self.settings.forward:
            outside.start_forwarder(layout)
        return layout

    def _packages(self) -> None:
        """Debian's packages, the services' Python environment, the switch."""
        logs = self.settings.root / "log"
        logs.mkdir(exist_ok=True, mode=PRIVATE)
        absent = packages.missing()
        if absent:
            with self.progress.step(f"install {len(absent)} Debian packages"):
                packages.install(absent, logs / "packages.log")
        for part, title, log in PREPARED:
            if not part.is_ready(self.settings.cache):
                with self.progress.step(title):
                    part.make(self.settings.cache, logs / f"{log}.log")

    def _layout(self) -> Layout:
        """The lab's layout, and that it is still the one it was made with."""
        settings = self.settings
        virt_type = kvm.known(settings.cache)
        if virt_type is None:
            with self.progress.step("try whether KVM runs an ordinary kernel"):
                virt_type = kvm.trial(settings.cache)
        programs = venv.location(settings.cache), backport.location(settings.cache)
        layout = Layout(settings.root, *programs, settings.port_offset, virt_type, settings.profile.name)
        if not lasting.check(layout):
            layout.data.mkdir(exist_ok=True)
        layout.save()
        return layout

    def _configure(self, layout: Layout) -> None:
        """Write the configuration, make the namespaces and put it into them."""
        identifier = layout.data / "cluster-id"
        if not identifier.exists():
            identifier.write_text(str(uuid.uuid4()))
        secrets = Secrets.kept_in(layout.secrets_file)
        shutil.copytree(mirror.location(self.settings.cache), layout.mirror, dirs_exist_ok=True)
        render.write(render.Facts(layout, secrets, identifier.read_text().strip()))
        if enter.supervisor(layout.root) and not control.is_current(layout):
            self.progress.say("the running lab was started from other files than these: starting it again")
            take_down(layout, self.progress)
        with self.progress.step("namespaces and configuration"):
            control.start(layout)
            run(layout, *step(layout, "configure"))

    def _start(self, layout: Layout, stage: Stage, members: tuple[Service, ...]) -> bool:
        """Start one stage and tell which services it waits for; true when one of them was not up before."""
        waiting = {service.name for service in members}
        failures: dict[str, str] = {}
        fresh: set[str] = set()
        with self.progress.step(f"{TITLES[stage]} ({_services(len(members))})") as note:

            def listen(name: str, event: Event, detail: str) -> None:
                if event in {Event.READY, Event.ALREADY}:
                    waiting.discard(name)
                elif event is Event.FAILED:
                    failures[name] = detail
                else:
                    fresh.add(name)
                note(", ".join(sorted(waiting)))

            if not control.start_services(layout, members, listen):
                raise failed(layout, failures or dict.fromkeys(waiting, "did not become ready"))
        return bool(fresh)

    def _tables(self, layout: Layout) -> None:
        """Tables and the storage pool, once; the tables go to the cache before anyone writes into them."""
        with Once(layout.data / "tables", _digest("schema", "ceph-pools")) as once:
            if not once.is_due:
                return
            with self.progress.step("database tables, storage pool"):
                for name in ("schema", "ceph-pools"):
                    run(layout, *step(layout, name))
            if archive.is_wanted(self.settings.cache) and not (layout.data / "identity").exists():
                self._keep_databases(layout)

    def _keep_databases(self, layout: Layout) -> None:
        """Stop MariaDB for a moment, so that its files are whole, and pack them."""
        mariadb = tuple(service for service in services(layout) if service.name == "mariadb")
        with self.progress.step("keep the empty databases for the next fresh lab"):
            control.order(layout, "stop", names=["mariadb"])
            archive.keep(layout, self.settings.cache)
            control.start_services(layout, mariadb, lambda *_: None)

    def _identity(self, layout: Layout) -> None:
        """The first user, then the service users and the catalog, once."""
        plan = (*map(repr, apis.APIS), *apis.SERVICE_USERS, _source(BOOTSTRAP))
        with Once(layout.data / "identity", _digest(*plan)) as once:
            if not once.is_due:
                return
            with self.progress.step("users, roles and catalog"):
                run(layout, "keystone-manage", "bootstrap", environment=first_user(layout))
                run_python(layout, "identity")

    def _finish(self, layout: Layout, *, started: bool) -> None:
        """Wait for the host when anything was started, and make the resources that a fresh cloud needs, once."""
        with Once(layout.data / "resources", _digest(_source(BOOTSTRAP))) as once:
            parts = [*(["host"] if started or once.is_due else []), *(["resources"] if once.is_due else [])]
            if not parts:
                return
            with self.progress.step("this machine takes servers and volumes"):
                run_python(layout, *parts)


def take_down(layout: Layout, progress: StepProgress) -> bool:
    """Shut the servers down, then stop every service and the namespaces; false when no lab ran.

    Nova is stopped first: it then remembers the servers as running, and starts them again with the lab.
    """
    outside.stop_forwarder(layout)
    if enter.supervisor(layout.root) is None:
        return False
    with progress.step("switch the servers off"):
        control.order(layout, "stop", names=["nova-compute"])
        control.run_inside(layout, *step(layout, "guests-off"), log=layout.log("setup"))
    with progress.step("stop every service") as note:
        return control.stop(layout, lambda name, event, _detail: note(f"{name} {event}"))


class Once:
    """Something done once per content: ``is_due`` until a ``with`` block for the same digest has ended without an error."""

    def __init__(self, mark: Path, digest: str) -> None:
        self._mark = mark
        self._digest = digest
        self.is_due = not mark.exists() or mark.read_text() != digest

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Set the mark unless the block failed."""
        if kind is None and self.is_due:
            self._mark.write_text(self._digest)


def first_user(layout: Layout) -> dict[str, str]:
    """The environment from which `keystone-manage bootstrap` takes what must not be on a command line."""
    url = f"{layout.url(apis.KEYSTONE.port)}/v3"
    return {
        "OS_BOOTSTRAP_PASSWORD": Secrets.kept_in(layout.secrets_file).administrator,
        "OS_BOOTSTRAP_USERNAME": render.OPERATOR,
        "OS_BOOTSTRAP_PROJECT_NAME": render.PROJECT,
        "OS_BOOTSTRAP_REGION_ID": layout.profile.region,
        "OS_BOOTSTRAP_ADMIN_URL": url,
        "OS_BOOTSTRAP_INTERNAL_URL": f"{layout.internal_url(apis.KEYSTONE.port)}/v3",
        "OS_BOOTSTRAP_PUBLIC_URL": f"{layout.public_url(apis.KEYSTONE.port)}/v3",
    }


def check(layout: Layout) -> None:
    """Ask every service once more: one that looked alive at first may have died of its configuration since."""
    states = control.order(layout, "states")["states"]
    broken = {row["name"]: row["detail"] for row in states if row["state"] != State.UP}
    if broken:
        raise failed(layout, broken)


def run(layout: Layout, *command: str, environment: Mapping[str, str] | None = None) -> None:
    """Run one command in the lab; :class:`LabError` when it fails."""
    log = layout.log("setup")
    done = control.run_inside(layout, *command, log=log, environment=environment)
    if done.returncode:
        raise LabError.of(
            f"`{' '.join(command)}` failed inside the lab",
            where=str(log),
            expected="exit code 0",
            got=str(done.returncode),
            hint="read the end of the log: ./scripts/lab logs setup; ./scripts/lab up goes on where it stopped",
        )


def run_python(layout: Layout, *parts: str) -> None:
    """Run parts of the bootstrap in the lab, by the lab's own Python."""
    run(layout, f"{layout.venv}/bin/python", "-m", "labcloud.bootstrap", *parts)


def failed(layout: Layout, failures: Mapping[str, str]) -> LabError:
    """One problem per service that did not come."""
    problems = [
        problem
        for name, detail in sorted(failures.items())
        for problem in LabError.of(
            f"{name} did not come up: {detail}", where=str(layout.log(name)), hint=f"./scripts/lab logs {name}"
        ).problems
    ]
    return LabError(*problems)


def _services(number: int) -> str:
    """A number of services in words."""
    return "1 service" if number == 1 else f"{number} services"


def _source(file: Path) -> str:
    """The text of a module: when it changes, what it made is looked at again."""
    return file.read_text()


def _digest(*parts: str) -> str:
    """One short name for a content."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
