"""The command: snapshots of the cloud of OS_CLOUD while clients change it; every one has to be usable."""

from __future__ import annotations

import time
from statistics import mean
from threading import Event
from typing import Annotated

import typer

from benchmarks.churn.clients import start
from infra.errors import RingfenceError
from infra.neutron.semantics.parties import Trust
from ringfence.analysis.running import running

FAILED = 1


def run(
    *,
    snapshots: Annotated[int, typer.Option(min=1, help="How many snapshots to take.")] = 50,
    clients: Annotated[int, typer.Option(min=0, help="How many clients change the cloud meanwhile.")] = 6,
) -> None:
    """Snapshots beside clients that make and delete servers, routers, floating IPs, networks, ports and groups: exit 0 if all are usable.

    A snapshot in which something dangled all the same, and is named, is usable. The clients use the credential of OS_CLOUD.

    Examples: `./scripts/bench churn`; `./scripts/bench churn --snapshots 5 --clients 2`
    """
    stop, took, refused, named = Event(), [], 0, 0
    lives = start(clients, stop)
    for number in range(snapshots):
        began = time.monotonic()
        try:
            dangling = [unknown for unknown in running(None, Trust(), lambda _part, _count: None).unknowns if "dangling" in unknown.type]
        except RingfenceError as error:
            refused += 1
            print(f"snapshot {number}: {error}")
        else:
            named += bool(dangling)
            took.append(time.monotonic() - began)
    stop.set()
    for _, thread in lives:
        thread.join()
    rounds = sum(client.rounds for client, _ in lives)
    seconds = f"{mean(took):.1f} s each, {max(took):.1f} s at most" if took else "none"
    print(f"{len(took)} of {snapshots} usable ({named} name what dangles), {seconds}; {rounds} rounds of {clients} clients beside them")
    for client, _ in lives:
        for trouble in client.troubles[:3]:
            print(f"client {client.number}: {trouble}")
    if refused:
        raise typer.Exit(FAILED)
