"""The figures: what each is, how it is measured, and the bar that was set for it. Judging them is arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from benchmarks.up.load import Load
from infra.outcome import CheckVerdict, Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SECONDS, GIB, TIMES, PER_SECOND = "s", "GiB", "x", "per second"
WHOLE = 100
"""From here on decimals say nothing."""
MISSING = "not measured"


class Group(StrEnum):
    """What is measured together, in the order in which it is: what needs a quiet machine comes first."""

    DEMO = "demo"
    GUEST = "guest"
    MEMORY = "memory"
    NOTHING = "nothing"
    FLOW = "flow"
    VERIFY = "verify"
    TENANT = "tenant"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. A figure is met when its median is not above ``bar``; one without a bar is only shown."""

    name: str
    group: StrEnum
    what: str
    unit: str
    bar: float | None
    method: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a figure came to: one value per repetition, in the figure's unit; when (UTC), and how busy the machine was before, if known.

    ``doubt`` says why there are none, or why they may be too high; a ``note`` is shown beside them; ``revision``
    is the commit that was measured.
    """

    figure: str
    values: tuple[float, ...]
    when: str
    load: Load | None
    note: str = ""
    doubt: str = ""
    revision: str = ""

    @property
    def median(self) -> float:
        """The value that counts."""
        return median(self.values)


UP = "`pulumi up --yes --skip-preview`, as `scripts/demo` does it"
FIGURES = (
    Figure(
        "demo-bare",
        Group.DEMO,
        "bare machine to finished `./scripts/demo`",
        SECONDS,
        1200,
        "the last run that found neither packages nor caches nor a lab, from the first line of the script to its last (times.json)",
    ),
    Figure(
        "demo-empty",
        Group.DEMO,
        "the same without the installation of Debian's packages",
        SECONDS,
        None,
        "the last run that found those packages and nothing else: no caches, no lab",
    ),
    Figure("demo-warm", Group.DEMO, "the same with caches warm", SECONDS, 600, "the last run that found all caches and no lab"),
    Figure(
        "guest",
        Group.GUEST,
        "guest, power-on to SSH's banner, alone on the machine",
        SECONDS,
        30,
        "QEMU as Nova starts it, a fresh copy of the image, first boot; `python -m tests.truth.image.measure` in a process of its own",
    ),
    Figure(
        "memory",
        Group.MEMORY,
        "memory of the whole lab with both tenants",
        GIB,
        9,
        "what the machine has in use, everything on it included (MemTotal less MemAvailable), with all servers of both tenants active",
    ),
    Figure(
        "nothing", Group.NOTHING, "`pulumi up` with nothing to do", SECONDS, 8, f"{UP}, tenant acme, the other tenant declared beside it"
    ),
    Figure(
        "preview",
        Group.NOTHING,
        "the same with its preview",
        SECONDS,
        None,
        "`pulumi up --yes`: the program runs twice, once for the preview and once for the update",
    ),
    Figure("flow", Group.FLOW, "`pulumi up` with one flow changed", SECONDS, 20, f"{UP}, tenant acme; a flow comes and goes in turn"),
    Figure(
        "verify",
        Group.VERIFY,
        "`ringfence verify` of two tenants, all pairs",
        SECONDS,
        180,
        "the whole command, report written; a verification that is not green is an error here",
    ),
    Figure(
        "probes",
        Group.VERIFY,
        "probes of that verification",
        PER_SECOND,
        None,
        "probes by the time that they took, receivers' proofs included",
    ),
    Figure(
        "tenant",
        Group.TENANT,
        "third tenant, 2 servers with encrypted root and data: `pulumi up` until both answer SSH over management",
        SECONDS,
        150,
        f"{UP}, guest policies applied, then SSH's banner through the bastion; the stack is new each time and destroyed afterwards",
    ),
    Figure(
        "sdk",
        Group.TENANT,
        "the same resources by a bare openstacksdk script",
        SECONDS,
        None,
        "`benchmarks.up.bare`: threads, bulk requests, polls every second; until the same banners; "
        "no guest policies. Runs in turn with the stack",
    ),
    Figure("ratio", Group.TENANT, "ratio of the two", TIMES, 1.3, "of the medians"),
)


def of_group(group: Group) -> tuple[Figure, ...]:
    """Return the figures that are measured together."""
    return tuple(figure for figure in FIGURES if figure.group == group)


def judge(figure: Figure, reading: Reading | None) -> Outcome:
    """Judge one figure: a bar is met by the median, never for want of a value, and missed only by values that are not in doubt."""
    if reading is None or not reading.values:
        return Outcome(figure.name, CheckVerdict.SKIPPED, reading.doubt if reading and reading.doubt else MISSING)
    if figure.bar is None:
        return Outcome(figure.name, CheckVerdict.NOT_APPLICABLE, "no bar is set")
    if reading.median <= figure.bar:
        return Outcome(figure.name, CheckVerdict.PASS)
    if reading.doubt:
        return Outcome(figure.name, CheckVerdict.SKIPPED, reading.doubt)
    return Outcome(figure.name, CheckVerdict.FAIL, f"{amount(reading.median, figure.unit)}, expected {limit(figure)}")


def judged(readings: Mapping[str, Reading], broken: Mapping[str, str], figures: Sequence[Figure] = FIGURES) -> dict[str, Outcome]:
    """Judge all figures; ``broken`` are the groups whose measurement failed, with the reason."""
    errors = {figure.name: broken[figure.group] for figure in figures if figure.group in broken}
    return {
        figure.name: Outcome(figure.name, CheckVerdict.ERROR, errors[figure.name])
        if figure.name in errors
        else judge(figure, readings.get(figure.name))
        for figure in figures
    }


def amount(value: float, unit: str) -> str:
    """Return a value with its unit: three digits, or whole numbers."""
    text = f"{value:,.0f}" if value >= WHOLE else f"{value:.3g}"
    return f"{text}{unit}" if unit == TIMES else f"{text} {unit}"


def limit(figure: Figure) -> str:
    """Return the bar as a text, empty when there is none."""
    return "" if figure.bar is None else f"≤ {amount(figure.bar, figure.unit)}"


def spread(figure: Figure, reading: Reading) -> str:
    """Return the smallest and the largest value, empty for a single one."""
    if len(reading.values) == 1:
        return ""
    return f"{amount(min(reading.values), figure.unit)} to {amount(max(reading.values), figure.unit)}"
