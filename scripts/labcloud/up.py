"""``lab up``: from whatever there is to a cloud that serves. Every part looks first and does what is missing."""

from __future__ import annotations

import fcntl
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labcloud import control, outside, packages, render, venv
from labcloud.layout import Layout
from labcloud.model import Event, Service, Stage, by_stage
from labcloud.passwords import Secrets
from labcloud.services import services, step
from labcloud.settings import LabError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from labcloud.progress import Teller
    from labcloud.settings import Settings

PRIVATE = 0o700


@contextmanager
def only_one(root: Path) -> Iterator[None]:
    """Hold the lab for one ``up``, ``down`` or ``wipe`` at a time; the lock goes with its process."""
    root.mkdir(parents=True, exist_ok=True, mode=PRIVATE)
    with (root.parent / "lab.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            raise LabError.of("another `lab up`, `down` or `wipe` works on this lab", where=str(root), hint="wait for it to end") from busy
        yield


@dataclass(frozen=True, slots=True)
class Bringup:
    """One run of ``lab up``."""

    settings: Settings
    teller: Teller

    def run(self) -> Layout:
        """Bring the lab up; :class:`LabError` says what did not come and which log to read."""
        self.settings.root.chmod(PRIVATE)
        self._packages()
        layout = self._layout()
        self._configure(layout)
        table = by_stage(services(layout))
        for stage, members in table:
            if stage is Stage.IDENTITY:
                self._inside(layout, "database tables and storage pool", "schema", "ceph-pool", "keystone-keys")
            self._start(layout, stage, members)
            if stage is Stage.IDENTITY:
                self._identity(layout)
        self._python(layout, "this machine takes servers and volumes", "host")
        self._python(layout, "flavors, external network, volume type", "resources")
        if self.settings.forward:
            outside.start_forwarder(layout)
        return layout

    def _packages(self) -> None:
        """Debian's packages and the services' Python environment."""
        logs = self.settings.root / "log"
        logs.mkdir(exist_ok=True, mode=PRIVATE)
        absent = packages.missing()
        if absent:
            with self.teller.step(f"install {len(absent)} Debian packages"):
                packages.install(absent, logs / "packages.log")
        if not venv.is_ready(self.settings.cache):
            with self.teller.step("install the OpenStack services (about 200 Python packages)"):
                venv.make(self.settings.cache, logs / "venv.log")

    def _layout(self) -> Layout:
        """The lab's layout, and that it is still the one it was made with."""
        layout = Layout(self.settings.root, venv.location(self.settings.cache), self.settings.port_offset)
        try:
            earlier = Layout.load(layout.root)
        except FileNotFoundError:
            layout.data.mkdir(exist_ok=True)
        else:
            if earlier.port_offset != layout.port_offset:
                raise LabError.of(
                    "this lab was made with other ports, and its catalog holds them",
                    where="RINGFENCE_LAB_PORT_OFFSET",
                    expected=str(earlier.port_offset),
                    got=str(layout.port_offset),
                    hint="./scripts/lab wipe makes room for a new lab",
                )
        layout.save()
        return layout

    def _configure(self, layout: Layout) -> None:
        """Write the configuration, make the namespaces and put it into them."""
        identifier = layout.data / "cluster-id"
        if not identifier.exists():
            identifier.write_text(str(uuid.uuid4()))
        secrets = Secrets.kept_in(layout.root / "secrets.json")
        render.write(render.Facts(layout, secrets, identifier.read_text().strip()))
        with self.teller.step("namespaces and configuration"):
            control.start(layout)
            self._run(layout, *step(layout, "configure"))

    def _start(self, layout: Layout, stage: Stage, members: tuple[Service, ...]) -> None:
        """Start one stage and tell which services it waits for."""
        waiting = {service.name for service in members}
        failures: dict[str, str] = {}

        with self.teller.step(f"{_TITLES[stage]} ({len(members)} services)") as note:

            def listen(name: str, event: Event, detail: str) -> None:
                if event in {Event.READY, Event.ALREADY}:
                    waiting.discard(name)
                elif event is Event.FAILED:
                    failures[name] = detail
                note(", ".join(sorted(waiting)))

            if not control.start_services(layout, members, listen):
                raise _failed(layout, failures or dict.fromkeys(waiting, "did not become ready"))

    def _identity(self, layout: Layout) -> None:
        """The first user, then the service users and the catalog."""
        secrets = Secrets.kept_in(layout.root / "secrets.json")
        with self.teller.step("users, roles and catalog"):
            self._run(
                layout,
                *("keystone-manage", "bootstrap"),
                environment={
                    "OS_BOOTSTRAP_PASSWORD": secrets.administrator,
                    "OS_BOOTSTRAP_USERNAME": render.OPERATOR,
                    "OS_BOOTSTRAP_PROJECT_NAME": render.PROJECT,
                    "OS_BOOTSTRAP_REGION_ID": render.REGION,
                    "OS_BOOTSTRAP_ADMIN_URL": f"{layout.url(5000)}/v3",
                    "OS_BOOTSTRAP_INTERNAL_URL": f"{layout.url(5000)}/v3",
                    "OS_BOOTSTRAP_PUBLIC_URL": f"{layout.url(5000)}/v3",
                },
            )
            self._run(layout, f"{layout.venv}/bin/python", "-m", "labcloud.bootstrap", "identity")

    def _inside(self, layout: Layout, what: str, *names: str) -> None:
        """Run prepared steps in the lab."""
        with self.teller.step(what):
            for name in names:
                self._run(layout, *step(layout, name))

    def _python(self, layout: Layout, what: str, part: str) -> None:
        """Run a part of the bootstrap in the lab."""
        with self.teller.step(what):
            self._run(layout, f"{layout.venv}/bin/python", "-m", "labcloud.bootstrap", part)

    @staticmethod
    def _run(layout: Layout, *command: str, environment: dict[str, str] | None = None) -> None:
        """Run one command in the lab; :class:`LabError` when it fails."""
        log = layout.log("setup")
        done = control.run_inside(layout, *command, log=log, environment=environment)
        if done.returncode:
            raise LabError.of(
                f"`{' '.join(command)}` failed inside the lab",
                where=str(log),
                expected="exit code 0",
                got=str(done.returncode),
                hint="read the log's end: ./scripts/lab logs setup; then ./scripts/lab up goes on where it stopped",
            )


_TITLES = {
    Stage.STORES: "databases, message bus, storage monitor",
    Stage.PLATFORM: "virtual switch, storage, hypervisor",
    Stage.CHASSIS: "network controller",
    Stage.IDENTITY: "Keystone",
    Stage.CONTROL: "OpenStack APIs and schedulers",
    Stage.WORKERS: "compute host",
}


def _failed(layout: Layout, failures: dict[str, str]) -> LabError:
    """One problem per service that did not come."""
    problems = [
        problem
        for name, detail in sorted(failures.items())
        for problem in LabError.of(
            f"{name} did not come up: {detail}", where=str(layout.log(name)), hint=f"./scripts/lab logs {name}"
        ).problems
    ]
    return LabError(*problems)
