"""How the lab stands, judged from what its supervisor and the machine report. Deciding only: it asks nobody itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from labcloud.model import Service, State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FORWARDER = "api ports on the loopback"


@dataclass(frozen=True, slots=True)
class Line:
    """One service: its state, why it is not up, how long its process has run, and the log to read."""

    name: str
    purpose: str
    state: State
    detail: str
    seconds: float
    log: str

    @property
    def is_up(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.state is State.UP


@dataclass(frozen=True, slots=True)
class Status:
    """The whole lab."""

    running: bool
    lines: tuple[Line, ...]

    @property
    def is_up(self) -> bool:
        """Whether the lab runs and every one of its services is up."""
        return self.running and all(line.is_up for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        """The form for ``--json``."""
        return {"up": self.is_up, "running": self.running, "services": [asdict(line) for line in self.lines]}


def judge(table: Iterable[Service], reports: Iterable[Mapping[str, Any]], logs: Path) -> tuple[Line, ...]:
    """One line per service of the table; a service that the supervisor never saw is absent."""
    by_name = {report["name"]: report for report in reports}
    return tuple(_line(service, by_name.get(service.name), logs) for service in table)


def judge_forwarder(pid: int | None, log: Path) -> Line:
    """The line of the process that offers the ports outside."""
    state, detail = (State.UP, "") if pid else (State.DOWN, "nothing offers them; ./scripts/lab up")
    return Line("forwarder", FORWARDER, state, detail, 0.0, str(log))


def _line(service: Service, report: Mapping[str, Any] | None, logs: Path) -> Line:
    """Judge one service."""
    log = str(logs / f"{service.name}.log")
    if report is None:
        return Line(service.name, service.purpose, State.ABSENT, "never started; ./scripts/lab up", 0.0, log)
    return Line(service.name, service.purpose, State(report["state"]), report["detail"], float(report["seconds"]), log)
