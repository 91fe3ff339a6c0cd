"""Whether a snapshot's records fit together: no dangling reference, no id given twice, no address that is none.

An object that refers to something absent means that the snapshot is partial, and a proof from it would be worth nothing. Each rule of
consistency is one line of a table; all values of a field are checked as one set, and the offending records are looked for only when
something is wrong.
"""

from __future__ import annotations

from itertools import chain
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.errors import Problem
from infra.neutron.addresses import parse_prefix

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


class _Field(NamedTuple):
    """One field of the records of a section: ``get`` yields its values, ``target`` is the section that they must be found in.

    ``inner`` and ``name`` say the same as ``get`` where the field belongs to the parts of a record, of which there may be a million.
    """

    section: str
    target: str
    name: str
    get: Callable[[Any], Iterable[str | None]]
    inner: str = ""


def _one(field: str) -> Callable[[Any], Iterable[str | None]]:
    return lambda record: (getattr(record, field),)


def _router_of(port: Port) -> tuple[str | None]:
    return (port.device_id if port.device_owner.startswith("network:router_interface") else None,)


_REFERENCES = (
    _Field("networks", "projects", "project_id", _one("project_id")),
    _Field("subnets", "networks", "network_id", _one("network_id")),
    _Field("subnets", "subnet_pools", "subnetpool_id", _one("subnetpool_id")),
    _Field("subnet_pools", "address_scopes", "address_scope_id", _one("address_scope_id")),
    _Field("routers", "projects", "project_id", _one("project_id")),
    _Field("routers", "networks", "gateways", lambda r: [g.network_id for g in r.gateways]),
    _Field("routers", "subnets", "gateways", lambda r: [f.subnet_id for g in r.gateways for f in g.external_fixed_ips]),
    _Field("ports", "networks", "network_id", _one("network_id")),
    _Field("ports", "projects", "project_id", _one("project_id")),
    _Field("ports", "subnets", "fixed_ips", lambda p: [f.subnet_id for f in p.fixed_ips]),
    _Field("ports", "security_groups", "security_groups", lambda p: p.security_groups),
    _Field("ports", "routers", "device_id", _router_of),
    _Field("security_groups", "projects", "project_id", _one("project_id")),
    _Field("security_groups", "security_groups", "remote_group_id", lambda g: [r.remote_group_id for r in g.rules], "rules"),
    _Field("security_groups", "address_groups", "remote_address_group_id", lambda g: [r.remote_address_group_id for r in g.rules], "rules"),
    _Field("floating_ips", "networks", "floating_network_id", _one("floating_network_id")),
    _Field("floating_ips", "ports", "port_id", _one("port_id")),
    _Field("floating_ips", "routers", "router_id", _one("router_id")),
    _Field("floating_ips", "ports", "port_forwardings", lambda f: [p.internal_port_id for p in f.port_forwardings]),
    _Field("trunks", "ports", "port_id", _one("port_id")),
    _Field("trunks", "ports", "sub_ports", lambda t: [s.port_id for s in t.sub_ports]),
)

_ADDRESSES = (
    _Field("subnets", "", "cidr", _one("cidr")),
    _Field("subnets", "", "gateway_ip", _one("gateway_ip")),
    _Field("subnet_pools", "", "prefixes", lambda p: p.prefixes),
    _Field("routers", "", "routes", lambda r: [text for route in r.routes for text in (route.destination, route.nexthop)]),
    _Field("routers", "", "gateways", lambda r: [f.ip_address for g in r.gateways for f in g.external_fixed_ips]),
    _Field("ports", "", "fixed_ips", lambda p: [f.ip_address for f in p.fixed_ips]),
    _Field("ports", "", "allowed_address_pairs", lambda p: [a.ip_address for a in p.allowed_address_pairs]),
    _Field("security_groups", "", "remote_ip_prefix", lambda g: [r.remote_ip_prefix for r in g.rules], "rules"),
    _Field("address_groups", "", "addresses", lambda g: g.addresses),
    _Field("floating_ips", "", "floating_ip_address", _one("floating_ip_address")),
    _Field("floating_ips", "", "fixed_ip_address", _one("fixed_ip_address")),
    _Field("floating_ips", "", "port_forwardings", lambda f: [p.internal_ip_address for p in f.port_forwardings]),
)


def inconsistencies(snapshot: Snapshot) -> Iterator[Problem]:
    """Yield what does not fit, lazily."""
    ids: dict[str, set[str]] = {}
    for section, name in _NAMES.items():
        records = getattr(snapshot, section)
        ids[section] = {record.id for record in records}
        if len(ids[section]) != len(records):
            yield from _duplicates(name, records)
    for field in _REFERENCES:
        missing = _values(snapshot, field) - ids[field.target] - {None, ""}
        if missing:
            yield from _dangling(snapshot, field, missing)
    for field in _ADDRESSES:
        wrong = {text for text in _values(snapshot, field) if text and parse_prefix(text) is None}
        for where, text in _holders(snapshot, field, wrong):
            yield Problem("this is not an address or prefix", where=where, expected="an IPv4 or IPv6 address or CIDR", got=text)


def _values(snapshot: Snapshot, field: _Field) -> set[str | None]:
    records = getattr(snapshot, field.section)
    if field.inner:
        return set(map(attrgetter(field.name), chain.from_iterable(map(attrgetter(field.inner), records))))
    return set(chain.from_iterable(map(field.get, records)))


def _holders(snapshot: Snapshot, field: _Field, values: set[str | None] | set[str]) -> Iterator[tuple[str, str]]:
    """Yield (place, value) of every record that holds one of the values."""
    if not values:
        return
    name = _NAMES[field.section]
    for record in getattr(snapshot, field.section):
        for value in field.get(record):
            if value in values:
                yield f"{name} {record.id}, {field.name}", str(value)


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
            yield Problem(f"two records of a {name} have the same id", where=f"{name} {record.id}")
        seen.add(record.id)
