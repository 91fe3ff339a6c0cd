"""One comparison of all layers: the collectors and judges of a verification, without those that send packets or write anything."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.errors import RingfenceError
from infra.outcome import CheckVerdict, Outcome
from ringfence import fingerprint
from ringfence import folder as project
from ringfence.drift import journal, kept
from ringfence.drift.report import LAYERS, Records, of_result, with_history
from ringfence.verify import about, acceptances
from ringfence.verify import open as opening
from ringfence.verify.result import Check, Kind
from ringfence.verify.run import Request, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import date
    from pathlib import Path

    from ringfence.drift.report import Layer, Report
    from ringfence.verify.result import Result

OF_THE_FILE, OF_THE_USER = "the day of the file", "as --today says"


def once(
    tenants: Sequence[str], layers: Collection[Layer], today: date | None, tell: Callable[[str, int, int], None], keep: Path | None = None
) -> Report:
    """Compare the layers, put what was found into the journal, and what layer ``api`` compared into a file where one is named."""
    started = time.monotonic()
    declarations = fingerprint.of_folder(project.root())
    accepted = acceptances.read()
    opened = opening.read(tuple(tenants), today=today)
    kinds = frozenset(kind for kind, layer in LAYERS.items() if layer in layers)
    verification = Verification(opened.inventory, opened.cloud, opened.identities, tell)
    result = verification.run(Request(kinds=kinds, reading=True))
    result.about = about.of_run(opened.cloud, declarations)
    records = _kept(keep, verification, result) if keep else None
    _name_left(result, opened.left)
    aged = acceptances.apply(result, accepted, today)
    report = replace(of_result(result, layers), acceptances=tuple(aged), seconds=round(time.monotonic() - started, 1), records=records)
    report = with_history(report, journal.since(journal.runs(), report))
    journal.add(journal.entry(report))
    return report


def with_file(file: Path, tenants: Sequence[str], layers: Collection[Layer], today: date | None) -> Report:
    """Compare declarations and stacks with a kept file, and ask no cloud; expiry is judged as on its day, or on the one that is named.

    What the journal knows of differences is of the cloud at other times, so none of it is told.
    """
    started = time.monotonic()
    declarations = fingerprint.of_folder(project.root())
    accepted = acceptances.read()
    records = kept.load(file)
    day = today or records.at.date()
    stacked = opening.stacked(tuple(tenants), today=day)
    result = kept.compared(stacked.inventory, records, layers)
    asker = {"auth_url": records.cloud, "region": records.region, "user_id": records.found.asker}
    result.about = replace(about.of_declarations(declarations), **asker)
    _name_left(result, stacked.left)
    aged = acceptances.apply(result, accepted, day)
    by = OF_THE_USER if today else OF_THE_FILE
    source = Records(str(file), records.sha256, records.cloud, records.region, records.at.isoformat(), day.isoformat(), by)
    report = replace(of_result(result, layers), acceptances=tuple(aged), seconds=round(time.monotonic() - started, 1), records=source)
    journal.add(journal.entry(report))
    return report


def _name_left(result: Result, left: Mapping[str, str]) -> None:
    """Name the tenants that are not up."""
    for name, why in left.items():
        result.checks += [Check(kind, Outcome(f"{name} could be compared", CheckVerdict.SKIPPED, f"{name}: {why}", name)) for kind in Kind]


def _kept(file: Path, verification: Verification, result: Result) -> Records | None:
    """Keep what was compared; what keeps it from being kept is said, and takes nothing from what was found."""
    why = "nothing was listed"
    if verification.compared is not None:
        try:
            return kept.keep(file, verification.compared, result.about)
        except RingfenceError as error:
            why = str(error)
    result.checks.append(Check(Kind.CLOUD, Outcome(f"what was compared is kept in {file}", CheckVerdict.ERROR, why)))
    return None
