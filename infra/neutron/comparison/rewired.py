"""``diff``, the part that no set of packets shows: how things are wired, between two states of a cloud or of its declarations.

Compared are statements (:mod:`infra.neutron.comparison.statements`) about objects that both states have: an object that came or went
shows in what its NICs may send, receive and reach.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.diff.changes import Change
from infra.neutron.comparison.statements import Wiring
from infra.neutron.snapshot import SECTIONS

if TYPE_CHECKING:
    from infra.neutron.comparison.references import Reference
    from infra.neutron.comparison.statements import Key, Statement
    from infra.neutron.snapshot import Snapshot

SUBJECT = "wiring"
SHOWN_BY_NICS = frozenset({"address", "public"})
"""Statements that a NIC's own entry says already."""


def rewired(old: Snapshot, new: Snapshot) -> list[Change]:
    """Return what is wired otherwise, party by party."""
    if _are_alike(old, new):
        return []
    was, now = Wiring(old), Wiring(new)
    both, same = was.objects() & now.objects(), _same_ports(old, new)
    before, after = (_told(wiring, same, both) for wiring in (was, now))
    gained: dict[str, list[str]] = defaultdict(list)
    lost: dict[str, list[str]] = defaultdict(list)
    for found, known, others in ((gained, after, before), (lost, before, after)):
        for key in known.keys() - others.keys():
            found[known[key].project].append(known[key].text)
    return [
        Change(party, (), SUBJECT, tuple(sorted(more)), tuple(sorted(less)), len(more) + len(less))
        for party in sorted(gained.keys() | lost.keys())
        for more, less in ((gained.get(party, []), lost.get(party, [])),)
    ]


def _are_alike(old: Snapshot, new: Snapshot) -> bool:
    """Tell at once that nothing differs but rules, which most changes are about."""
    sections = (section for section in SECTIONS.values() if section != "security_groups")
    groups = zip(old.security_groups, new.security_groups, strict=False)
    return (
        all(getattr(old, section) == getattr(new, section) for section in sections)
        and len(old.security_groups) == len(new.security_groups)
        and all((a.id, a.name, a.project_id, a.stateful, a.shared) == (b.id, b.name, b.project_id, b.stateful, b.shared) for a, b in groups)
    )


def _same_ports(old: Snapshot, new: Snapshot) -> frozenset[str]:
    """Return the ids of the ports that are alike in both, of which a large cloud has many."""
    known = {port.id: port for port in old.ports}
    return frozenset(port.id for port in new.ports if known.get(port.id) == port)


def _told(wiring: Wiring, same: frozenset[str], both: frozenset[Reference]) -> dict[Key, Statement]:
    """Return the statements that are all about objects of both states, a project aside: that is where they are."""
    found: dict[Key, Statement] = {}
    for statement in wiring.statements(same):
        things = {one for one in statement.about if one.kind != "project"}
        if things and things <= both and not statement.exists and statement.key[0] not in SHOWN_BY_NICS:
            found[statement.key] = statement
    return found
