from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from infra.errors import QuestionError
from infra.offboarding import inventory as inventories
from infra.offboarding import proof
from infra.offboarding.inventory import Medium, StoredHead, with_places
from infra.offboarding.proof import Absence, FirstObjects, KeyRows, Listing
from infra.outcome import CheckVerdict
from tests.fast.offboarding.tenants import BACKUP, MEDIA, MINE, NEIGHBOUR, OTHER, ROOT, inventory

pytestmark = pytest.mark.fast
PASS, FAIL, ERROR, SKIPPED = CheckVerdict.PASS, CheckVerdict.FAIL, CheckVerdict.ERROR, CheckVerdict.SKIPPED
GOOD = Listing("cinder", "volumes", (), 3)


@pytest.mark.parametrize(
    ("listing", "verdict", "said"),
    [
        (GOOD, PASS, ""),
        (replace(GOOD, ours=("v1",)), FAIL, "v1"),
        (replace(GOOD, others=0), ERROR, "nothing of anybody"),
        (replace(GOOD, untold="403"), ERROR, "403"),
        (replace(GOOD, untold="403", ours=("v1",)), ERROR, "403"),
    ],
    ids=["a twin is listed", "something is left", "no twin", "refused", "refused in the middle"],
)
def test_a_service_that_lists_nothing_proves_something_only_beside_what_it_lists(
    listing: Listing, verdict: CheckVerdict, said: str
) -> None:
    """An empty answer may come of a permission that is missing."""
    (found,) = proof.listed([listing])
    assert found.verdict is verdict
    assert said in found.said


def test_a_kind_that_nobody_has_leans_on_another_kind_of_its_service_and_on_no_other_service() -> None:
    """No tenant has a transfer; that the same service shows volumes shows that it shows anything."""
    transfers = Listing("cinder", "transfers")
    assert [each.verdict for each in proof.listed([GOOD, transfers])] == [PASS, PASS]
    assert [each.verdict for each in proof.listed([replace(GOOD, service="nova"), transfers])] == [PASS, ERROR]


SERVICES = ("cinder", "nova")
LIVE = {"cinder": 200, "nova": 200}


@pytest.mark.parametrize(
    ("kept", "live", "verdict", "said"),
    [
        ({"cinder": 401, "nova": 401}, LIVE, PASS, ""),
        ({"cinder": 401, "nova": 200}, LIVE, FAIL, "nova"),
        ({"cinder": 403, "nova": 401}, LIVE, FAIL, "cinder"),
        ({"cinder": 401}, LIVE, ERROR, "no answer: nova"),
        ({"cinder": 401, "nova": 0}, LIVE, ERROR, "nova (0)"),
        ({"cinder": 401, "nova": 503}, LIVE, ERROR, "nova (503)"),
        ({"cinder": 401, "nova": 401}, {"cinder": 200, "nova": 401}, ERROR, "refuse the administrator: nova"),
        (None, LIVE, ERROR, "no token was kept"),
    ],
    ids=["refused", "accepted", "accepted and forbidden", "not asked", "silent", "broken", "refuses everybody", "no token"],
)
def test_a_token_is_refused_only_by_a_service_that_takes_another_one(
    kept: dict[str, int] | None, live: dict[str, int], verdict: CheckVerdict, said: str
) -> None:
    """A service that is down refuses everybody, and proves nothing."""
    found = proof.token(kept, live, SERVICES)
    assert found.verdict is verdict
    assert said in found.said
    assert proof.token({}, {}, ()).verdict is ERROR
    assert proof.token({"identity": 404}, {"identity": 200}, ("identity",)).verdict is PASS
    assert proof.token({"nova": 404}, {"nova": 200}, ("nova",)).verdict is ERROR
    assert proof.token({"identity": 404}, {"identity": 404}, ("identity",)).verdict is ERROR


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        ([KeyRows("secrets", 0, 4)], PASS),
        ([KeyRows("secrets", 1, 4)], FAIL),
        ([KeyRows("secrets", 0, 0)], ERROR),
        ([], ERROR),
        (None, SKIPPED),
    ],
    ids=["others only", "one is left", "no twin", "nothing was read", "nobody may"],
)
def test_key_rows_are_gone_only_from_a_table_that_has_rows_of_others(rows: list[KeyRows] | None, verdict: CheckVerdict) -> None:
    """An empty table may be that of another database."""
    assert [each.verdict for each in proof.key_rows(rows, "no prefix")] == [verdict]


