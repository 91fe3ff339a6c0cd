"""The checker's lists of fields and values are the snapshot's, and whatever is in none of them is refused by name."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import inspect

from infra.neutron.semantics import unknowns
from infra.neutron.semantics.drivers import FILTERED_VNIC_TYPES
from infra.neutron.semantics.floating_ips import FORWARDED
from infra.neutron.snapshot.objects import AnyRecord
from ringfence.checker import records, rules
from ringfence.checker.conditions import check
from ringfence.checker.records import FLAGS, KINDS, KNOWN, NAMED, PARTS, VALUES, unread
from ringfence.checker.rules import RefusedError
from tests.fast.neutron.clouds import Cloud, two_tenants
from tests.fast.proof.certificates import certified, sealed
from tests.fast.proof.test_checker_records import of_every_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.fast

Struct = inspect.StructType


def inside(kind: inspect.Type) -> Iterator[inspect.Type]:
    """Yield a type without what is wrapped around it: its alternatives, and what a list holds."""
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from inside(one)
    elif isinstance(kind, inspect.VarTupleType):
        yield from inside(kind.item_type)
    else:
        yield kind


def structs(place: str, kind: Struct) -> Iterator[tuple[str, Struct]]:
    """Yield a record and all parts in it, with the names that the checker has for their places."""
    yield place, kind
    for field in kind.fields:
        for one in inside(field.type):
            if isinstance(one, Struct):
                yield from structs(field.encode_name, one)


FORMAT = inspect.type_info(AnyRecord)
PLACES = {name: kind for one in inside(FORMAT) if isinstance(one, Struct) for name, kind in structs(str(one.tag), one)}
FIELDS = {(place, field.encode_name): list(inside(field.type)) for place, kind in PLACES.items() for field in kind.fields}


def test_the_fields_are_those_of_the_format() -> None:
    """Of every kind of record and of every part in one; a field that the format gets is put into the list by somebody who thinks of it."""
    expected = {place: {field.encode_name for field in kind.fields} | ({"kind"} & {kind.tag_field}) for place, kind in PLACES.items()}
    assert expected == KNOWN
    assert not KINDS.keys() & PARTS.keys()
    assert PARTS.keys() == {field for (_, field), types in FIELDS.items() if any(isinstance(one, Struct) for one in types)}


def test_the_values_are_those_of_the_format_and_of_the_prover() -> None:
    """Closed lists of values, and which fields are true or false."""
    assert {field for (_, field), types in FIELDS.items() if any(isinstance(one, inspect.BoolType) for one in types)} == FLAGS
    closed: dict[str, set[object]] = {"port_forwardings.protocol": set(FORWARDED)}
    for (place, field), types in FIELDS.items():
        literal = {value for one in types if isinstance(one, inspect.LiteralType) for value in one.values}
        literal |= {member.value for one in types if isinstance(one, inspect.EnumType) for member in one.cls}
        if literal:
            closed[f"{place}.{field}"] = literal | ({None} if any(isinstance(one, inspect.NoneType) for one in types) else set())
    assert {place: set(values) for place, values in VALUES.items()} == closed
    assert {name: set(values) for name, values in NAMED.values()} == {
        "network_type": unknowns.NETWORK_TYPES,
        "vnic_type": unknowns.VNIC_TYPES,
        "rbac_type": unknowns.RBAC_TYPES,
        "rbac_action": unknowns.RBAC_ACTIONS,
    }
    assert set(rules.FILTERED) == FILTERED_VNIC_TYPES <= set(records.NAMED["port", "binding_vnic_type"][1])


def changed(cloud: Cloud, kind: str, change: Callable[[dict[str, Any]], object]) -> tuple[dict[str, Any], bytes]:
    """Return the honest certificate of a cloud, sealed anew for its snapshot after a change to the first record of a kind."""
    certificate, snapshot = certified(cloud)
    lines = [json.loads(line) for line in snapshot.splitlines()]
    change(next(record for record in lines if record["kind"] == kind))
    data = b"".join(json.dumps(record).encode() + b"\n" for record in lines)
    return sealed({**certificate, "snapshot": sha256(data).hexdigest()}), data


@pytest.mark.parametrize("kind", sorted(KINDS.keys() - {"unknown"}))
def test_a_record_with_a_field_that_is_not_known_is_refused_by_name(kind: str) -> None:
    """A later version's field may decide something, whoever accepts it."""
    certificate, snapshot = changed(of_every_kind(), kind, lambda record: record.update(bypass=0))
    accepted = [{"name": name, "owner": "anna", "reason": "none", "expires": "2030-01-01"} for name in ("bypass", f"field {kind}.bypass")]
    for forged in (certificate, sealed({**certificate, "accepted": accepted})):
        with pytest.raises(RefusedError, match=rf"nobody here can read: field {kind}\.bypass"):
            check(forged, snapshot)


@pytest.mark.parametrize("place", sorted(PARTS))
def test_a_part_with_a_field_that_is_not_known_is_refused_by_name(place: str) -> None:
    """Wherever the part is, in a list or alone."""
    kinds = {kind for kind, fields in KNOWN.items() if place in fields}
    assert kinds
    for kind, part in ((kind, part) for kind in kinds for part in ({"bypass": 0}, [{}, {"bypass": 0}])):
        assert list(unread(kind, {place: part})) == [f"field {place}.bypass"]


ODD: dict[str, tuple[str, Callable[[dict[str, Any]], object], str]] = {
    "a text in place of true or false": ("port", lambda port: port.update(port_security_enabled="false"), "'false' of port.port_sec"),
    "nothing in place of true or false": ("router", lambda router: router.update(admin_state_up=None), "None of router.admin_state_up"),
    "a third direction": ("security_group", lambda group: group["rules"][0].update(direction="both"), "'both' of rules.direction"),
    "a third family": ("security_group", lambda group: group["rules"][0].update(ethertype="any"), "'any' of rules.ethertype"),
    "a third role": ("project", lambda project: project.update(role="guest"), "'guest' of project.role"),
    "a fourth driver": ("snapshot", lambda header: header.update(driver="nsx"), "'nsx' of snapshot.driver"),
    "another type of network": (
        "network",
        lambda network: network.update(provider_network_type="mesh"),
        "not understood: .*network_type:mesh",
    ),
    "another kind of card": ("port", lambda port: port.update(binding_vnic_type="magic"), "not understood: .*vnic_type:magic"),
}


@pytest.mark.parametrize(("kind", "change", "said"), ODD.values(), ids=ODD)
def test_a_value_outside_a_closed_list_is_refused_by_name(kind: str, change: Callable[[dict[str, Any]], object], said: str) -> None:
    """A value that nobody knows is no known one, and least of all the safe one."""
    certificate, snapshot = changed(two_tenants(), kind, change)
    with pytest.raises(RefusedError, match=said):
        check(certificate, snapshot)


def test_a_snapshot_that_was_not_changed_is_confirmed() -> None:
    """The refusals above are about the changes."""
    assert check(*changed(of_every_kind(), "port", lambda _: None)) == ("structure", "packets")
