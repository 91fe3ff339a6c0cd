"""The command: one crowd after the other, a table, and the section of docs/benchmarks.md if asked to."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from benchmarks.document import DOCUMENT, machine, replace_section, table
from benchmarks.tenants.declarations import Crowd
from benchmarks.up import store
from benchmarks.up.interrupts import Endings
from benchmarks.up.run import enter_cloud
from benchmarks.up.screen import Screen
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.tenants.run import Told

FAILED, INTERRUPTED = 1, 130
FEW = 8
"""Routes to a router while the tenants have servers: two routers are needed, and the servers of half of them are behind the second one."""
USUAL = 30


def run(
    *,
    servers: Annotated[int, typer.Option(min=0, max=60, help="How many tenants with a server each; 0 leaves them out.")] = 12,
    networks: Annotated[int, typer.Option(min=0, max=200, help="How many tenants of networks only; 0 leaves them out.")] = 40,
    max_routes: Annotated[int, typer.Option(min=0, help="How many routes a router may hold; 0: few with servers, else the usual.")] = 0,
    day: Annotated[int, typer.Option(min=0, help="Chooses who asks whom: a day's number; today's when left out.")] = 0,
    write: Annotated[bool, typer.Option("--write", help='Replace the section "Many tenants" of docs/benchmarks.md.')] = False,
) -> None:
    """Many tenants on the live cloud, made, verified and removed again: exit 0 when all is as declared, else 1.

    Needs the platform of ./scripts/demo, and about half an hour. Beside it nothing else may change the platform.

    Examples: `./scripts/bench tenants`; `./scripts/bench tenants --servers 0 --networks 6 --max-routes 5`
    """
    crowds = [
        *([Crowd("with a server each", servers, servers=True, max_routes=max_routes or FEW)] if servers else []),
        *([Crowd("of networks only", networks, servers=False, max_routes=max_routes or USUAL)] if networks else []),
    ]
    done: list[Told] = []
    console = Console(stderr=True, highlight=False)
    try:
        with store.only_one(), Screen() as screen, Endings(screen.tell) as endings:
            enter_cloud()
            today = day or datetime.now(UTC).date().toordinal()
            done.extend(one(crowd, today, screen, endings) for crowd in crowds)
    except KeyboardInterrupt:
        console.print("interrupted; what had been made was removed", style="red")
        raise typer.Exit(INTERRUPTED) from None
    except RingfenceError as error:
        console.print(str(error), style="red", markup=False)
        raise typer.Exit(FAILED) from error
    lines = markdown(done)
    Console(highlight=False, soft_wrap=True).print("\n".join(lines), markup=False)
    for line in (line for told in done for line in told.bad[:20]):
        console.print(line, style="red", markup=False)
    if write:
        typed = f"./scripts/bench tenants --servers {servers} --networks {networks}{f' --max-routes {max_routes}' if max_routes else ''}"
        replace_section(DOCUMENT, "tenants", "\n".join(["## Many tenants", "", machine(typed), "", *lines]))
    if not all(told.is_green for told in done):
        raise typer.Exit(FAILED)


def one(crowd: Crowd, day: int, screen: Screen, endings: Endings) -> Told:
    """Measure one crowd."""
    from benchmarks.tenants.run import measure  # noqa: PLC0415 - imports the cloud's client

    screen.begin(f"{crowd.tenants} tenants {crowd.name}")
    told = measure(crowd, day, screen.say, endings)
    screen.tell(f"{crowd.tenants} tenants {crowd.name}: {'as declared' if told.is_green else 'NOT as declared'}")
    return told


def markdown(done: Sequence[Told]) -> list[str]:
    """Return the table: a line for each crowd."""
    made = ("tenants", "runs at once", "all up", "slowest, median", "routes by router")
    looked = ("verified", "API asked across", "`ringfence fleet`", "all destroyed", "")
    head = (*made, *looked)
    return table(head, *(_row(told) for told in done))


def _row(told: Told) -> tuple[str, ...]:
    seconds = sorted(told.up.values()) or [0.0]
    parts = "; ".join(f"{name}: {count:,} checks in {took:.0f} s" for name, (count, took) in told.parts.items())
    return (
        f"{told.crowd.tenants} {told.crowd.name}",
        str(told.runs),
        f"{told.up_all:.0f} s",
        f"{seconds[-1]:.0f} s, {seconds[len(seconds) // 2]:.0f} s",
        ", ".join(f"{name} {count}" for name, count in sorted(told.routes.items())),
        parts,
        told.turn,
        "; ".join(one.text for one in told.fleet),
        f"{told.down_all:.0f} s",
        "as declared" if told.is_green else f"**{len(told.bad)} not as declared**",
    )
