"""``ringfence snapshot`` and ``ringfence check``: keep a state, and have a certificate checked by independent code."""

from __future__ import annotations

import hashlib
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import Annotated

import typer

from infra.neutron.store import lines_of, written
from ringfence import checker
from ringfence.analysis.options import BROKEN, DriverName, read
from ringfence.analysis.states import streamed


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("snapshot")(snapshot)
    app.command("check")(check)


def snapshot(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    state: Annotated[str, typer.Option("--state", "-s", help="What to take: cloud[:NAME], declarations, git:REV, plan:FILE.")] = "cloud",
    driver: DriverName = None,
) -> None:
    """Write a snapshot of a cloud; a credential that may only read is enough.

    Example: `OS_CLOUD=auditor ringfence snapshot cloud.jsonl`
    """
    hasher = hashlib.sha256()
    partial = file.with_suffix(f"{file.suffix}.partial")
    if state.partition(":")[0] == "cloud":
        header, records = streamed(state.partition(":")[2] or None, _tell)
        lines = written(header, records)
    else:
        lines = lines_of(read(state, driver).snapshot)
    with partial.open("wb") as out:
        for line in lines:
            hasher.update(line)
            out.write(line)
    partial.rename(file)
    print(f"{file}: sha256 {hasher.hexdigest()}")


def _tell(part: str, count: int) -> None:
    typer.echo(f"{part}: {count}", err=True)


def check(
    certificate: Annotated[Path, typer.Argument(help="What `ringfence prove --certificate` wrote.", exists=True)],
    snapshot: Annotated[Path, typer.Argument(help="What `ringfence prove --snapshot` or `ringfence snapshot` wrote.", exists=True)],
) -> None:
    """Check a certificate against its snapshot, from the definitions alone (docs/proof.md): exit 0 when it proves what it says, else 1."""
    if checker.main([str(certificate), str(snapshot)]):
        raise typer.Exit(BROKEN)
