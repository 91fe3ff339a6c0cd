"""One crowd: made, verified, removed, and nothing of it left."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.tenants import fleet
from benchmarks.tenants.declarations import PREFIX
from benchmarks.tenants.stage import Stage, at_once, platform_as_shipped
from infra.dynamic import clouds
from infra.errors import CloudError
from ringfence.verify import open as opening
from ringfence.verify.report import files
from ringfence.verify.result import Kind
from ringfence.verify.run import Request, Verification
from ringfence.verify.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.tenants.declarations import Crowd
    from benchmarks.tenants.fleet import Said
    from benchmarks.up.interrupts import Endings
    from ringfence.verify.result import Result

PAIRS_OF_A_TENANT = 3
"""How many others each tenant asks in one turn."""
ROUTER = "platform"
TRACES = ("networks", "subnets", "routers", "security_groups", "projects")


@dataclass(frozen=True, slots=True)
class Told:
    """What a crowd came to. ``bad`` is what did not pass, one line each; ``turn`` is what of the pairs of tenants was asked."""

    crowd: Crowd
    runs: int
    up: dict[str, float] = field(default_factory=dict)
    up_all: float = 0.0
    parts: dict[str, tuple[int, float]] = field(default_factory=dict)
    """By part of the verification: how many checks passed, and its seconds."""
    bad: tuple[str, ...] = ()
    turn: str = ""
    folder: str = ""
    down_all: float = 0.0
    routes: dict[str, int] = field(default_factory=dict)
    fleet: tuple[Said, ...] = ()
    """What each verb of ``ringfence fleet`` said of the crowd."""

    @property
    def is_green(self) -> bool:
        """Whether every tenant was up and everything that was verified passed."""
        return len(self.up) == self.crowd.tenants and bool(self.parts) and not self.bad


def turn_of(crowd: Crowd, day: int) -> Turn:
    """Return the turn of a day: of a cycle in which each tenant asks some others at a time; every cycle has a seed of its own."""
    of = max(1, -(-(crowd.tenants - 1) // PAIRS_OF_A_TENANT))
    return Turn(day % of + 1, of, day // of)


def measure(crowd: Crowd, day: int, say: Callable[[str], None], endings: Endings) -> Told:
    """Make, verify and remove a crowd. Raises :class:`CloudError` when something of it is left."""
    before, runs = traces(), at_once(crowd)
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        stage = Stage(Path(one), crowd, say)
        took = {"down": 0.0}

        def away() -> None:
            began = time.monotonic()
            stage.down()
            took["down"] = time.monotonic() - began
            platform_as_shipped(Path(other) / "shipped", say)

        (Path(other) / "shipped").mkdir()
        with endings.undone(away):
            began = time.monotonic()
            up = stage.up().seconds
            up_all = time.monotonic() - began
            routes = platforms_routes()
            say("verifying")
            turn = turn_of(crowd, day)
            result = verified(stage, turn, say)
            folder = files.write(result)
            told = tuple(stage.fleet(verb) for verb in (fleet.OF_SERVERS if crowd.servers else fleet.OF_NETWORKS))
    left = traces() ^ before
    if left:
        raise CloudError.of("the cloud is not as it was before", where=crowd.name, expected="no traces", got=", ".join(sorted(left)[:5]))
    parts = {str(kind): (sum(result.counts(kind).values()), result.seconds.get(str(kind), 0.0)) for kind in Kind if result.counts(kind)}
    bad = tuple(f"{c.outcome.verdict}: {c.kind}: {c.outcome.check}: {c.outcome.reason}" for c in result.bad())
    bad += tuple(line for one in told for line in one.bad)
    return Told(crowd, runs, up, up_all, parts, bad, said(result), folder.name, took["down"], routes, told)


def said(result: Result) -> str:
    """Return what the report says of the pairs that were not asked."""
    words = (check.outcome.reason for check in result.checks if check.kind is Kind.DENIAL and check.outcome.reason.startswith("turn "))
    return next(words, "all ordered pairs are asked")


def verified(stage: Stage, turn: Turn, say: Callable[[str], None]) -> Result:
    """Compare the cloud, ask the API, and where there are servers log in on each over the bastion and look at its inside."""
    opened = opening.read(stage.crowd.names(), stage.folder)
    kinds = {Kind.CLOUD, Kind.DENIAL, *((Kind.GUEST,) if stage.crowd.servers else ())}
    verification = Verification(
        opened.inventory, opened.cloud, opened.identities, lambda what, done, total: say(f"{what} {done} of {total}")
    )
    return verification.run(Request(kinds=frozenset(kinds), turn=turn))


def platforms_routes() -> dict[str, int]:
    """Return how many routes each router of the platform has."""
    cloud = clouds.admin()
    rows = cloud.network.get(f"/routers?project_id={cloud.current_project_id}", raise_exc=True).json()["routers"]
    return {row["name"]: len(row["routes"]) for row in rows if row["name"].startswith(ROUTER)}


def traces() -> frozenset[str]:
    """Return what the cloud has that a crowd could leave: things with a name of theirs, and all routes of the platform's routers."""
    cloud = clouds.admin()
    found: set[str] = set()
    for kind in TRACES:
        service = cloud.identity if kind == "projects" else cloud.network
        path = kind.replace("_", "-")
        rows = service.get(f"/{path}", raise_exc=True).json()[kind]
        found |= {f"{kind} {row['id']} {row['name']}" for row in rows if str(row["name"]).startswith((PREFIX, "platform"))}
        found |= {f"route {route}" for row in rows for route in row.get("routes", ())}
    return frozenset(found)
