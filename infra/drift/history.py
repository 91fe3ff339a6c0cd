"""What a cloud tells of a deviation: since when it is there, and which user made it. Pure.

A cloud keeps when an object was made and when it was last changed, never when an attribute was; so of a changed object the time is that
of its last change, whatever that was. Neutron keeps no user at all.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from infra.drift.found import NOUNS
from infra.outcome import DeviationKind

if TYPE_CHECKING:
    from infra.drift.scope import Whole
    from infra.outcome import Deviation

MADE = ("created_at", "created", "OS-SRV-USG:launched_at")
CHANGED = ("updated_at", "updated")
USERS = ("user_id", "trustor_user_id", "creator_id")
OF_A_PORT = ("interface", "gateway")
"""What a router's port is called, beside a port."""


def told(whole: Whole, deviation: Deviation) -> Deviation:
    """Return a deviation with what the cloud tells of its object."""
    kinds = [kind for kind, noun in NOUNS.items() if noun == deviation.object_kind]
    rows = [whole.names.row(kind, deviation.id) for kind in (kinds or ["ports"] if deviation.object_kind in OF_A_PORT else kinds)]
    row = next(filter(None, rows), {}) if deviation.id else {}
    is_new = deviation.kind is DeviationKind.UNDECLARED and not deviation.part
    keys = MADE if is_new else (*CHANGED, *MADE)
    since = next((str(row[key]) for key in keys if row.get(key)), "")
    by = next((str(row[key]) for key in USERS if row.get(key)), "") if is_new else ""
    return replace(deviation, since=since, by=by)
