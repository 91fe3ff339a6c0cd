"""Starting, watching and stopping services, on processes that are only pretended."""

from __future__ import annotations

import signal
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import pytest

from labcloud.model import Event, Probe, Service, Stage, State
from labcloud.processes.children import Child
from labcloud.processes.service_manager import ServiceManager

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from labcloud.layout import Layout
    from labcloud.processes.children import Children


class PretendedChild(Child):
    """A process that ends when it is signalled, unless it is stubborn."""

    stubborn = False

    def signal_group(self, number: signal.Signals) -> None:
        """Take the signal."""
        if not (self.stubborn and number is signal.SIGTERM):
            self.end(-number)

    def end(self, code: int) -> None:
        """End."""
        self.code = code
        self.ended.set()


@dataclass
class PretendedChildren:
    """Notes what would run; ``codes`` are the exit codes of steps and probes by their first word."""

    codes: dict[str, int] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    spawned: list[PretendedChild] = field(default_factory=list)
    missing: frozenset[str] = frozenset()

    def spawn(self, command: tuple[str, ...], _environment: Mapping[str, str], _log: Path) -> PretendedChild:
        """Start nothing."""
        if command[0] in self.missing:
            raise FileNotFoundError(2, "No such file or directory")
        self.ran.append(command[0])
        child = PretendedChild(len(self.spawned) + 100)
        self.spawned.append(child)
        return child

    def run(self, command: tuple[str, ...], *_: object) -> int:
        """Run nothing."""
        self.ran.append(command[0])
        return self.codes.get(command[0], 0)


@dataclass
class Stage1:
    """A manager with its pretended world and the events that it reported."""

    manager: ServiceManager
    children: PretendedChildren
    events: list[tuple[str, Event, str]] = field(default_factory=list)

    def report(self, name: str, event: Event, detail: str) -> None:
        """Note one event."""
        self.events.append((name, event, detail))

    def start(self, *services: Service) -> bool:
        """Start services."""
        self.events.clear()
        return self.manager.start(services, self.report)

    def kinds(self) -> list[Event]:
        """The events without their details."""
        return [event for _, event, _ in self.events]

    def states(self) -> dict[str, str]:
        """State by name."""
        return {row["name"]: row["state"] for row in self.manager.states()}


@pytest.fixture
def stage(layout: Layout) -> Stage1:
    """A fresh manager."""
    children = PretendedChildren()
    return Stage1(ServiceManager(layout, cast("Children", children), {"PATH": "/bin"}), children)


SERVICE = Service(
    "db",
    Stage.STORES,
    "a store",
    ("dbd",),
    Probe.command("ping"),
    before=(("prepare",),),
    after=(("settle",),),
    patience=0.4,
    grace=0.05,
)


def test_a_service_is_prepared_started_asked_and_settled(stage: Stage1) -> None:
    """In this order, and then it is up."""
    assert stage.start(SERVICE)
    assert stage.children.ran == ["prepare", "dbd", "ping", "settle"]
    assert stage.kinds() == [Event.STARTING, Event.READY]
    assert stage.states() == {"db": State.UP}


def test_a_service_that_is_up_is_left_alone(stage: Stage1) -> None:
    """Repeating `up` starts nothing twice."""
    stage.start(SERVICE)
    assert stage.start(SERVICE)
    assert stage.kinds() == [Event.ALREADY]
    assert stage.children.ran.count("dbd") == 1


def test_only_the_killed_service_is_started_again(stage: Stage1) -> None:
    """`up` after a kill brings back that one, preparation included."""
    other = Service("bus", Stage.STORES, "a bus", ("busd",))
    stage.start(SERVICE, other)
    stage.children.spawned[[child for child in stage.children.ran if child in {"dbd", "busd"}].index("dbd")].end(-9)
    assert stage.states() == {"db": State.DOWN, "bus": State.UP}
    assert stage.start(SERVICE, other)
    assert stage.children.ran.count("dbd") == 2
    assert stage.children.ran.count("busd") == 1


def test_a_failed_preparation_starts_nothing(stage: Stage1) -> None:
    """The event names the step and its exit code."""
    stage.children.codes["prepare"] = 3
    assert not stage.start(SERVICE)
    assert "dbd" not in stage.children.ran
    assert stage.events[-1] == ("db", Event.FAILED, "`prepare` ended with 3")


def test_a_program_that_is_not_there_is_told(stage: Stage1) -> None:
    """No trace-back, a failure with the program's name."""
    stage.children.missing = frozenset({"dbd"})
    assert not stage.start(SERVICE)
    assert stage.events[-1] == ("db", Event.FAILED, "dbd: No such file or directory")


def test_a_service_that_never_answers_is_starting_not_up(stage: Stage1) -> None:
    """After its patience the failure tells what the last question came to."""
    stage.children.codes["ping"] = 1
    assert not stage.start(SERVICE)
    assert stage.events[-1][1] is Event.FAILED
    assert "not ready after 0 s: `ping` ended with 1" in stage.events[-1][2]
    assert stage.states() == {"db": State.STARTING}


def test_a_service_that_stops_answering_is_deaf(stage: Stage1) -> None:
    """A process that lives and does not serve is not up."""
    stage.start(SERVICE)
    stage.children.codes["ping"] = 1
    assert stage.states() == {"db": State.DEAF}


def test_a_changed_definition_is_a_new_process(stage: Stage1) -> None:
    """`up` with another command for a service that runs replaces it."""
    stage.start(SERVICE)
    changed = Service.from_wire({**SERVICE.to_wire(), "command": ["dbd2"]})
    assert stage.start(changed)
    assert stage.children.spawned[0].code == -signal.SIGTERM
    assert "dbd2" in stage.children.ran


def test_a_changed_question_reaches_a_running_service(stage: Stage1) -> None:
    """`up` with a new probe for a service that runs leaves the process and asks in the new way from then on."""
    stage.start(SERVICE)
    asked = Service.from_wire({**SERVICE.to_wire(), "ready": {"kind": "command", "subject": ["knock"]}})
    assert stage.start(asked)
    assert stage.children.ran.count("dbd") == 1
    stage.children.codes["knock"] = 1
    assert stage.states() == {"db": State.DEAF}


def test_a_stubborn_service_is_killed_after_its_grace(stage: Stage1) -> None:
    """Stopping ends, whatever the service thinks of SIGTERM."""
    stage.start(SERVICE)
    stage.children.spawned[0].stubborn = True
    stage.manager.stop(("db",), stage.report)
    assert stage.children.spawned[0].code == -signal.SIGKILL
    assert stage.events[-1] == ("db", Event.STOPPED, "")


def test_the_last_stage_stops_first(stage: Stage1) -> None:
    """Services go in the reverse order of their stages."""
    late = Service("api", Stage.CONTROL, "an API", ("apid",))
    stage.start(SERVICE)
    stage.start(late)
    stage.events.clear()
    stage.manager.stop_all(stage.report)
    assert [name for name, _, _ in stage.events] == ["api", "db"]


def test_stopping_does_not_wait_for_a_start_in_progress(stage: Stage1) -> None:
    """Somebody waits for a service that never answers; stopping it ends that wait at once."""
    stage.children.codes["ping"] = 1
    patient = Service.from_wire({**SERVICE.to_wire(), "patience": 30.0})
    starter = threading.Thread(target=stage.start, args=(patient,))
    starter.start()
    while not stage.children.spawned:
        pass
    stage.manager.stop(("db",), stage.report)
    starter.join(60.0)
    assert not starter.is_alive()
    assert ("db", Event.FAILED, "stopped while it was starting") in stage.events
