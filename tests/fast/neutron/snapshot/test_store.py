"""Snapshots are read strictly: what is corrupt, partial or inconsistent is refused, with file and record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import Problem, SnapshotError
from infra.neutron.snapshot import FixedIp, Header, Network, Port, Project, SecurityGroup, Snapshot, Subnet, store
from infra.neutron.snapshot.store import dumps, from_records, load, loads
from tests.fast.neutron.clouds import allow, two_tenants

if TYPE_CHECKING:
    from pathlib import Path

    import msgspec

pytestmark = pytest.mark.fast


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """A file and the snapshot it came from are equal, digest included."""
    snapshot = two_tenants().snapshot()
    path = tmp_path / "cloud.jsonl"
    path.write_bytes(dumps(snapshot))
    assert load(path) == snapshot
    assert loads(path.read_bytes()) == snapshot


def lines() -> list[bytes]:
    """Return the lines of a good file."""
    return dumps(two_tenants().snapshot()).splitlines(keepends=True)


CORRUPT = {
    "an empty file": (lambda _: [], "cloud:1: this is not a snapshot"),
    "something else": (lambda _: [b"hello\n"], "cloud:1: this is not a snapshot"),
    "no header": (lambda good: good[1:], "cloud:1: the header is missing"),
    "a version to come": (lambda good: [good[0].replace(b'"format":1', b'"format":2'), *good[1:]], "cloud:1: unknown snapshot version"),
    "cut off between records": (lambda good: good[:-3], "the file is cut off"),
    "cut off inside a record": (lambda good: [*good[:5], good[5][:20]], "cloud:6: the record does not fit the format"),
    "a record lost": (lambda good: [*good[:3], *good[4:]], "records are missing"),
    "a record after the end": (lambda good: [*good, good[2]], "a record follows the end line"),
    "two headers": (lambda good: [good[0], *good], "cloud:2: a second header"),
    "a field that does not exist": (lambda good: [good[0], good[1].replace(b'"name"', b'"nmae"'), *good[2:]], "unknown field `nmae`"),
    "a value of the wrong type": (lambda good: [good[0], good[1].replace(b'"name":"platform"', b'"name":7'), *good[2:]], "$.name"),
    "two records on one line": (
        lambda good: [good[0], good[1].rstrip() + good[2], *good[3:]],
        "cloud:2: the record does not fit the format",
    ),
    "a record on two lines beside two on one": (
        lambda good: [good[0], good[1].replace(b",", b",\n", 1), good[2].rstrip() + good[3], *good[4:]],
        "cloud:2: the record does not fit the format",
    ),
    "a record on two lines": (
        lambda good: [good[0], good[1].replace(b",", b",\n", 1), *good[2:]],
        "cloud:2: the record does not fit the format",
    ),
    "no JSON": (lambda good: [good[0], b"{]\n", *good[2:]], "cloud:2: the record does not fit the format"),
}


@pytest.mark.parametrize(("damage", "message"), CORRUPT.values(), ids=CORRUPT)
def test_a_damaged_file_is_refused(damage: object, message: str) -> None:
    """The error names the file and the line."""
    data = b"".join(damage(lines()))  # type: ignore[operator]
    with pytest.raises(SnapshotError) as error:
        loads(data, "cloud")
    assert message in str(error.value)


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_the_size_of_blocks_changes_nothing(size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file read in small blocks is the same snapshot, and an error in it names the same line."""
    monkeypatch.setattr(store, "_BLOCK", size)
    path = tmp_path / "cloud.jsonl"
    path.write_bytes(b"".join(lines()))
    assert load(path) == loads(path.read_bytes())
    path.write_bytes(b"".join([*lines()[:9], b"\n", b"{]\n", *lines()[9:]]))
    with pytest.raises(SnapshotError, match=r"cloud\.jsonl:11: the record does not fit the format"):
        load(path)


