"""A kept listing is read as it was found, but for secrets, or refused with its line: never as less, and never as something else."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.drift.found import KINDS, Asked, Found
from infra.drift.kept import VERSION, Kept, encoded, ending, reading, writing
from infra.errors import SnapshotError
from tests.fast.drift.kept.files import AT, CLOUD, REGION, lines, listed, read
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast
MANY = settings(max_examples=3 * settings().max_examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])
KINDS_OF_VERSION = {1: "29fc42848cd0"}
"""For each version of the format the beginning of the SHA-256 of its kinds."""

TEXTS = st.text(st.characters(codec=None), max_size=8)
WORDS = st.text(max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ROWS = st.builds(lambda row, id_: {**row, "id": id_}, st.dictionaries(TEXTS, VALUES, max_size=4), WORDS)
IDS = st.frozensets(WORDS, max_size=3)
TIMES = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-3, minutes=-30))]))


@st.composite
def founds(draw: st.DrawFn) -> Found:
    """A listing of anything that JSON has a word for."""
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=4, unique=True))
    rows: dict[str, Any] = {kind: tuple(draw(st.lists(ROWS, max_size=3))) for kind in kinds}
    reasons = st.dictionaries(st.sampled_from(KINDS), TEXTS, max_size=2)
    by_id = Asked(draw(WORDS), draw(IDS), draw(IDS), draw(IDS), draw(IDS))
    return Found(**rows, untold=draw(reasons), absent=draw(reasons), at=draw(TIMES), asker=draw(TEXTS), asked=by_id)


def small() -> list[bytes]:
    """Return a file with a little of everything."""
    row = {"id": "p", "name": "web", "fixed_ips": [{"ip_address": "10.0.0.5"}]}
    found = Found(ports=(row, {**row, "id": "q"}), users=({"id": "u", "name": "anna"},), untold={"trusts": "403"}, at=AT)
    return lines(replace(found, asker="user-admin", asked=Asked("project-platform", frozenset({"a", "b"}))))


@MANY
@given(founds(), WORDS, WORDS)
def test_what_is_written_is_read(found: Found, address: str, region: str) -> None:
    """Every row in its order, reasons, time, and who asked for what; of secrets, that there is one."""
    kept = reading.read(writing.written(Kept(found, address, region)), "f")
    assert kept.found == writing.without_secrets(found)
    assert (kept.cloud, kept.region, kept.at) == (address, region, found.at)
    assert kept.found.at is not None
    assert kept.found.at.utcoffset() == (found.at.utcoffset() if found.at else None)


def test_a_whole_cloud_is_read_as_it_was_found() -> None:
    """Without a secret nothing is left out."""
    made, found = cloud(inventory())
    whole = listed(made, found)
    assert read(lines(whole)) == whole
    assert read(lines(whole)) != replace(whole, ports=whole.ports[1:])


@MANY
@given(st.data())
def test_one_damaged_byte_is_refused(data: st.DataObject) -> None:
    """Wherever it is, the last line and line ends included."""
    whole = b"".join(small())
    place, byte = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.integers(0, 255))
    damaged = whole[:place] + bytes([byte]) + whole[place + 1 :]
    if damaged == whole:
        return
    with pytest.raises(SnapshotError):
        read(io.BytesIO(damaged).readlines())


def test_every_other_bit_of_every_byte_is_noticed() -> None:
    """One after the other, in a file with a little of everything; and every length but the whole one."""
    whole = b"".join(small())
    read(io.BytesIO(whole).readlines())
    for place in range(len(whole)):
        for damaged in (whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :], whole[:place]):
            with pytest.raises(SnapshotError):
                read(io.BytesIO(damaged).readlines())


def resealed(written: list[bytes], **counts: int) -> list[bytes]:
    """Return lines with a last line that belongs to those before it, as somebody writes it who changed them."""
    body = written[:-1]
    told = dict.fromkeys(KINDS, 0)
    for line in body[1:]:
        kind = json.loads(line).get("of", "")
        told[kind] = told.get(kind, 0) + 1
    return [*body, encoded(ending({**told, **counts}, hashlib.sha256(b"".join(body)).hexdigest()))]


def header(**changes: object) -> Callable[[list[bytes]], list[bytes]]:
    """Return a change of the first line, sealed anew."""
    return lambda written: resealed([encoded({**json.loads(written[0]), **changes}), *written[1:]])


def further(value: dict[str, Any]) -> Callable[[list[bytes]], list[bytes]]:
    """Return a change by which a line stands before the last one, sealed anew."""
    return lambda written: resealed([*written[:-1], encoded(value), written[-1]])


DAMAGES: dict[str, tuple[Callable[[list[bytes]], list[bytes]], str, int]] = {
    "nothing": (lambda _: [], "the file is cut off", 0),
    "cut off after a record": (lambda written: written[:-1], "the file is cut off", 4),
    "cut off within a record": (lambda written: [*written[:2], written[2][:20]], "the line is no JSON", 3),
    "without its last line end": (lambda written: [*written[:-1], written[-1][:-1]], "the line is not as it was written", 5),
    "a record lost": (lambda written: [*written[:1], *written[2:]], "records are missing", 4),
    "a record twice": (lambda written: [*written[:2], *written[1:]], "records are missing, or there are more", 6),
    "a wrong count": (lambda written: resealed(written, ports=3), "records are missing", 5),
    "two records changed places": (
        lambda written: [written[0], written[2], written[1], *written[3:]],
        "the file was changed after it was written",
        5,
    ),
    "a changed record": (lambda written: [line.replace(b"anna", b"bert") for line in written], "the file was changed after", 5),
    "a second last line": (lambda written: [*written, written[-1]], "something follows the last line", 6),
    "a record after the last line": (lambda written: [*written, written[1]], "something follows the last line", 6),
    "a second header": (lambda written: resealed([written[0], *written]), "the line is no record", 2),
    "without a header": (lambda written: written[1:], "these are no kept records", 1),
    "a snapshot of Neutron's records": (
        lambda _: [b'{"kind":"snapshot","format":1,"origin":"cloud"}\n'],
        "these are no kept records",
        1,
    ),
    "another version": (header(version=VERSION + 1), "the file has another version", 1),
    "a version that is no number": (header(version=True), "the header does not fit the format", 1),
    "a field that nobody knows": (header(more=1), "the header does not fit the format", 1),
    "a reason for a kind that nobody knows": (header(untold={"firewalls": "403"}), "kinds that are not known", 1),
    "no date": (header(at=""), "does not say when the cloud was listed", 1),
    "a date without its zone": (header(at="2026-11-30T22:15:07"), "does not say when the cloud was listed", 1),
    "a kind that nobody knows": (further({"kind": "record", "of": "firewalls", "row": {"id": "f"}}), "of a kind that is not known", 5),
    "a record without an id": (further({"kind": "record", "of": "ports", "row": {"name": "f"}}), "a record has no id", 5),
    "a record that is none": (further({"kind": "record", "of": "ports", "row": [1]}), "a record has no id", 5),
    "a record with more": (further({"kind": "record", "of": "ports", "row": {"id": "f"}, "more": 1}), "the line is no record", 5),
    "a key twice": (
        lambda written: resealed([*written[:-1], b'{"kind":"record","of":"ports","row":{"id":"f","id":"g"}}\n', written[-1]]),
        "the line is not as it was written",
        5,
    ),
    "a number that is none": (
        lambda written: resealed([*written[:-1], b'{"kind":"record","of":"ports","row":{"id":NaN}}\n', written[-1]]),
        "the line is no JSON",
        5,
    ),
    "an empty line": (lambda written: [*written[:2], b"\n", *written[2:]], "the line is no JSON", 3),
    "nesting without end": (lambda written: [*written[:1], b"[" * 200_000 + b"\n"], "the line is no JSON", 2),
    "no object": (lambda written: [*written[:1], b"1\n"], "the line is not as it was written", 2),
    "another encoding": (lambda written: [written[0].decode().encode("utf-16")], "the line is no JSON", 1),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_what_nobody_wrote_so_is_refused_with_its_line(name: str) -> None:
    """What, where, expected, got, and the next step."""
    act, says, number = DAMAGES[name]
    with pytest.raises(SnapshotError) as found:
        read(act(small()))
    (problem,) = found.value.problems
    assert says in problem.what
    assert problem.where == f"records.jsonl:{number}"
    assert problem.expected
    assert problem.got
    assert "--keep" in problem.hint


def test_resealing_is_what_makes_those_lines_whole() -> None:
    """Lines that nobody changed are sealed as they were, so each refusal above is for its own reason."""
    assert resealed(small()) == small()


def test_a_new_kind_is_a_new_version() -> None:
    """A reader of the version before would take its records for damage, and this one a file without them for a cloud without any."""
    digest = hashlib.sha256("\n".join(KINDS).encode()).hexdigest()
    assert digest.startswith(KINDS_OF_VERSION[VERSION])


SECRETS: dict[str, tuple[str, object]] = {
    "user data of a server": ("servers", {"OS-EXT-SRV-ATTR:user_data": "c2VzYW1l"}),
    "password of a server": ("servers", {"adminPass": "sesame"}),
    "key of a transfer": ("transfers", {"auth_key": "sesame"}),
    "credential": ("credentials", {"blob": '{"access":"a","secret":"sesame"}', "encrypted_blob": "sesame"}),
    "application credential": ("application_credentials", {"secret": "sesame"}),
    "payload of a secret": ("secrets", {"payload": "sesame"}),
    "password of a user": ("users", {"password": "sesame"}),
    "place of an image": ("images", {"direct_url": "swift+https://u:sesame@s", "locations": [{"url": "swift+https://u:sesame@s"}]}),
}


@pytest.mark.parametrize(("kind", "values"), SECRETS.values(), ids=SECRETS)
def test_no_secret_is_in_a_file(kind: str, values: dict[str, Any]) -> None:
    """That there is one is said by name; that there is none stays so; all else of the row is there."""
    row = {"id": "x", "name": "visible", **values, "private_key": None, "user_data": ""}
    rows: dict[str, Any] = {kind: (row,)}
    written = lines(Found(**rows, at=AT, asked=Asked("p")))
    whole = b"".join(written)
    assert b"visible" in whole
    assert b"sesame" not in whole
    assert b"c2VzYW1l" not in whole
    ((found,),) = (read(written).known(kind),)
    assert found == {**row, **dict.fromkeys(values, writing.LEFT_OUT)}


UNWRITABLE: dict[str, tuple[Found, str]] = {
    "undated": (Found(asked=Asked("p")), "does not say when it was made"),
    "without a zone": (Found(asked=Asked("p"), at=datetime(2026, 11, 30)), "does not say when it was made"),  # noqa: DTZ001 - the fault
    "nobody asked": (Found(at=AT), "does not say what was asked for"),
    "no number": (Found(asked=Asked("p"), at=AT, ports=({"id": "p", "mtu": float("nan")},)), "a record cannot be written"),
    "no JSON": (Found(asked=Asked("p"), at=AT, ports=({"id": "p", "at": AT},)), "a record cannot be written"),
    "read otherwise": (Found(asked=Asked("p"), at=AT, ports=({"id": "p", "ips": ("a", "b")},)), "would be read otherwise"),
}


@pytest.mark.parametrize(("found", "says"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_would_be_read_otherwise_is_not_written(found: Found, says: str) -> None:
    """A listing of which nobody knows when and for whom, and a value that JSON has no word for."""
    with pytest.raises(SnapshotError, match=says):
        list(writing.written(Kept(found, CLOUD, REGION)))
