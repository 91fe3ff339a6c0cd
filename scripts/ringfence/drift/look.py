"""One comparison of all layers: the collectors and judges of a verification, without those that send packets or write anything."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from infra.outcome import CheckVerdict, Outcome
from ringfence import fingerprint
from ringfence import folder as project
from ringfence.drift import journal
from ringfence.drift.report import LAYERS, of_result, with_history
from ringfence.verify import about, acceptances
from ringfence.verify import open as opening
from ringfence.verify.result import Check, Kind
from ringfence.verify.run import Request, Verification

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from datetime import date

    from ringfence.drift.report import Layer, Report


def once(tenants: Sequence[str], layers: Collection[Layer], today: date | None, tell: Callable[[str, int, int], None]) -> Report:
    """Compare the layers, and keep what was found in the journal."""
    started = time.monotonic()
    declarations = fingerprint.of_folder(project.root())
    accepted = acceptances.read()
    opened = opening.read(tuple(tenants), today=today)
    kinds = frozenset(kind for kind, layer in LAYERS.items() if layer in layers)
    result = Verification(opened.inventory, opened.cloud, opened.identities, tell).run(Request(kinds=kinds, reading=True))
    result.about = about.of_run(opened.cloud, declarations)
    for name, why in opened.left.items():
        result.checks += [Check(kind, Outcome(f"{name} could be compared", CheckVerdict.SKIPPED, f"{name}: {why}", name)) for kind in Kind]
    aged = acceptances.apply(result, accepted, today)
    report = replace(of_result(result, layers), acceptances=tuple(aged), seconds=round(time.monotonic() - started, 1))
    report = with_history(report, journal.since(journal.runs(), report))
    journal.add(journal.entry(report))
    return report
