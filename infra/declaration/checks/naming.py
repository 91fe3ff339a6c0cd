"""Checks of names: what a name may not be, and that no two things come to the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration import joined, names, reserved
from infra.declaration.yaml.source import Mistake, dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from infra.declaration.draft import Draft

ENDPOINTS = ("zones", "externals", "servers")


def reserved_words(draft: Draft) -> Iterator[Mistake]:
    """Names that mean something else already."""
    if draft.name in reserved.TENANTS:
        hint = "give the stack another name: the file's name is the tenant's name"
        yield Mistake((), f"no tenant may be called {draft.name}", "the name of a customer", draft.name, hint)
    for section in ENDPOINTS:
        words = reserved.SERVERS if section == "servers" else reserved.WORDS
        for name in sorted(draft.written[section] & words):
            yield Mistake((section, name), f"{name} has a meaning of its own", "another name", name)
    for server, entry in draft.servers.items():
        if names.ROOT in entry.data:
            yield Mistake(("servers", server, "data", names.ROOT), "root is the server's root disk", "another name", names.ROOT)


def one_meaning_each(draft: Draft) -> Iterator[Mistake]:
    """A zone, an external and a server with one name: a flow could not tell which one is meant."""
    first: dict[str, str] = {}
    for section in ENDPOINTS:
        for name in sorted(draft.written[section]):
            if name in first:
                what = f"the name is taken by {first[name]}.{name}"
                yield Mistake((section, name), what, "a name of its own: flows name zones, externals and servers alike", name)
            first.setdefault(name, section)


def one_resource_each(draft: Draft) -> Iterator[Mistake]:
    """Composed names that come out equal, such as server ``a-b`` in zone ``c`` and server ``a`` in zone ``b-c``."""
    for first, other in joined.twice(draft):
        if first.path and names.ROOT not in other.path[3:]:  # these have mistakes of their own: reserved words
            what, got = f"two {other.kind}s would be called {other.name}", f"{dotted(first.path)} and {dotted(other.path)}"
            yield Mistake(other.path, what, "names that differ when they are joined", got)
