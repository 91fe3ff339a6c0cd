"""What of a lab stays for its life: a lab that was made in another way is refused, as it is, before anything of it is changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from labcloud.layout import Layout
from labcloud.settings import LabError

if TYPE_CHECKING:
    from pathlib import Path

FIXED: Final = {
    "port_offset": ("RINGFENCE_LAB_PORT_OFFSET", "this lab was made with other ports, and its catalog holds them"),
    "profile_name": ("RINGFENCE_LAB_PROFILE", "this lab was made as another cloud"),
}
"""What of a layout stays: the setting, and why."""
HINT: Final = "./scripts/lab wipe makes room for a new lab; another RINGFENCE_STATE has one of its own"


def check(layout: Layout) -> bool:
    """Whether there is a lab already. Raises :class:`LabError` when it was made in another way than it is wanted now."""
    try:
        earlier = Layout.load(layout.root)
    except FileNotFoundError:
        return False
    for name, (variable, what) in FIXED.items():
        before, now = (str(getattr(each, name)) for each in (earlier, layout))
        if before != now:
            raise LabError.of(what, where=variable, expected=before, got=now, hint=HINT)
    _has_accounts(layout.secrets_file)
    return True


def _has_accounts(file: Path) -> None:
    """The storage learns its accounts when it is made; one that was made without lets nobody in who could enter them."""
    if file.exists() and "storage" not in json.loads(file.read_text()):
        what = "this lab was made by an earlier version, whose storage asked nobody who they are"
        raise LabError.of(what, where=str(file), expected="keys of the accounts of Ceph", hint=HINT)
