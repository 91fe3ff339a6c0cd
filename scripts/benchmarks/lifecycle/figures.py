"""The figures of a tenant's life: what each is, how it is measured, and its bar."""

from __future__ import annotations

from enum import StrEnum

from benchmarks.up.figures import SECONDS, TIMES, Figure

NAME = "lifecycle"
GIB, WRITTEN_MIB, CHANGED_MIB = 2, 400, 10
"""The volume that the bars are set for, what is written to it, and what changes before an increment."""
SMALL_GIB, SMALL_MIB = 1, 100
"""A smaller one, for slow labs."""


class Part(StrEnum):
    """What is measured together, in the order in which it is."""

    FLEET = "fleet"
    PREVIEW = "preview"
    DRIFT = "drift"
    BACKUP = "backup"
    DRILL = "drill"
    OFFBOARDING = "offboarding"


VOLUME = f"volume of {GIB} GiB with {WRITTEN_MIB} MiB written"
IN_TURN = (
    "the code of `ringfence backup` from its plan to the end of its wait, against one request to Cinder and a look every half second; in"
    " turn, on one volume, which no server has meanwhile; each starts from nothing"
)
FIGURES = (
    Figure("status", Part.FLEET, "`ringfence fleet status` of 500 stacks that are made up", SECONDS, 10, "as `./scripts/bench fleet`"),
    Figure("preview", Part.PREVIEW, "`ringfence fleet preview` of the two live tenants", SECONDS, None, "the whole command"),
    Figure(
        "drift",
        Part.DRIFT,
        "`ringfence drift` of two tenants, all layers, no difference",
        SECONDS,
        30,
        "the whole command; a difference, or a layer that is not compared, is no figure",
    ),
    Figure("full", Part.BACKUP, f"full backup of a {VOLUME}, as a multiple of the bare call", TIMES, 1.15, IN_TURN),
    Figure("increment", Part.BACKUP, f"increment after {CHANGED_MIB} MiB changed, likewise", TIMES, 1.15, "likewise"),
    Figure(
        "restore", Part.BACKUP, "restore of that increment into a new volume, likewise", TIMES, 1.15, "likewise; both make the volume first"
    ),
    Figure("opening", Part.BACKUP, "reading the stack before any of it", SECONDS, None, "once a run, however many disks it copies"),
    Figure(
        "drill",
        Part.DRILL,
        "drill of one server, restored, verified and cleaned, as a multiple of restore and one boot",
        TIMES,
        1.5,
        "what `ringfence backup drill` does, reading the stack included, against bare calls for the same generation: its disks are"
        " restored, two at a time, and a server boots from the root disk until the image's own programs speak",
    ),
    Figure(
        "offboarding",
        Part.OFFBOARDING,
        "the end of one tenant without the wait for tokens",
        SECONDS,
        90,
        "the sum of all steps but `wait` in the journal of an offboarding that came to its end (`--offboarding`)",
    ),
)