BLIND = StoredHead("volumes/volume-v8", None, "no permission")
PLAIN = StoredHead("images/i1")


@pytest.mark.parametrize(
    ("heads", "why", "verdict", "said"),
    [
        ((NEIGHBOUR, PLAIN), "", PASS, "2 were read"),
        ((NEIGHBOUR, ROOT), "", FAIL, "volumes/volume-v1"),
        ((NEIGHBOUR, StoredHead("volumes/volume-v1.deleted", MINE)), "", FAIL, "volume-v1.deleted"),
        ((NEIGHBOUR, StoredHead("trash of volumes/1f", MINE)), "", FAIL, "trash of volumes/1f"),
        ((NEIGHBOUR, StoredHead("volumes/x@y", MINE)), "", FAIL, "volumes/x@y"),
        ((NEIGHBOUR, StoredHead(ROOT.place)), "", FAIL, "volumes/volume-v1"),
        ((PLAIN,), "", ERROR, "no fingerprint of anybody"),
        ((NEIGHBOUR, BLIND), "", ERROR, "no permission"),
        ((NEIGHBOUR,), "pool vms", ERROR, "pool vms"),
        (None, "no prefix", SKIPPED, "no prefix"),
    ],
    ids=[
        "a neighbour only",
        "the image itself",
        "renamed",
        "in the trash",
        "a snapshot elsewhere",
        "the image with another header",
        "no twin",
        "not all can be read",
        "a pool left out",
        "nobody may",
    ],
)
def test_the_storage_holds_nothing_only_if_all_of_it_was_read_and_a_neighbour_found(
    heads: tuple[StoredHead, ...] | None, why: str, verdict: CheckVerdict, said: str
) -> None:
    """Under whatever name: what has a fingerprint of the tenant's is left of it."""
    (found,) = proof.stored(inventory(ROOT, BACKUP, NEIGHBOUR), heads, why)
    assert found.verdict is verdict, found
    assert said in found.said


OBJECTS = FirstObjects(2, (), "volumes/volume-v9", ())


@pytest.mark.parametrize(
    ("look", "verdict", "said"),
    [
        (OBJECTS, PASS, "2 were asked for"),
        (replace(OBJECTS, left=("volumes/rbd_data.1.0",)), FAIL, "volumes/rbd_data.1.0"),
        (replace(OBJECTS, left=("volumes/rbd_data.1.0",), twin="", missing=("volumes/x",)), FAIL, "volumes/rbd_data.1.0"),
        (replace(OBJECTS, twin=""), ERROR, "that of no other image is found"),
        (replace(OBJECTS, untold="no permission"), ERROR, "no permission"),
        (replace(OBJECTS, missing=("volumes/volume-v1",)), SKIPPED, "not noted at the beginning: volumes/volume-v1"),
        (replace(OBJECTS, asked=0), SKIPPED, "not noted at the beginning: any"),
        (None, SKIPPED, "no prefix"),
    ],
    ids=["gone", "left", "left and half noted", "no twin", "not told", "half noted", "nothing noted", "nobody may"],
)
def test_the_object_with_a_header_is_gone_only_if_the_storage_has_it_for_no_deleted_snapshot(
    look: FirstObjects | None, verdict: CheckVerdict, said: str
) -> None:
    """An image's name is gone at once; its objects stay until their snapshots are trimmed."""
    found = proof.first_objects(look, "no prefix")
    assert found.verdict is verdict
    assert said in found.said


S1, S9 = "11111111-1111-1111-1111-111111111111", "99999999-9999-9999-9999-999999999999"


@pytest.mark.parametrize(
    ("lines", "why", "verdict"),
    [
        ([S9, "locks"], "", PASS),
        ([S9, S1], "", FAIL),
        ([S9, f"{S1}_del"], "", FAIL),
        ([S9, f"77777777-7777-7777-7777-777777777777 volume {S9}", f"88888888-8888-8888-8888-888888888888 volume {S1[:-1]}2"], "", FAIL),
        ([S9], "virsh: no connection", ERROR),
        (["locks"], "", ERROR),
        ([f"{S9} ceph client.cinder secret"], "", ERROR),
        ([], "", ERROR),
        (None, "no prefix", SKIPPED),
    ],
    ids=[
        "others only",
        "a folder",
        "a folder on its way out",
        "a secret",
        "half read",
        "no twin",
        "the key to the storage",
        "nothing",
        "nobody may",
    ],
)
def test_a_hypervisor_holds_nothing_only_where_it_holds_something_of_others(
    lines: list[str] | None, why: str, verdict: CheckVerdict
) -> None:
    """A folder by the server's id, a secret by its volume's."""
    one = msgspec.structs.replace(inventory(ROOT), resources={"servers": (S1,), "volumes": (f"{S1[:-1]}2",)})
    assert proof.hypervisors(one, lines, why).verdict is verdict
    assert proof.hypervisors(msgspec.structs.replace(one, resources={}), [S9], "").verdict is ERROR


