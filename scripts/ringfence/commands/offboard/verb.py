"""The verb: the end of a tenant, step by step, with a certificate of removal."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path  # noqa: TC003 - typer reads the annotations at run time
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from infra.errors import QuestionError
from infra.offboarding.proof import verdict
from infra.offboarding.signatures import Signer
from infra.offboarding.steps import ERASING, FIRST_ERASURE, MEANINGS, ORDER, Step
from infra.outcome import CheckVerdict
from infra.text import visible
from ringfence.analysis.options import AsJson  # noqa: TC001 - typer reads the annotations at run time
from ringfence.analysis.output import Plain, console, emit
from ringfence.verb import verb

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from infra.offboarding.proof import Absence
    from ringfence.offboarding.places import Place
    from ringfence.offboarding.work import Settings

STYLES = {CheckVerdict.PASS: "green", CheckVerdict.SKIPPED: "dim", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta"}
CODES = {CheckVerdict.PASS: 0, CheckVerdict.FAIL: 1, CheckVerdict.ERROR: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What is to be done; without any of it, what would be, and where it stands."""

    prepare: Annotated[bool, typer.Option("--prepare", help="Do what can be undone: note everything, stop the servers.")] = False
    erase: Annotated[bool, typer.Option("--erase", help="Do all steps, to the certificate. There is no way back.")] = False
    stop: Annotated[bool, typer.Option("--stop", help="Undo what was prepared; refused once something was erased.")] = False
    prove: Annotated[bool, typer.Option("--prove", help="Look once more whether anything is left; changes nothing.")] = False
    sign: Annotated[Path | None, typer.Option("--sign", metavar="KEY", help="Sign the certificate with this SSH key.")] = None
    signer: Annotated[Signer, typer.Option("--as", help="--sign: who signs.")] = Signer.RUN_BY
    receipt: Annotated[Path | None, typer.Option("--receipt", help="The customer's receipt of its data, a file of any kind.")] = None
    token_wait: Annotated[float, typer.Option("--token-wait", min=0.0, help="For how many seconds a revoked token may be believed.")] = (
        900.0
    )
    as_json: AsJson = False


@verb
def command(tenant: Annotated[str, typer.Argument(help="The tenant that goes.")], *, wishes: Wishes) -> None:
    """End a tenant: note every copy of its data, cordon, revoke, remove, prove that nothing is left, and certify it.

    `offboarding` in the tenant's file says who asked for it, and not before which day. Without an option it says what would be done, and
    where it stands. A run that is killed goes on with the same command; until the first erasure `--stop` brings the tenant back. The
    certificate is written only when every claim was shown, each beside something that the same look has to find; two people sign it.

    Exit 0 when it is done or as expected, 1 when something is left, 2 when something cannot be told or done.

    Examples: `ringfence offboard acme`; `ringfence offboard acme --prepare`; `ringfence offboard acme --erase --receipt receipt.pdf`;
    `ringfence offboard acme --prove`; `ringfence offboard acme --sign ~/.ssh/id_ed25519 --as verified-by`
    """
    wanted = [name for name in ("prepare", "erase", "stop", "prove", "sign") if getattr(wishes, name)]
    if len(wanted) > 1:
        raise QuestionError.of("one thing at a time", expected="one of --prepare, --erase, --stop, --prove, --sign", got=", ".join(wanted))
    match wanted:
        case []:
            _show(tenant, wishes)
        case ["sign"]:
            _sign(tenant, wishes)
        case ["prove"]:
            _prove(tenant, wishes)
        case ["stop"]:
            _stop(tenant, wishes)
        case _:
            _go(tenant, wishes)


def _settings(wishes: Wishes) -> Settings:
    from ringfence.offboarding.work import Settings  # noqa: PLC0415 - the cloud's client takes a second to import

    return Settings(dict(os.environ), wishes.receipt, wishes.token_wait)


def _show(tenant: str, wishes: Wishes) -> None:
    from ringfence.offboarding import opening  # noqa: PLC0415 - as above

    place = opening.asked_about(tenant)
    _tell(tenant, place, wishes, 0)


