from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from infra.outcome import CheckVerdict
from infra.render.expectation import Expected
from ringfence.project import Ended, Project
from ringfence.verify.model import Layer, Place
from ringfence.verify.probes.plan import Selection

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.verify.probes.evidence import Line
    from tests.live.stage import Stage

pytestmark = pytest.mark.live
PLACES = frozenset({Place.ZONE, Place.PUBLIC, Place.MANAGEMENT})


def probed_during(stage: Stage, wanted: Selection, project: Project) -> tuple[list[Line], list[Line], Ended]:
    """Probe again and again while the engine updates the stack; the last time begins after it has ended."""
    lines: list[Line] = []
    with ThreadPoolExecutor(1) as pool:
        update: Future[Ended] = pool.submit(project.up)
        while not update.done():
            lines += stage.packets(wanted)
        ended = update.result()
    after = stage.packets(wanted)
    return lines, after, ended


def wrong(lines: list[Line]) -> list[str]:
    """Return what is not as the declaration says."""
    return [f"{line.outcome.check}: {line.outcome.reason}" for line in lines if line.outcome.verdict is not CheckVerdict.PASS]


@dataclass(frozen=True, slots=True)
class Move:
    """A flow between two servers whose port changes by one."""

    source: str
    target: str
    flow: str
    old: int

    @classmethod
    def of(cls, tenant: dict[str, Any], name: str) -> Move:
        """Take the first TCP flow between two servers."""
        for flow, entry in tenant["flows"].items():
            if {entry["from"], entry["to"]} <= set(tenant["servers"]) and entry["protocol"] == "tcp":
                return cls(f"{name}/{entry['from']}", f"{name}/{entry['to']}", flow, int(entry["ports"][0]))
        pytest.skip("no TCP flow between two servers")

    def concerns(self, line: Line) -> bool:
        """Tell whether a probe is about the old or the new port of the flow."""
        case = line.case
        return (case.source, case.target.node) == (self.source, self.target) and case.port in {self.old, self.old + 1}


def test_no_moment_is_wider_than_old_and_new(stage: Stage, tmp_path: Path) -> None:
    """While a flow's port changes and changes back, only its old and its new port are ever open; all else stays as it was."""
    name = stage.opened.inventory.tenants[0].name
    project = Project(tmp_path, name)
    project.copy_declaration()
    changed = project.declared()
    move = Move.of(changed, name)
    servers = frozenset(server for server in stage.servers() if server.startswith(f"{name}/"))
    wanted = Selection(frozenset(stage.plan.nodes), servers, PLACES)
    changed["flows"][move.flow]["ports"] = [move.old + 1]
    project.declare(changed)
    try:
        during, after, ended = probed_during(stage, wanted, project)
    finally:
        project.copy_declaration()
        back, restored_to, restored = probed_during(stage, wanted, project)
    assert during
    assert back
    assert (ended.status, restored.status) == (0, 0), ended.output + restored.output
    assert wrong([line for line in (*during, *after, *back) if not move.concerns(line)]) == []
    assert wrong(restored_to) == []
    # The twin: in between the new port really was open and the old one closed, in both layers.
    moved = [line for line in after if move.concerns(line) and line.outcome.verdict is CheckVerdict.FAIL]
    assert {line.case.expected for line in moved} == set(Expected)
    assert {line.case.layer for line in moved} == set(Layer)
