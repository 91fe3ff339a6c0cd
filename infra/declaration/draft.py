"""A declaration while it is being checked: the parts that could be read, with or without the platform that they are checked against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from infra.declaration.model import Backup, External, Flow, Offboarding, Platform, Server, Zone


@dataclass(frozen=True, slots=True)
class Draft:
    """The readable parts of a tenant. ``written`` has all names per section, also those whose entry could not be read.

    A name that is written but unreadable is no unknown name: its own mistake has been reported already.
    """

    name: str
    region: str | None
    zones: Mapping[str, Zone]
    externals: Mapping[str, External]
    servers: Mapping[str, Server]
    flows: Mapping[str, Flow]
    written: Mapping[str, frozenset[str]]
    in_order: tuple[str, ...] = ()
    """The names of all servers that are written, in the order of the file."""
    names_known: bool = True
    """Whether ``written`` is all: not when a section is misspelt or could not be read, and then no name is called unknown."""
    backup: Backup | None = None
    """What is said about the backups of all servers, as far as it could be read."""
    offboarding: Offboarding | None = None
    """What is said about its end, as far as it could be read."""

    def is_named(self) -> bool:
        """Whether every zone, external and server could be read, so that all names that the tenant comes to are known."""
        read = {"zones": self.zones, "externals": self.externals, "servers": self.servers}
        return self.names_known and all(self.written[section] == set(entries) for section, entries in read.items())

    def is_written(self, name: str) -> bool:
        """Whether a name stands for some endpoint in the file, well-formed or not."""
        return any(name in self.written[section] for section in ("zones", "externals", "servers"))


@dataclass(frozen=True, slots=True)
class OnPlatform(Draft):
    """A draft beside the platform that its tenant is to be on."""

    platform: Platform = field(kw_only=True)
