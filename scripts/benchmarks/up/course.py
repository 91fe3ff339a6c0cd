"""The course of a benchmark on a live cloud: one group of figures after another, each kept as soon as it is there, and one table."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.up import load, report, store
from benchmarks.up.figures import amount
from benchmarks.up.interrupts import Endings
from benchmarks.up.run import Run
from benchmarks.up.screen import Screen
from infra.errors import RingfenceError
from infra.outcome import CheckVerdict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from benchmarks.up.figures import Figure, Reading
    from infra.outcome import Outcome

PIPED_WIDTH = 160
COLOURS = {CheckVerdict.PASS: "green", CheckVerdict.FAIL: "red", CheckVerdict.ERROR: "magenta"}


@dataclass(frozen=True, slots=True)
class Bench:
    """A benchmark: its ``name``, its ``figures``, and what measures a group of them."""

    name: str
    figures: tuple[Figure, ...]
    find: Callable[[str], Callable[[Run], list[Reading]]]

    def measured(self, groups: Sequence[str], repeats: int) -> tuple[dict[str, str], bool]:
        """Measure groups one after another and keep their readings; return why groups broke, and whether nobody interrupted."""
        broken: dict[str, str] = {}
        with Screen() as screen, Endings(screen.tell) as endings:
            for number, group in enumerate(groups, start=1):
                title = f"{number}/{len(groups)}  {group}"
                screen.begin(title)
                try:
                    readings = self.find(group)(Run(repeats, screen.say, load.look(), endings))
                    store.keep(readings, self.name)
                except KeyboardInterrupt:
                    screen.tell("interrupted; what was measured so far follows")
                    return broken, False
                except (RingfenceError, OSError, subprocess.SubprocessError, msgspec.MsgspecError) as error:
                    broken[group] = str(error)
                    screen.tell(f"{title}: {error}")
                else:
                    screen.tell(f"{title}: {self.told(readings)}")
        return broken, True

    def told(self, readings: Sequence[Reading]) -> str:
        """Return readings as a line."""
        units = {figure.name: figure.unit for figure in self.figures}
        return ", ".join(f"{each.figure} {amount(each.median, units[each.figure]) if each.values else each.doubt}" for each in readings)

    def show(self, readings: Mapping[str, Reading], outcomes: Mapping[str, Outcome], *, as_json: bool) -> None:
        """Print the table on standard output, or everything as JSON."""
        if as_json:
            document = {"readings": list(readings.values()), "outcomes": [msgspec.to_builtins(outcome) for outcome in outcomes.values()]}
            sys.stdout.write(msgspec.json.format(msgspec.json.encode(document)).decode() + "\n")
            return
        console = Console(highlight=False, width=None if sys.stdout.isatty() else PIPED_WIDTH)
        table = Table("figure", "median", "bar", "verdict", "spread", "runs", "beside it", box=box.SIMPLE_HEAD)
        for figure in self.figures:
            name, _, value, bar, _, spread, runs, *_, beside = report.line(figure, readings.get(figure.name), outcomes[figure.name])
            verdict = outcomes[figure.name].verdict
            shown = "" if verdict is CheckVerdict.NOT_APPLICABLE else str(verdict)
            with contextlib.suppress(KeyError):
                shown = f"[{COLOURS[verdict]}]{shown}[/]"
            table.add_row(name, value, bar, shown, spread, runs, beside)
        console.print(table)

    def is_red(self, outcomes: Mapping[str, Outcome], groups: Sequence[str]) -> bool:
        """Tell whether a figure of these groups missed its bar or broke; what another run measured is not this one's."""
        red = {CheckVerdict.FAIL, CheckVerdict.ERROR}
        return any(outcomes[figure.name].verdict in red for figure in self.figures if figure.group in groups)
