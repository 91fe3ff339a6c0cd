"""``diff``, the part that no set of packets shows: how things are wired, between two states of a cloud or of its declarations.

Compared are statements (:mod:`infra.neutron.statements`) about objects that both states have: an object that came or went shows in what its
cards may send, receive and reach.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from infra.neutron.statements import objects, statements
from infra.policy.queries.changes import Change

if TYPE_CHECKING:
    from infra.neutron.references import Reference
    from infra.neutron.snapshot import Snapshot
    from infra.neutron.statements import Key, Statement

SUBJECT = "wiring"
SHOWN_BY_CARDS = frozenset({"address", "public"})
"""Statements that a card's own entry says already."""


def rewired(old: Snapshot, new: Snapshot) -> list[Change]:
    """Return what is wired otherwise, party by party."""
    both = objects(old) & objects(new)
    same = _same_ports(old, new)
    before, after = (_told(snapshot, same, both) for snapshot in (old, new))
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


def _same_ports(old: Snapshot, new: Snapshot) -> frozenset[str]:
    """Return the ids of the ports that are alike in both, of which a large cloud has many."""
    known = {port.id: port for port in old.ports}
    return frozenset(port.id for port in new.ports if known.get(port.id) == port)


def _told(snapshot: Snapshot, same: frozenset[str], both: frozenset[Reference]) -> dict[Key, Statement]:
    """Return the statements that are all about objects of both states, a project aside: that is where they are."""
    found: dict[Key, Statement] = {}
    for statement in statements(snapshot, same):
        things = {one for one in statement.about if one.kind != "project"}
        if things and things <= both and not statement.exists and statement.key[0] not in SHOWN_BY_CARDS:
            found[statement.key] = statement
    return found
