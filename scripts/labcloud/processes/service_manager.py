"""Starting, watching and stopping services: what the supervisor does when it is asked to.

It restarts nothing by itself: a service that somebody killed stays down until the next ``lab up``, so that a fault which a test
injects stays injected.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from labcloud.model import Command, Event, Service, State, by_stage
from labcloud.probes import answers

if TYPE_CHECKING:
    from labcloud.layout import Layout
    from labcloud.processes.children import Child, Children

Report = Callable[[str, Event, str], None]
STEP_SECONDS = 600.0
# Between two questions: short at first, longer for services that take their time (asking costs processor time as well).
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 1.5
PAUSE_GROWTH = 1.3


@dataclass(slots=True)
class Managed:
    """A service that was started at least once.

    Its process, whether everything around it was done as well, and whether somebody wants it stopped.
    """

    service: Service
    child: Child
    complete: bool = False
    unwanted: bool = False


@dataclass(slots=True)
class ServiceManager:
    """The services of one lab."""

    layout: Layout
    children: Children
    environment: Mapping[str, str]
    managed: dict[str, Managed] = field(default_factory=dict)
    locks: dict[str, threading.Lock] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def start(self, services: tuple[Service, ...], report: Report) -> bool:
        """Bring up services side by side; true when each is ready. A service that is up is left alone."""
        outcomes: dict[str, bool] = {}

        def one(service: Service) -> None:
            with self._lock(service.name):
                outcomes[service.name] = self._start(service, report)

        _together([partial(one, service) for service in services])
        return len(outcomes) == len(services) and all(outcomes.values())

    def stop(self, names: tuple[str, ...], report: Report) -> None:
        """Stop services: the last stage first, side by side within a stage; kill what does not go in its grace time."""
        known = tuple(self.managed[name].service for name in names if name in self.managed)
        for service in known:
            self.managed[service.name].unwanted = True
        for _, services in reversed(by_stage(known)):
            _together([partial(self._stop, service.name, report) for service in services])

    def stop_all(self, report: Report) -> None:
        """Stop everything."""
        self.stop(tuple(self.managed), report)

    def states(self) -> list[dict[str, Any]]:
        """How every service that was ever started stands, each asked now."""
        managed = list(self.managed.values())
        answers_by_name: dict[str, str] = {}

        def ask(entry: Managed) -> None:
            environment = self._environment(entry.service)
            answers_by_name[entry.service.name] = answers(entry.service.ready, self.children, environment)

        _together([partial(ask, entry) for entry in managed if entry.child.code is None])
        return [self._state(entry, answers_by_name.get(entry.service.name, "")) for entry in managed]

    def _state(self, entry: Managed, answer: str) -> dict[str, Any]:
        """One service's state on the wire."""
        code = entry.child.code
        facts: dict[str, Any] = {"name": entry.service.name, "pid": entry.child.pid, "detail": answer}
        facts["seconds"] = round(time.monotonic() - entry.child.started, 1)
        if code is not None:
            ending = f"killed by signal {-code}" if code < 0 else f"ended with {code}"
            return facts | {"state": State.DOWN, "detail": ending}
        if answer:
            return facts | {"state": State.DEAF if entry.complete else State.STARTING}
        return facts | {"state": State.UP if entry.complete else State.STARTING}

    def _start(self, service: Service, report: Report) -> bool:
        """Bring up one service; the caller holds its lock."""
        environment = self._environment(service)
        entry = self.managed.get(service.name)
        running = entry is not None and entry.child.code is None
        if entry and running and not entry.service.runs_like(service):
            # Its definition has changed since: what runs is not what is asked for.
            self._end(entry)
            running = False
        elif entry:
            # From now on it is asked as the latest definition says.
            entry.service = service
        if entry and running and entry.complete and not answers(service.ready, self.children, environment):
            report(service.name, Event.ALREADY, "")
            return True
        report(service.name, Event.STARTING, "")
        if not (entry and running):
            if not self._steps(service, service.before, report):
                return False
            try:
                child = self.children.spawn(service.command, environment, self.layout.log(service.name))
            except OSError as problem:
                report(service.name, Event.FAILED, f"{service.command[0]}: {problem.strerror}")
                return False
            entry = self.managed[service.name] = Managed(service, child)
        if not self._await(entry, environment, report) or not self._steps(service, service.after, report):
            return False
        entry.complete = True
        report(service.name, Event.READY, "")
        return True

    def _await(self, entry: Managed, environment: Mapping[str, str], report: Report) -> bool:
        """Poll the service's readiness until it answers, ends or runs out of patience."""
        service, answer, pause = entry.service, "", FIRST_PAUSE
        deadline = time.monotonic() + service.patience
        while time.monotonic() < deadline:
            answer = answers(service.ready, self.children, environment)
            if entry.unwanted:
                report(service.name, Event.FAILED, "stopped while it was starting")
                return False
            # A service that dies of its configuration does so within a moment of looking alive.
            if entry.child.wait(0 if answer else FIRST_PAUSE) is not None:
                report(service.name, Event.FAILED, f"ended at once with {entry.child.code}")
                return False
            if not answer:
                return True
            entry.child.wait(pause)
            pause = min(pause * PAUSE_GROWTH, LONGEST_PAUSE)
        report(service.name, Event.FAILED, f"not ready after {service.patience:.0f} s: {answer}")
        return False

    def _steps(self, service: Service, commands: tuple[Command, ...], report: Report) -> bool:
        """Run the commands around a service, one after the other, into its log."""
        for command in commands:
            try:
                code = self.children.run(command, self._environment(service), STEP_SECONDS, self.layout.log(service.name))
            except OSError as problem:
                report(service.name, Event.FAILED, f"{command[0]}: {problem.strerror}")
                return False
            if code:
                report(service.name, Event.FAILED, f"`{' '.join(command)}` ended with {code}")
                return False
        return True

    def _stop(self, name: str, report: Report) -> None:
        """Stop one service."""
        with self._lock(name):
            entry = self.managed[name]
            if entry.child.code is None:
                self._end(entry)
                report(name, Event.STOPPED, "")

    @staticmethod
    def _end(entry: Managed) -> None:
        """End a service's process, by force when it does not go."""
        entry.complete = False
        entry.child.signal_group(signal.SIGTERM)
        if entry.child.wait(entry.service.grace) is None:
            entry.child.signal_group(signal.SIGKILL)
            entry.child.wait(5.0)

    def _environment(self, service: Service) -> Mapping[str, str]:
        """The supervisor's environment and what the service adds."""
        return {**self.environment, **dict(service.environment)}

    def _lock(self, name: str) -> threading.Lock:
        """One lock per service: two orders for the same service follow each other."""
        with self.guard:
            return self.locks.setdefault(name, threading.Lock())


def _together(actions: list[Callable[[], None]]) -> None:
    """Run actions side by side and wait for all."""
    threads = [threading.Thread(target=action, daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
