"""Whether a snapshot's records fit together: no dangling reference, no id given twice, no address that is none.

An object that refers to something absent means that the snapshot is partial, and a proof from it would be worth nothing. Each rule of
consistency is one line of a table; all values of a field are checked as one set, and the offending records are looked for only when
something is wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from infra.errors import Problem
from infra.neutron.owners import is_routers
from infra.ranges import parse_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from infra.neutron.snapshot import Port, Snapshot

_NAMES = {
    "projects": "project",
    "networks": "network",
    "subnets": "subnet",
    "subnet_pools": "subnet pool",
    "address_scopes": "address scope",
    "routers": "router",
    "ports": "port",
    "security_groups": "security group",
    "address_groups": "address group",
    "floating_ips": "floating IP",
    "trunks": "trunk",
    "servers": "server",
}
"""Sections whose records have ids, and what a record of each is called."""
IDENTIFIED = frozenset(_NAMES)


@dataclass(frozen=True, slots=True)
class _Field:
    """One field of the records of a section; ``target`` is the section that its values must be found in.

    ``inner`` names the parts of a record that have the field, where the record itself has not.
    """

    section: str
    name: str
    target: str = ""
    inner: str = ""

    def of(self, records: Iterable[Any]) -> Iterable[str | None]:
        """Yield all values of some records, at the speed of C: there may be a million."""
        holders = chain.from_iterable(map(attrgetter(self.inner), records)) if self.inner else records
        return map(attrgetter(self.name), holders)

    @property
    def label(self) -> str:
        """What the field is called in errors."""
        return self.inner if self.inner not in {"", "rules"} else self.name


@dataclass(frozen=True, slots=True)
class _Computed(_Field):
    """A field whose values have to be dug out."""

    get: Callable[[Any], Iterable[str | None]] = lambda _record: ()

    def of(self, records: Iterable[Any]) -> Iterable[str | None]:
        """Yield all values of some records."""
        return chain.from_iterable(map(self.get, records))


def _router_of(port: Port) -> tuple[str, ...]:
    return (port.device_id,) if is_routers(port.device_owner) else ()


_NO_REFERENCE = frozenset({None, "", "prefix_delegation"})
"""Values that refer to nothing: a subnet whose prefix is delegated from outside has this word for its pool (``IPV6_PD_POOL_ID``)."""

_REFERENCES: tuple[_Field, ...] = (
    _Field("subnets", "network_id", "networks"),
    _Field("subnets", "subnetpool_id", "subnet_pools"),
    _Field("subnet_pools", "address_scope_id", "address_scopes"),
    _Field("routers", "network_id", "networks", "gateways"),
    _Computed("routers", "gateways", "subnets", get=lambda r: [f.subnet_id for g in r.gateways for f in g.external_fixed_ips]),
    _Field("ports", "network_id", "networks"),
    _Field("ports", "subnet_id", "subnets", "fixed_ips"),
    _Computed("ports", "security_groups", "security_groups", get=attrgetter("security_groups")),
    _Computed("ports", "device_id", "routers", get=_router_of),
    _Field("security_groups", "remote_group_id", "security_groups", "rules"),
    _Field("security_groups", "remote_address_group_id", "address_groups", "rules"),
    _Field("floating_ips", "floating_network_id", "networks"),
    _Field("floating_ips", "port_id", "ports"),
    _Field("floating_ips", "router_id", "routers"),
    _Field("floating_ips", "internal_port_id", "ports", "port_forwardings"),
    _Field("trunks", "port_id", "ports"),
    _Field("trunks", "port_id", "ports", "sub_ports"),
)

"""Projects are not among the targets: Keystone may have deleted one whose objects are left (``_orphans`` in the semantics)."""

_ADDRESSES: tuple[_Field, ...] = (
    _Field("subnets", "cidr"),
    _Field("subnets", "gateway_ip"),
    _Computed("subnet_pools", "prefixes", get=attrgetter("prefixes")),
    _Field("routers", "destination", "", "routes"),
    _Field("routers", "nexthop", "", "routes"),
    _Computed("routers", "gateways", get=lambda r: [f.ip_address for g in r.gateways for f in g.external_fixed_ips]),
    _Field("ports", "ip_address", "", "fixed_ips"),
    _Field("ports", "ip_address", "", "allowed_address_pairs"),
    _Field("security_groups", "remote_ip_prefix", "", "rules"),
    _Computed("address_groups", "addresses", get=attrgetter("addresses")),
    _Field("floating_ips", "floating_ip_address"),
    _Field("floating_ips", "fixed_ip_address"),
    _Field("floating_ips", "internal_ip_address", "", "port_forwardings"),
)


_PREFIXES: tuple[_Field, ...] = (
    _Field("subnets", "cidr"),
    _Computed("subnet_pools", "prefixes", get=attrgetter("prefixes")),
    _Field("routers", "destination", "", "routes"),
)
"""Prefixes that Neutron keeps with their length only; without one it would be a single address, and fewer paths than there are."""

_OF_SECTION = {section: [field for field in _REFERENCES if field.section == section] for section in _NAMES}


def references(section: str, record: Any) -> Iterator[tuple[str, set[str]]]:  # noqa: ANN401 - a record of the section
    """Yield (section, ids) of what one record refers to."""
    for field in _OF_SECTION.get(section, ()):
        yield field.target, {value for value in field.of((record,)) if value not in _NO_REFERENCE and value is not None}


def inconsistencies(snapshot: Snapshot) -> Iterator[Problem]:
    """Yield what does not fit, lazily."""
    ids: dict[str, set[str]] = {}
    for section, name in _NAMES.items():
        records = getattr(snapshot, section)
        ids[section] = {record.id for record in records}
        if len(ids[section]) != len(records):
            yield from _duplicates(name, records)
    for field in _REFERENCES:
        missing = _values(snapshot, field) - ids[field.target] - _NO_REFERENCE
        if missing:
            yield from _dangling(snapshot, field, missing)
    for field in _ADDRESSES:
        wrong = {text for text in _values(snapshot, field) if text and parse_prefix(text) is None}
        for where, text in _holders(snapshot, field, wrong):
            yield Problem("this is not an address or prefix", where=where, expected="an IPv4 or IPv6 address or CIDR", got=text)
    for field in _PREFIXES:
        single = {text for text in _values(snapshot, field) if text and "/" not in text}
        for where, text in _holders(snapshot, field, single):
            yield Problem("this prefix has no length", where=where, expected="a prefix such as 10.0.0.0/24", got=text)


def _values(snapshot: Snapshot, field: _Field) -> set[str | None]:
    return set(field.of(getattr(snapshot, field.section)))


def _holders(snapshot: Snapshot, field: _Field, values: set[str | None] | set[str]) -> Iterator[tuple[str, str]]:
    """Yield (place, value) of every record that holds one of the values."""
    if not values:
        return
    name = _NAMES[field.section]
    for record in getattr(snapshot, field.section):
        for value in field.of((record,)):
            if value in values:
                yield f"{name} {record.id}, {field.label}", str(value)


def _dangling(snapshot: Snapshot, field: _Field, missing: set[str | None]) -> Iterator[Problem]:
    for where, value in _holders(snapshot, field, missing):
        yield Problem(
            f"it refers to a {_NAMES[field.target]} that is not in the snapshot",
            where=where,
            got=value,
            hint="the snapshot is partial: take it with a credential that may read every project",
        )


def _duplicates(name: str, records: Iterable[Any]) -> Iterator[Problem]:
    seen: set[str] = set()
    for record in records:
        if record.id in seen:
            where = f"{name} {record.id}"
            yield Problem(f"two records of a {name} have the same id", where=where, hint="take the snapshot again, into one file")
        seen.add(record.id)
