"""Units for this machine: where they run, and how they are printed or written. Nothing is switched on: that is said, and left to people."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from infra import paths
from infra.units import UnitPlace
from ringfence.analysis.output import emit, write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Units:
    """Texts of units by their files, the timer among them that is to be switched on, and the file for secrets."""

    texts: Mapping[str, str]
    timer: str
    secrets: str


def place(folder: Path, secrets: str) -> UnitPlace:
    """Return where units of a folder run, with this program. ``secrets`` is the name of a file in the state's folder."""
    return UnitPlace(os.path.abspath(sys.argv[0]), str(folder), str(paths.state() / secrets))  # noqa: PTH100 - a link stays one


def install(units: Units, out: Path | None, *, as_json: bool) -> None:
    """Print the units, or write them to a folder and say what switches the timer on."""
    enable = f"systemctl --user daemon-reload && systemctl --user enable --now {units.timer}"
    if out:
        for name, text in units.texts.items():
            write(out / name, [text.encode()])
    if as_json:
        emit({"units": units.texts, "written_to": str(out) if out else None, "next": enable})
    elif out:
        said = f"secrets of the environment belong into {units.secrets}, mode 600"
        typer.echo(f"written to {out}: {', '.join(units.texts)}\nnext: {enable}; {said}")
    else:
        for name, text in units.texts.items():
            typer.echo(f"# {name}\n{text}")
