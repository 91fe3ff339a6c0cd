"""From power-on to SSH, alone on the machine.

The server that boots here is the one of the image's tests, with their nics, config drive and namespace, so the code stays with them: it is
run as a program of its own that prints one JSON object.
"""

from __future__ import annotations

import sys
from statistics import median
from typing import TYPE_CHECKING

import msgspec

from benchmarks.up import programs
from infra.errors import GuestError
from ringfence.project import ROOT

if TYPE_CHECKING:
    from benchmarks.up.figures import Reading
    from benchmarks.up.run import Run

PROGRAM = "tests.truth.image.measure"


class Boot(msgspec.Struct, frozen=True):
    """Seconds from power-on to SSH's banner, and of processor time until then, at the first boot and the second."""

    first_wall: float
    first_cpu: float
    again_wall: float
    again_cpu: float


def measure(run: Run) -> list[Reading]:
    """Boot ``repeats`` copies of the image, one after the other."""
    run.say("building the image, if it has to be")
    build()
    boots = []
    for number in range(1, run.repeats + 1):
        run.say(f"boot {number} of {run.repeats}, and again")
        boots.append(boot())
    return [reading(run, boots)]


def reading(run: Run, boots: list[Boot]) -> Reading:
    """Return the first boots as a reading. Beside other work it says nothing about a machine alone, unless it is fast enough even so."""
    middle = [median(getattr(each, field) for each in boots) for field in ("first_cpu", "again_wall", "again_cpu")]
    note = "processor time {:.1f} s; later boots {:.1f} s, processor time {:.1f} s".format(*middle)
    return run.reading("guest", [each.first_wall for each in boots], note=note, doubt=run.load.doubt)


def build() -> None:
    """Build the image of this recipe unless it is there. Raises :class:`GuestError` with the end of what the build said when it fails."""
    done = programs.finished([str(ROOT / "scripts/image"), "build"])
    if done.returncode:
        raise GuestError.of("the image cannot be built", where="scripts/image build", got=done.stderr.strip()[-1500:], hint="it needs root")


def boot() -> Boot:
    """Run the program once. Raises :class:`GuestError` with the end of what it said when it fails."""
    done = programs.finished([sys.executable, "-m", PROGRAM])
    if done.returncode:
        said = done.stderr.strip()[-1500:]
        raise GuestError.of("the guest did not boot", where=PROGRAM, got=said, hint="it needs root")
    return msgspec.json.decode(done.stdout.encode(), type=Boot)
