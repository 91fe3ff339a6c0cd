"""The journal of all comparisons on this machine: a line of JSON for every run, the newest last; bounded, and written by one at a time.

It tells since when a difference is seen: a cloud keeps when an object was made, and not when an attribute was changed or an object went.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from typing import TYPE_CHECKING, Any

from infra import paths
from infra.errors import QuestionError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ringfence.drift.report import Report

RUNS = 2000
"""Runs that are kept: a week of one every five minutes."""
MOST_BYTES = 16 << 20
LONGEST = 300
"""Characters of a sentence that are kept."""

Json = dict[str, Any]


def file() -> Path:
    """Return the journal's file."""
    return paths.state() / "drift" / "journal.jsonl"


def entry(report: Report) -> Json:
    """Return what is kept of a run."""
    kept = ("key", "layer", "owner", "kind", "id", "name", "difference")
    told = report.plain()
    return {
        **{key: told[key] for key in ("started", "finished", "seconds", "tenants", "exit_code", "headline", "layers", "not_compared")},
        "differences": [{**{key: each[key] for key in kept}, "text": each["text"][:LONGEST]} for each in told["differences"]],
        **({"from": told["records"]} if report.records and report.records.judged_on else {}),
        "untold": [f"{each['layer']}: {each['control']}: {each['reason']}"[:LONGEST] for each in told["untold"]],
    }


def failed(started: str, tenants: Sequence[str], what: str, code: int) -> Json:
    """Return what is kept of a run that compared nothing."""
    return {"started": started, "tenants": list(tenants), "exit_code": code, "headline": what[:LONGEST], "layers": [], "differences": []}


def add(run: Json) -> None:
    """Add a run, and let the oldest go where there are too many. Raises :class:`QuestionError` when it cannot be written."""
    place = file()
    try:
        with _held(place):
            lines = _kept([*_lines(place), json.dumps(run, separators=(",", ":"))])
            fresh = place.with_name(f".{place.name}.{os.getpid()}")
            fresh.write_text("\n".join(lines) + "\n", encoding="utf-8")
            fresh.replace(place)
    except OSError as error:
        raise _unusable(place, error) from error


def _kept(lines: Sequence[str]) -> list[str]:
    """Return the newest runs that there is room for, the last one in any case."""
    kept, size = [lines[-1]], len(lines[-1])
    for line in reversed(lines[:-1]):
        size += len(line) + 1
        if len(kept) == RUNS or size > MOST_BYTES:
            break
        kept.append(line)
    return kept[::-1]


def runs() -> list[Json]:
    """Return all runs, the newest last; a line that cannot be read is passed over. Raises :class:`QuestionError`."""
    place = file()
    try:
        lines = _lines(place)
    except OSError as error:
        raise _unusable(place, error) from error
    return list(_read(lines))


def _read(lines: Sequence[str]) -> Iterator[Json]:
    for line in lines:
        with contextlib.suppress(ValueError):
            run = json.loads(line)
            if isinstance(run, dict):
                yield run


def since(past: Sequence[Json], report: Report) -> dict[str, tuple[str, str]]:
    """Return for each difference when it was first seen without a gap, and the last run before that compared its layer and found it not.

    A run that did not compare the layer for its owner, or not all of it, says nothing of it, nor does one that compared a kept file.
    """
    found = {}
    for each in report.differences:
        first, before = report.started, ""
        for run in reversed(past):
            if not _compared(run, str(each.layer), each.owner):
                continue
            if not any(one.get("key") == each.key for one in run.get("differences", ())):
                before = str(run.get("started", ""))
                break
            first = str(run.get("started", ""))
        found[each.key] = (first, before)
    return found


def _compared(run: Json, layer: str, owner: str) -> bool:
    if run.get("from"):
        return False
    whole = any(one.get("layer") == layer and one.get("compared") and not one.get("cannot_tell") for one in run.get("layers", ()))
    seen = any(one.get("layer") == layer for one in run.get("differences", ()))
    return (whole or seen) and (owner in run.get("tenants", ()) or owner in {"platform", ""})


@contextlib.contextmanager
def _held(place: Path) -> Iterator[None]:
    place.parent.mkdir(parents=True, exist_ok=True)
    with place.with_suffix(".lock").open("a", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def _lines(place: Path) -> list[str]:
    try:
        return [line for line in place.read_text(encoding="utf-8", errors="replace").split("\n") if line]
    except FileNotFoundError:
        return []


def _unusable(place: Path, error: OSError) -> QuestionError:
    hint = "see that the state's folder may be written to, and has room"
    return QuestionError.of("the journal of comparisons cannot be used", where=str(place), got=error.strerror or str(error), hint=hint)