@given(st.data())
def test_any_damage_is_read_or_refused(data: st.DataObject) -> None:
    """Bytes lost, doubled or changed anywhere end in a snapshot or in an error of ours with the file's name, and in nothing else."""
    good = b"".join(lines())
    start = data.draw(st.integers(0, len(good)))
    end = data.draw(st.integers(start, min(len(good), start + 40)))
    damaged = good[:start] + data.draw(st.binary(max_size=8)) + good[end:]
    try:
        found: Snapshot | tuple[Problem, ...] = loads(damaged, "cloud")
    except SnapshotError as error:
        found = error.problems
    assert isinstance(found, Snapshot) or (found and all(problem.where.startswith("cloud") for problem in found))


def test_nesting_without_end_is_no_record() -> None:
    """A line that would exhaust the decoder is refused as any other."""
    good = lines()
    with pytest.raises(SnapshotError, match="cloud:2: the record does not fit the format"):
        loads(b"".join([good[0], b'{"kind":"project","id":' + b"[" * 100_000 + b"\n", *good[1:]]), "cloud")


def test_an_unknown_kind_is_kept_as_unknown() -> None:
    """A record of a kind that this version does not know is neither an error nor dropped."""
    good = lines()
    good[-1] = good[-1].replace(str(len(good) - 2).encode(), str(len(good) - 1).encode())
    snapshot = loads(b"".join([*good[:-1], b'{"kind":"firewall_group","id":"f"}\n', good[-1]]))
    assert [item.type for item in snapshot.unknowns] == ["firewall_group"]


BASE = (Project(id="acme"), Network(id="app", project_id="acme"))

INCONSISTENT = {
    "a port on a network that is not there": (
        Port(id="p", network_id="ghost", project_id="acme"),
        "port p, network_id: it refers to a network",
    ),
    "a port on a subnet that is not there": (
        Port(id="p", network_id="app", project_id="acme", fixed_ips=(FixedIp(subnet_id="ghost"),)),
        "port p, fixed_ips: it refers to a subnet",
    ),
    "a port with a group that is not there": (
        Port(id="p", network_id="app", project_id="acme", security_groups=("ghost",)),
        "port p, security_groups: it refers to a security group",
    ),
    "a leg of a router that is not there": (
        Port(id="p", network_id="app", project_id="acme", device_owner="network:router_interface", device_id="ghost"),
        "port p, device_id: it refers to a router",
    ),
    "a rule's remote group that is not there": (
        SecurityGroup(id="g", project_id="acme", rules=(allow("ingress", remote_group_id="ghost"),)),
        "security group g, remote_group_id: it refers to a security group",
    ),
    "a prefix that is none": (
        SecurityGroup(id="g", project_id="acme", rules=(allow("ingress", "10.0.0.0/33"),)),
        "security group g, remote_ip_prefix: this is not an address or prefix",
    ),
    "an id given twice": (Network(id="app", project_id="acme"), "network app: two records of a network have the same id"),
    "a subnet whose pool is not there": (
        Subnet(id="s", network_id="app", cidr="10.0.0.0/24", subnetpool_id="ghost"),
        "subnet s, subnetpool_id: it refers to a subnet pool",
    ),
}


@pytest.mark.parametrize(("record", "message"), INCONSISTENT.values(), ids=INCONSISTENT)
def test_records_that_do_not_fit_together(record: msgspec.Struct, message: str) -> None:
    """A reference to something absent means a partial snapshot: refused as a whole."""
    with pytest.raises(SnapshotError) as error:
        from_records(Header(format=1, origin="synthetic"), [*BASE, record])  # type: ignore[list-item]
    assert message in str(error.value)


def test_an_unreadable_file_is_an_error_of_ours(tmp_path: Path) -> None:
    """A missing file is no trace-back."""
    with pytest.raises(SnapshotError, match="cannot be read"):
        load(tmp_path / "absent")


def test_equal_snapshots_have_equal_digests() -> None:
    """The digest is of what the snapshot says."""
    first, second = two_tenants().snapshot(), two_tenants().snapshot()
    assert isinstance(first, Snapshot)
    assert first.digest == second.digest
    other = two_tenants()
    other.route("acme-edge", "192.0.2.0/24", "10.0.0.11")
    assert other.snapshot().digest != first.digest
