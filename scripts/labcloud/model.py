"""What a service of the lab is, as data, and its form on the wire between command line and supervisor."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

# What runs as the supervisor, and therefore stays as it was when the files change under a running lab.
RESIDENT = ("model.py", "probes.py", "processes/children.py", "processes/service_manager.py", "processes/supervisor.py")


def version() -> str:
    """One short name for the supervisor's code as the files have it now."""
    texts = ((Path(__file__).parent / name).read_bytes() for name in RESIDENT)
    return hashlib.sha256(b"".join(texts)).hexdigest()[:16]


class Stage(IntEnum):
    """When a service starts: everything of one stage at the same time, stages one after the other, stopped in reverse."""

    STORES = 1
    PLATFORM = 2
    CHASSIS = 3
    IDENTITY = 4
    CONTROL = 5
    WORKERS = 6


class ProbeKind(StrEnum):
    """How readiness is seen."""

    ALIVE = "alive"
    TCP = "tcp"
    HTTP = "http"
    AMQP = "amqp"
    CEPH = "ceph"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question whose answer says that a service serves.

    ``subject`` is nothing for ``ALIVE``, host and port for ``TCP`` and ``AMQP``, an URL for ``HTTP``, admin socket,
    question and expected state for ``CEPH``, and an argument list for ``COMMAND``.
    """

    kind: ProbeKind = ProbeKind.ALIVE
    subject: tuple[str, ...] = ()

    @classmethod
    def tcp(cls, host: str, port: int) -> Probe:
        """Ready when a TCP connection is accepted."""
        return cls(ProbeKind.TCP, (host, str(port)))

    @classmethod
    def amqp(cls, host: str, port: int) -> Probe:
        """Ready when the opening of the protocol (AMQP 0-9-1, 2.2.4) is answered."""
        return cls(ProbeKind.AMQP, (host, str(port)))

    @classmethod
    def http(cls, url: str) -> Probe:
        """Ready when an HTTP request is answered with a version document or a demand for credentials."""
        return cls(ProbeKind.HTTP, (url,))

    @classmethod
    def ceph(cls, socket: str, question: str, state: str) -> Probe:
        """Ready when a Ceph daemon itself says that it is in a state (the monitor's map may tell of an earlier life)."""
        return cls(ProbeKind.CEPH, (socket, question, state))

    @classmethod
    def command(cls, *arguments: str) -> Probe:
        """Ready when a command ends with 0."""
        return cls(ProbeKind.COMMAND, arguments)


Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Service:
    """One long-running program: how to start it, when it is ready, what to do around that."""

    name: str
    stage: Stage
    purpose: str
    command: Command
    ready: Probe = field(default_factory=Probe)
    before: tuple[Command, ...] = ()
    after: tuple[Command, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    patience: float = 600.0
    grace: float = 15.0

    def runs_like(self, other: Service) -> bool:
        """Whether a process started for one serves for the other: how it is asked and how long it may take do not matter."""
        return (self.command, self.environment, self.before, self.after) == (
            *(other.command, other.environment),
            *(other.before, other.after),
        )

    def to_wire(self) -> dict[str, Any]:
        """The service as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_wire(cls, wire: dict[str, Any]) -> Service:
        """The reverse of :meth:`to_wire`."""
        return cls(
            name=wire["name"],
            stage=Stage(wire["stage"]),
            purpose=wire["purpose"],
            command=tuple(wire["command"]),
            ready=Probe(ProbeKind(wire["ready"]["kind"]), tuple(wire["ready"]["subject"])),
            before=tuple(tuple(command) for command in wire["before"]),
            after=tuple(tuple(command) for command in wire["after"]),
            environment=tuple((name, value) for name, value in wire["environment"]),
            patience=float(wire["patience"]),
            grace=float(wire["grace"]),
        )


class Event(StrEnum):
    """What the supervisor reports about a service while it acts on it."""

    STARTING = "starting"
    READY = "ready"
    ALREADY = "already"
    FAILED = "failed"
    STOPPED = "stopped"


class State(StrEnum):
    """How a service stands."""

    UP = "up"
    STARTING = "starting"
    DEAF = "deaf"
    DOWN = "down"
    ABSENT = "absent"


def by_stage(services: tuple[Service, ...]) -> list[tuple[Stage, tuple[Service, ...]]]:
    """Group services by stage, first stage first, in the order of the table within a stage."""
    stages = sorted({service.stage for service in services})
    return [(stage, tuple(service for service in services if service.stage is stage)) for stage in stages]
