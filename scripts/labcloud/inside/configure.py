"""Puts the rendered configuration into the private /etc."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labcloud.layout import Layout

# Directories that Nova, Cinder and Glance expect to find.
EXPECTED = (
    *(f"{name}/lock" for name in ("keystone", "placement", "glance", "neutron", "nova", "cinder", "barbican")),
    "nova/instances",
    "cinder/conversion",
    "cinder/backups",
)


def configure(layout: Layout) -> None:
    """Copy ``config/etc`` over /etc and make the data directories."""
    shutil.copytree(layout.config / "etc", Path("/etc"), dirs_exist_ok=True)
    for name in EXPECTED:
        (layout.data / name).mkdir(parents=True, exist_ok=True)
