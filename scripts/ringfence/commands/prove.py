"""``ringfence prove``: no packet passes between two tenants, nor otherwise than declared; with a certificate or a counterexample."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from infra.errors import QuestionError
from infra.proof import prove
from infra.proof.report import Verdict
from ringfence.analysis.judged import asked_for, not_judged
from ringfence.analysis.known import namesakes, show_parties
from ringfence.analysis.options import (
    ExceptionsOption,
    StateOptions,
    console,
    declarations_of,
    emit,
    shown,
)
from ringfence.analysis.output import write
from ringfence.verb import verb

if TYPE_CHECKING:
    from rich.console import Console

    from infra.proof import Counterexample, Judgement, Proof
    from ringfence.analysis.states import State

STYLES = {Verdict.HOLDS: "green", Verdict.BROKEN: "red", Verdict.UNKNOWN: "yellow"}


def add(app: typer.Typer) -> None:
    """Register the command."""
    app.command("prove")(command)


@verb
def command(
    certificate: Annotated[Path | None, typer.Option(help="Where to write the certificate when no packet passes between tenants.")] = None,
    snapshot: Annotated[Path | None, typer.Option(help="Where to write the snapshot that the certificate belongs to.")] = None,
    exceptions: ExceptionsOption = None,
    *,
    options: StateOptions,
) -> None:
    """Prove isolation: exit 0 when it holds, 1 when it does not, 2 when it cannot be told.

    Examples: `ringfence prove`; `ringfence prove --state cloud --certificate proof.json --snapshot cloud.jsonl`
    """
    opened = options.opened(exceptions)
    proof = prove(opened.fabric, opened.intent)
    unjudged = list(not_judged(opened, proof))
    _apart(certificate, snapshot, opened.file)
    written = _write(proof, certificate, snapshot, opened)
    if options.as_json:
        ended = [dataclasses.asdict(one) for one in opened.ended]
        beside = {"absent": opened.absent, "not_judged": unjudged, "ended": ended, "namesakes": namesakes(opened)}
        emit({**plain(proof), **beside, "declarations": declarations_of(opened)})
    else:
        _show_unjudged(console(), opened, unjudged)
        show(console(), proof, opened)
        for path in written:
            console().print(f"written: {path}")
    if certificate is not None and certificate not in written:
        console(aside=True).print(f"no certificate is written, and {certificate} left as it was: {proof.verdict}")
    if certificate in written and snapshot is None and opened.file is None:
        console(aside=True).print("the snapshot that the certificate is about is not kept: --snapshot names a file for it")
    raise typer.Exit(proof.verdict.exit_code)


def _apart(certificate: Path | None, snapshot: Path | None, state: Path | None) -> None:
    """Refuse to write a certificate over what it is about."""
    if certificate is not None and certificate.resolve() in {path.resolve() for path in (snapshot, state) if path is not None}:
        expected = "a file of its own"
        raise QuestionError.of("the certificate would take the place of the snapshot", where=str(certificate), expected=expected)


def _write(proof: Proof, certificate: Path | None, snapshot: Path | None, state: State) -> list[Path]:
    written = []
    if snapshot is not None:
        if write(snapshot, state.lines()) != proof.digest:
            hint = "judge it again, now that nobody writes to it"
            raise QuestionError.of("the state changed while it was judged", where=state.name, hint=hint)
        written.append(snapshot)
    content = proof.certificate if certificate is not None else None
    if certificate is not None and content is not None:
        write(certificate, [json.dumps(content, indent=1).encode()])
        written.append(certificate)
    return written


def plain(proof: Proof) -> dict[str, Any]:
    """Return a proof as plain JSON values, without the certificate."""
    judgements = [
        {
            "claim": judgement.claim,
            "verdict": judgement.verdict,
            "text": judgement.text,
            "counterexamples": [
                {**dataclasses.asdict(example), "packet": str(example.packet), "claim": example.claim}
                for example in judgement.counterexamples
            ],
            "differences": [dataclasses.asdict(difference) for difference in judgement.differences],
        }
        for judgement in proof.judgements
    ]
    return {
        "verdict": proof.verdict,
        "snapshot": proof.digest,
        "driver": proof.profile,
        "counts": proof.counts,
        "parties": [dataclasses.asdict(party) for party in proof.parties],
        "judgements": judgements,
        "unknowns": list(proof.unknowns),
        "assumptions": list(proof.assumptions),
        "accepted": [dataclasses.asdict(one) for one in proof.accepted],
    }


def _show_unjudged(out: Console, state: State, unjudged: list[dict[str, Any]]) -> None:
    """Say first what the verdicts are not about."""
    for one in unjudged:
        whom = f"{', '.join(one['parties'])}: " if one["parties"] else ""
        out.print(f"{'not judged':>14}  {one['claim']:<10} {whom}{one['reason']}", style="yellow", markup=False)
    for ended in state.ended:
        out.print(f"{'expired':>14}  {'':<10} {ended}", style="yellow", markup=False)


def show(out: Console, proof: Proof, state: State) -> None:
    """Print a proof for people."""
    for judgement in proof.judgements:
        out.print(f"{judgement.verdict:>14}  {judgement.claim:<10} {judgement.text}", style=STYLES[judgement.verdict], markup=False)
        _show_reasons(out, judgement, state)
    for unknown in shown(proof.unknowns, "things that are not understood", out):
        out.print(f"  not understood: {unknown}", style="yellow", markup=False)
    for assumption in proof.assumptions:
        out.print(f"  assumed: {assumption}", style="dim", markup=False)
    for acceptance in proof.accepted:
        out.print(f"  accepted, though not understood: {acceptance}", style="yellow", markup=False)
    show_parties(out, proof, state)
    counts = ", ".join(f"{count:,} {what}" for what, count in proof.counts.items())
    if state.fingerprint:
        out.print(str(state.fingerprint), style="dim", markup=False)
    out.print(f"{state.name} under {proof.profile}: {proof.verdict} ({counts})", style=STYLES[proof.verdict], markup=False)


def _show_reasons(out: Console, judgement: Judgement, state: State) -> None:
    for example in judgement.counterexamples:
        out.print(*_example(example, state), sep="\n", markup=False)
    for difference in shown(judgement.differences, "filters that differ", out):
        out.print(f"  {difference.party}/{difference.endpoint} {difference.direction}", markup=False)
        for word, text in (("not declared", difference.extra), ("missing", difference.missing)):
            if text:
                out.print(f"    {word}: {text}", markup=False)
        for rule in difference.rules:
            out.print(f"    by {rule.group}: {rule.text} ({asked_for(rule, state)})", markup=False)


def _example(example: Counterexample, state: State) -> list[str]:
    word = "passes" if example.open else "has a path; only groups stop it"
    lines = [f"  {example.packet}", f"    {example.source_party}/{example.source} -> {example.target_party}/{example.target}: {word}"]
    lines += [f"    {link}" for link in example.links]
    for rule in example.rules:
        lines.append(f"    rule of {rule.group}: {rule.text} ({asked_for(rule, state)})" if rule.group else f"    {rule.text}")
    return lines
