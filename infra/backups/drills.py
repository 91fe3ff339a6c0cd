"""When a server's backups were drilled, when the next drill is due, and what the last ones tell. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from infra.backups.findings import TOO_OLD, BackupFinding
from infra.declaration.platform import Drilling
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from infra.backups.plan import BackedServer

EVERY: Final = {Drilling.WEEKLY: timedelta(days=7), Drilling.MONTHLY: timedelta(days=31)}
"""How long after a drill the next one is due."""
LONGEST: Final = {often: every + timedelta(days=1) for often, every in EVERY.items()}
"""How long ago the last drill may have been: the declared time, and a day to do it."""
EARLIER: Final = timedelta(hours=12)
"""By how much a drill may be early: a timer has one time of day, and a drill is over some time later."""
GOOD, BAD = 0, 1


@dataclass(frozen=True, slots=True)
class PastDrill:
    """A drill of one server: when it was over, of which generation, and with which exit code. Only 0 and 1 say anything of the copy."""

    at: datetime
    day: str
    code: int


def due(server: BackedServer, past: Sequence[PastDrill], now: datetime, *, whole: bool) -> bool:
    """Tell whether a server is to be drilled now; ``whole`` is whether there is a generation that can be.

    A drill that could not be done is due again. One that ended badly is not: a later one, of another generation, would only hide it. Of a
    server that ought to have a generation and has none, the drill is due, and fails.
    """
    every = EVERY.get(server.settings.drill)
    if every is None:
        return False
    told = [one.at for one in past if one.code in {GOOD, BAD}]
    if told:
        return now - max(told) >= every - EARLIER
    return whole or server.since is None or now - server.since > TOO_OLD


def drilled(server: BackedServer, past: Sequence[PastDrill], kept: Collection[str], now: datetime) -> BackupFinding | None:
    """Say which of the generations that are ``kept`` (by their days) came out bad in a drill, and how long ago a drill ended well.

    The second only where drills are declared. A server that is younger than that may have had none. The age of its generations tells
    nothing: the first ones are pruned.
    """
    mend = f"ringfence backup drill {server.tenant}/{server.name}"
    latest = {one.day: one for one in sorted(past, key=lambda one: one.at) if one.code in {GOOD, BAD}}
    bad = [day for day in sorted(kept) if day in latest and latest[day].code == BAD]
    if bad:
        said = "; ".join(f"the generation of {day} did not come through its drill on {latest[day].at:%Y-%m-%d}" for day in bad)
        return BackupFinding(server.name, "drill", CheckVerdict.FAIL, said, f"{mend} --generation {bad[0]}")
    longest = LONGEST.get(server.settings.drill)
    if longest is None:
        return None
    last = max((one.at for one in past if one.code == GOOD), default=None)
    if last is None and server.since is not None and now - server.since <= longest:
        return BackupFinding(server.name, "drill", CheckVerdict.SKIPPED, "no drill is due yet", mend)
    if last is None or now - last > longest:
        said = f"the last drill that ended well was on {last:%Y-%m-%d}" if last else "no drill that ended well is known on this machine"
        return BackupFinding(server.name, "drill", CheckVerdict.FAIL, f"{said}; {server.settings.drill} is declared", mend)
    return BackupFinding(server.name, "drill", CheckVerdict.PASS, f"the last drill that ended well was on {last:%Y-%m-%d}")
