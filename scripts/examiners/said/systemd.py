"""Read what ``systemd-analyze security`` says: how exposed each unit is, from 0 (sandboxed) to 10 (none)."""

from __future__ import annotations

import re
from typing import Annotated, Final

import msgspec

from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said.stream import unreadable
from infra import structs

SCOPE: Final = "units"
MOST: Final = 3.0
"""Exposure that a unit may have."""
OVERALL: Final = re.compile(r"Overall exposure level for (\S+): ([0-9.]+)")


class _Unit(msgspec.Struct, frozen=True):
    unit: Annotated[str, msgspec.Meta(min_length=1)]
    exposure: str


class _Units(msgspec.Struct, frozen=True):
    units: tuple[_Unit, ...]


def read(overview: str, own: str, *, where: str, tier: Tier) -> Examination:
    """Return a finding for each unit of the overview, and for each of our own, which the overview leaves out while it does not run.

    Raises:
        ExaminerError: nothing was listed, or not in the form that is known.
    """
    try:
        listed = structs.decode(f'{{"units":{overview}}}', _Units).units
        exposures = {one.unit: float(one.exposure) for one in listed}
    except (msgspec.MsgspecError, ValueError) as error:
        raise unreadable(where, expected="the JSON of systemd-analyze security", got=str(error)) from error
    exposures |= {unit: float(exposure) for unit, exposure in OVERALL.findall(own)}
    if not listed or len(exposures) == len(listed):
        raise unreadable(
            where, expected="units that run, and units of our own", got=f"{len(listed)} units, {len(exposures) - len(listed)} more"
        )
    findings = tuple(
        Finding(unit, Result.PASS if exposure <= MOST else Result.FAIL, f"exposure {exposure:g}, at most {MOST:g}")
        for unit, exposure in sorted(exposures.items())
    )
    return Examination(Examiner.SYSTEMD, SCOPE, tier, "the server's own", findings, {"units": float(len(findings))})
