"""``ringfence snapshot`` and ``ringfence check``: keep a state, and have a certificate checked by independent code."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from infra.errors import QuestionError
from infra.neutron.semantics.services import Driver
from infra.neutron.snapshot.store import lines_of, written
from ringfence.analysis.declarations import trust
from ringfence.analysis.options import BROKEN, HOLDS, AsJson, DriverName, PlatformIds, Today, console, declarations_of, emit, read
from ringfence.analysis.output import write
from ringfence.analysis.running import streamed
from ringfence.checker import conditions

if TYPE_CHECKING:
    from infra.neutron.snapshot import Header, Snapshot


def add(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("snapshot")(snapshot)
    app.command("check")(check)


def snapshot(
    file: Annotated[Path, typer.Argument(help="The file to write.")],
    state: Annotated[
        str,
        typer.Option("--state", "-s", help="What to take: cloud[:NAME], declarations, git:REV, plan:FILE+STATE, a folder of JSON files."),
    ] = "cloud",
    driver: DriverName = None,
    *,
    platform: PlatformIds = None,
    today: Today = None,
    as_json: AsJson = False,
) -> None:
    """Write a snapshot of a cloud; a credential that may only read is enough. Exit 0, or 2 when there is none to be had.

    Examples: `OS_CLOUD=auditor ringfence snapshot cloud.jsonl`; `ringfence snapshot declared.jsonl --state declarations --json`
    """
    mark = None
    if state.partition(":")[0] == "cloud":
        header, records = streamed(state.partition(":")[2] or None, trust(frozenset(platform or ())), _tell)
        lines = written(header if driver is None else _told(header, driver), records)
    else:
        opened = read(
            state, driver, today=today, alone=True, platform=platform
        )  # what was taken is written, whatever it would be compared with
        mark = declarations_of(opened)
        lines = opened.lines() if driver is None else lines_of(_under(opened.taken, driver))
    digest = write(file, lines)
    if as_json:
        emit({"file": str(file), "sha256": digest, "declarations": mark})
    else:
        console().print(f"{file}: sha256 {digest}")


def _under(taken: Snapshot, driver: Driver) -> Snapshot:
    return msgspec.structs.replace(taken, header=_told(taken.header, driver))


def _told(header: Header, driver: Driver) -> Header:
    """Return a header that names a driver; the widest reading is none, so the file says that nobody knows."""
    return msgspec.structs.replace(header, driver=None if driver is Driver.WIDEST else driver.value)


def _tell(part: str, count: int) -> None:
    typer.echo(f"{part}: {count}", err=True)


def check(
    certificate: Annotated[Path, typer.Argument(help="What `ringfence prove --certificate` wrote.")],
    snapshot: Annotated[Path, typer.Argument(help="What `ringfence prove --snapshot` or `ringfence snapshot` wrote.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Check a certificate against its snapshot, from the definitions alone (docs/proof.md).

    Exit 0 when it proves what it says, 1 when it is refused, 2 when one of the files cannot be read as what it should be.

    Examples: `ringfence check proof.json cloud.jsonl`; `python scripts/ringfence/checker proof.json cloud.jsonl`, which needs
    nothing else of ringfence
    """
    told, complaint = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(complaint):
        code = conditions.main([str(certificate), str(snapshot)])
    if code not in {HOLDS, BROKEN}:
        got = complaint.getvalue().strip().removeprefix("cannot tell: ")
        hint = "name what `ringfence prove --certificate PROOF --snapshot CLOUD` wrote, in this order"
        raise QuestionError.of("the certificate cannot be checked", where=f"{certificate}, {snapshot}", got=got, hint=hint)
    if as_json:
        said: dict[str, list[str]] = {}
        for word, _, text in (line.partition(": ") for line in told.getvalue().splitlines()):
            said.setdefault(word, []).append(text)
        claims = [claim for text in said.get("proven", ()) for claim in text.split(", ")]
        words = {"accepted": "accepted", "trusted": "trusted", "under": "driver", "not checked": "unchecked", "assumed": "assumptions"}
        more = {name: said.get(word, []) for word, name in words.items()}
        emit({"proven": claims, **more, "refused": complaint.getvalue().strip().removeprefix("refused: ")})
    else:
        print((complaint if code else told).getvalue().strip(), file=sys.stderr if code else sys.stdout)
    raise typer.Exit(code)
