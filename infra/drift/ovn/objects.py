"""What is compared in OVN, as objects: by the id of Neutron's record where there is one, else by OVN's own. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from infra.drift.deviation import ComparedObject
from infra.drift.ovn.northbound import ID, is_empty

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from infra.drift.ovn.northbound import Northbound, Row
    from infra.drift.scope import Scope
    from infra.outcome import Deviation

IN_OVN = "in OVN"


@dataclass(frozen=True, slots=True)
class Sight:
    """A party's part of the cloud as Neutron tells of it, beside the whole of OVN's northbound database."""

    scope: Scope
    ovn: Northbound
    found_ports: Callable[[], dict[str, Row]]

    @property
    def ports(self) -> dict[str, Row]:
        """OVN's row of every port of the cloud, by the port's id in Neutron. What keeps it from being told is told where it is needed."""
        return self.found_ports()

    def name_of(self, row: Row) -> str:
        """Name a port of a switch: by Neutron's record, where there is one."""
        name = str(row.get("name") or row[ID])
        return self.scope.names.of("ports", name) if self.scope.names.row("ports", name) else f"{name} (unknown to Neutron)"


def of_ovn(kind: str, row: Row, name: str = "") -> ComparedObject:
    """Return a thing that only OVN has, by OVN's id."""
    return ComparedObject(f"{kind} {IN_OVN}", str(row[ID]), name or str(row.get("name") or row[ID]))


def further_keys(one: ComparedObject, values: Row, known: Collection[str]) -> Iterator[Deviation]:
    """Find settings that Neutron does not write."""
    if strange := sorted(values.keys() - known):
        yield one.different(f"{one} has {', '.join(f'{key}={values[key]}' for key in strange)} in OVN, which Neutron does not write")


def further_columns(one: ComparedObject, row: Row, known: Collection[str]) -> Iterator[Deviation]:
    """Find columns that say something and that nobody compares: what they do is not known here, so they are not as Neutron writes them."""
    for column, value in row.items():
        if column not in known and not is_empty(value):
            yield one.further(f"{one} has {column} {value} in OVN, which Neutron does not write")