def _go(tenant: str, wishes: Wishes) -> None:
    from ringfence.offboarding import course, opening  # noqa: PLC0415 - as above
    from ringfence.offboarding.work import NotProvenError  # noqa: PLC0415 - as above

    with _progress(tenant) as tell:
        work = opening.opened(tenant, _settings(wishes), lambda said: tell(said, 0, 0))
        if wishes.erase:
            opening.refuse_too_early(tenant, work)
        code = 0
        with work.place.held():
            try:
                course.run(work.place, work.steps(), None if wishes.erase else FIRST_ERASURE, tell)
            except NotProvenError as error:
                code = CODES[verdict(error.absences)]
    _tell(tenant, work.place, wishes, code)


def _stop(tenant: str, wishes: Wishes) -> None:
    from ringfence.offboarding import course, opening  # noqa: PLC0415 - as above

    work = opening.opened(tenant, _settings(wishes), lambda _said: None)
    with work.place.held():
        course.stop(work.place, work.uncordon)
    _tell(tenant, work.place, wishes, 0)


def _prove(tenant: str, wishes: Wishes) -> None:
    from ringfence.offboarding import opening  # noqa: PLC0415 - as above

    place = _known(tenant)
    with _progress(tenant) as tell:
        tell("looking", 0, 0)
        found = opening.of_place(tenant, place, _settings(wishes)).absences()
    code = CODES[verdict(found)]
    if wishes.as_json:
        emit({"tenant": tenant, "proof": _plain(found), "exit_code": code})
    else:
        _show_proof(_plain(found))
    raise typer.Exit(code)


def _sign(tenant: str, wishes: Wishes) -> None:
    from ringfence.offboarding import signing  # noqa: PLC0415 - as above

    if wishes.sign is None:
        return
    place = _known(tenant)
    file = signing.sign(place, wishes.sign, wishes.signer)
    if wishes.as_json:
        emit({"tenant": tenant, "certificate": str(place.certificate), "signature": str(file), "exit_code": 0})
    else:
        console().print(visible(f"{file}: {wishes.signer}"))


def _known(tenant: str) -> Place:
    from ringfence.offboarding import opening  # noqa: PLC0415 - as above

    place = opening.asked_about(tenant)
    if place is None:
        raise QuestionError.of("nobody began to offboard this tenant", where=tenant, hint=f"ringfence offboard {tenant} --prepare")
    return place


def _tell(tenant: str, place: Place | None, wishes: Wishes, code: int) -> None:
    """Say where it stands, and what proof and certificate say."""
    lines = place.lines() if place else []
    found = place.progress() if place else None
    done, begun = (found.done, found.begun) if found else ((), None)
    proof: list[dict[str, Any]] = json.loads(place.read(place.proofs)) if place and place.proofs.exists() else []
    certificate = str(place.certificate) if place and Step.CERTIFICATE in done else ""
    said = {str(line.get("step")): str(line.get("said", "")) for line in lines}
    steps = [
        {
            "step": step,
            "meaning": MEANINGS[step],
            "erases": step in ERASING,
            "state": "done" if step in done else "begun" if step is begun else "to do",
            "said": said.get(step, "") if step in done or step is begun or said.get(step) else "",
        }
        for step in ORDER
    ]
    if wishes.as_json:
        emit({"tenant": tenant, "steps": steps, "proof": proof, "certificate": certificate, "exit_code": code})
    else:
        out = console()
        for each in steps:
            mark = {"done": "x", "begun": ">"}.get(str(each["state"]), " ")
            erases = " (erases)" if each["erases"] else ""
            words = f"[{mark}] {each['step']:<12} {each['meaning']}{erases}{': ' if each['said'] else ''}{each['said']}"
            out.print(Text(visible(words), "green" if each["state"] == "done" else ""))
        _show_proof(proof)
        if certificate:
            out.print(Text(visible(f"certificate: {certificate}"), "bold"))
    raise typer.Exit(code)


def _show_proof(found: Sequence[dict[str, Any]]) -> None:
    out = console()
    for each in found:
        why = "; ".join(text for text in (each["said"], f"twin: {each['twin']}" if each["twin"] else "") if text)
        out.print(Text(visible(f"{each['verdict']}: {each['claim']}{f': {why}' if why else ''}"), STYLES[CheckVerdict(each["verdict"])]))


def _plain(found: Sequence[Absence]) -> list[dict[str, Any]]:
    return [{**asdict(each), "verdict": str(each.verdict)} for each in found]


@contextmanager
def _progress(tenant: str) -> Iterator[Callable[[str, int, int], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Plain(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(visible(tenant), total=None)

        def tell(what: str, done: int, total: int) -> None:
            progress.update(task, description=visible(f"{tenant}: {what}"), completed=done if total else None, total=total or None)

        yield tell