def test_a_copy_that_was_not_found_at_the_beginning_is_not_known_to_be_gone() -> None:
    """Its image may have another name; nobody read its fingerprint."""
    (found,) = proof.stored(inventory(ROOT, NEIGHBOUR), (NEIGHBOUR,), "")
    assert found.verdict is ERROR
    assert "backup b1" in found.said
    nothing = msgspec.structs.replace(inventory(), media=())
    assert proof.stored(nothing, (NEIGHBOUR,), "")[0].verdict is ERROR


def test_copies_are_found_by_the_names_of_drivers_and_further_ones_by_their_fingerprints() -> None:
    """A server whose root is a volume has no disk of its own; what nobody knows of is listed all the same."""
    orphan = StoredHead("backups/volume-v1.backup.base", MINE)
    snapshot = Medium("snapshot", "n1")
    found = with_places((*MEDIA, snapshot), (ROOT, BACKUP, NEIGHBOUR, orphan, StoredHead("volumes/volume-v1@snapshot-n1", MINE)))
    assert [(each.kind, each.place) for each in found] == [
        ("volume", "volumes/volume-v1"),
        ("backup", "backups/volume-v1.backup.b1"),
        ("snapshot", "volumes/volume-v1@snapshot-n1"),
        ("copy", "backups/volume-v1.backup.base"),
    ]
    assert [each.fingerprint for each in found] == [MINE] * 4
    assert OTHER not in inventory(ROOT, BACKUP, NEIGHBOUR).fingerprints()
    (disk, image, kept) = with_places(
        (Medium("disk", "s1"), Medium("image", "i1"), Medium("backup", "b1")),
        (StoredHead("vms/s1_disk"), PLAIN, StoredHead("file:/kept/b1/b1/b1/volume_v1-00001", MINE)),
    )
    assert (disk.place, image.place, kept.fingerprint) == ("vms/s1_disk", "images/i1", MINE)


def test_an_inventory_is_read_as_it_was_written_and_nothing_else_is_one() -> None:
    """What was not noted cannot be looked for."""
    one = inventory(ROOT, BACKUP)
    assert inventories.decoded(inventories.encoded(one), "here") == one
    for text in (b"", b"{}", inventories.encoded(one)[:-9]):
        with pytest.raises(QuestionError, match="inventory cannot be read"):
            inventories.decoded(text, "here")


@pytest.mark.parametrize(
    ("verdicts", "expected"),
    [
        ((PASS, PASS), PASS),
        ((PASS, SKIPPED), PASS),
        ((SKIPPED,), ERROR),
        ((), ERROR),
        ((PASS, ERROR), ERROR),
        ((PASS, ERROR, FAIL), FAIL),
        ((PASS, CheckVerdict.NOT_APPLICABLE), ERROR),
    ],
)
def test_a_removal_is_proven_when_something_passed_and_nothing_failed_or_is_unknown(
    verdicts: tuple[CheckVerdict, ...], expected: CheckVerdict
) -> None:
    """Nothing that was shown is not a proof."""
    assert proof.verdict([Absence("x", each) for each in verdicts]) is expected


def test_what_was_made_while_a_token_was_waited_for_has_to_be_gone_as_well() -> None:
    """Both times count; a copy that was found in the storage only later is noted with its place."""
    before, after = inventory(ROOT), msgspec.structs.replace(inventory(ROOT, BACKUP), resources={"servers": ("s2",)}, users=("u1",))
    both = inventories.joined(before, after)
    assert [(each.kind, each.place) for each in both.media] == [("volume", ROOT.place), ("backup", BACKUP.place)]
    assert (both.resources, both.users, both.taken) == ({"servers": ("s1", "s2")}, ("u1",), before.taken)
    gone = inventories.joined(inventory(ROOT, BACKUP), msgspec.structs.replace(before, media=()))
    assert [each.id for each in gone.media] == ["v1", "b1"]
