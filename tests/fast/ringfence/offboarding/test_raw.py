"""The raw storage behind a prefix: every image, snapshot, piece of trash and file is read, and only what was left behind is removed."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from infra.offboarding import fingerprints
from infra.offboarding.inventory import Inventory, Medium, StoredHead
from ringfence.offboarding import raw
from ringfence.verify.storage.at_rest import SKIP, VARIABLE
from tests.fast.offboarding import headers
from tests.fast.ringfence.verify.test_pools import Glance

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
ID = "{}0000000-0000-0000-0000-000000000000".format
MINE, THEIRS, BACKUP = ID(1), ID(2), ID(3)
ANSWERS = {
    "ceph osd pool ls detail --format json": json.dumps([{"pool_name": "volumes", "application_metadata": {"rbd": {}}}]),
    "rbd ls --long --pool volumes --format json": json.dumps(
        [{"image": "volume-1"}, {"image": "volume-1", "snapshot": "s"}, {"image": "x"}]
    ),
    "rbd trash ls --long --pool volumes --format json": json.dumps([{"id": "t1", "name": "volume-2"}]),
    "rbd info --pool volumes --image-id t1 --format json": json.dumps({"block_name_prefix": "rbd_data.t1", "data_pool": "cold"}),
}
HEADS = {
    "rbd --no-progress export volumes/volume-1 -": headers.LUKS1,
    "rbd --no-progress export volumes/volume-1@s -": headers.LUKS1_REKEYED,
    "rados --pool cold get rbd_data.t1.0000000000000000 -": headers.LUKS2,
}


def prefix(folder: Path, failing: str = "") -> str:
    """Return a prefix that answers so; whatever it does not know fails, and what changes something is noted."""
    cases = []
    for number, (words, text) in enumerate(HEADS.items()):
        (folder / f"head-{number}").write_bytes(headers.header(text))
        cases.append(f"{shlex.quote(words)}) cat {folder}/head-{number};;")
    cases += [f"{shlex.quote(words)}) printf %s {shlex.quote(text)};;" for words, text in ANSWERS.items()]
    cases.append(f"'rbd snap ls'*) printf %s {shlex.quote(json.dumps([{'name': 's', 'protected': 'true'}]))};;")
    cases.append(f"'rbd snap '*|'rbd rm '*) test \"$*\" != {shlex.quote(failing)} || exit 1; echo \"$*\" >>{folder}/changed;;")
    cases.append('\'sh -c\'*) shift 2; text=$1; shift; exec sh -c "$text" "$@";;')
    (folder / "answer").write_text(f'case "$*" in {" ".join(cases)} *) echo "no: $*" >&2; exit 1;; esac\n', encoding="utf-8")
    return f"sh {folder}/answer"


def test_everything_is_read_and_what_cannot_be_is_said(tmp_path: Path) -> None:
    """An image, its snapshot, the trash by its first object in the pool of its data, a file; an image that does not open is named."""
    store = tmp_path / "store" / BACKUP
    store.mkdir(parents=True)
    (store / "volume-00001").write_bytes(headers.header(headers.LUKS2))
    (store / "volume-00002").write_bytes(b"more")
    environment = {VARIABLE: prefix(tmp_path), "RINGFENCE_BACKUP_STORE": f"file:{store.parent}"}
    found = raw.scanned(environment, Glance())  # type: ignore[arg-type]
    assert found.heads is not None
    uuids = {head.place: head.fingerprint.uuid for head in found.heads if head.fingerprint}
    assert uuids == {
        "volumes/volume-1": headers.LUKS1_UUID,
        "volumes/volume-1@s": headers.LUKS1_UUID,
        "trash of volumes/t1": headers.LUKS2_UUID,
        f"file:{store}/volume-00001": headers.LUKS2_UUID,
    }
    assert [head.place for head in found.heads if head.untold] == ["volumes/x"]
    assert f"file:{store}/volume-00002" in {head.place for head in found.heads}
    assert found.why == ""


def test_of_the_places_that_are_wanted_no_other_is_read(tmp_path: Path) -> None:
    """An image that does not open is in nobody's way then."""
    glance: Any = Glance()
    found = raw.scanned({VARIABLE: prefix(tmp_path)}, glance, lambda place: place == "volumes/volume-1")
    assert found.heads is not None
    assert [(head.place, head.untold) for head in found.heads] == [("volumes/volume-1", "")]


def test_without_a_prefix_nobody_may_read_and_a_pool_that_was_not_listed_is_said(tmp_path: Path) -> None:
    """Neither is taken for an empty storage."""
    assert raw.scanned({}, Glance()) == raw.Scanned(None, SKIP)  # type: ignore[arg-type]
    environment = {VARIABLE: prefix(tmp_path), "RINGFENCE_BACKUP_STORE": "rbd:backups"}
    assert "pool backups: it was not listed" in raw.scanned(environment, Glance()).why  # type: ignore[arg-type]


def inventory(*media: Medium) -> Inventory:
    """Return an inventory with these copies."""
    fields: dict[str, Any] = {"tenant": "acme", "project": "p1", "region": "r", "classification": "internal", "taken": "", "resources": {}}
    return Inventory(media=media, **fields)


MARK, OTHER = fingerprints.Fingerprint("u1", ("d1",), ""), fingerprints.Fingerprint("u2", ("d2",), "")


@pytest.mark.parametrize(
    ("head", "known", "expected"),
    [
        (StoredHead(f"volumes/volume-{MINE}", MARK), (), True),
        (StoredHead(f"volumes/volume-{MINE}.deleted", MARK), (), True),
        (StoredHead(f"backups/volume-{MINE}.backup.base", MARK), (), True),
        (StoredHead(f"backups/volume-{MINE}.backup.{BACKUP}", MARK), (), True),
        (StoredHead(f"volumes/volume-{MINE}"), (), True),
        (StoredHead(f"volumes/volume-{MINE}", MARK), (MINE,), False),
        (StoredHead(f"volumes/volume-{THEIRS}", MARK), (), False),
        (StoredHead(f"volumes/volume-{MINE}.deleted", OTHER), (), False),
        (StoredHead(f"volumes/volume-{MINE}@s", MARK), (), False),
        (StoredHead("volumes/something", MARK), (), False),
        (StoredHead(f"trash of volumes/volume-{MINE}", MARK), (), False),
    ],
    ids=[
        "the image",
        "kept for a clone",
        "an orphan of a backup",
        "a backup",
        "in the clear where it was noted",
        "one that Cinder knows",
        "another's name",
        "another's key",
        "a snapshot",
        "a stranger's name",
        "in the trash",
    ],
)
def test_only_what_is_the_tenants_by_name_and_by_key_and_nobodys_any_more_was_left_behind(
    head: StoredHead, known: tuple[str, ...], *, expected: bool
) -> None:
    """Anything else is told by the proof, and removed by people."""
    one = inventory(Medium("volume", MINE, place=f"volumes/volume-{MINE}", fingerprint=MARK), Medium("backup", BACKUP))
    assert raw.left(one, [head], known.__contains__) == ([head.place] if expected else [])
    assert raw.may_be_left(one)(head.place) or not expected
    assert not raw.may_be_left(one)(f"volumes/volume-{THEIRS}")


def test_an_image_goes_with_its_protected_snapshots_and_one_that_does_not_go_is_told(tmp_path: Path) -> None:
    """What is in the way of one does not keep the others."""
    gone, why = raw.remove(prefix(tmp_path, failing="rbd rm --no-progress volumes/b"), ["volumes/b", "volumes/a"])
    assert gone == ["volumes/a"]
    assert list(why) == ["volumes/b"]
    changed = (tmp_path / "changed").read_text(encoding="utf-8").splitlines()
    wanted = ["rbd snap unprotect volumes/a@s", "rbd snap rm --no-progress volumes/a@s", "rbd rm --no-progress volumes/a"]
    assert [line for line in changed if "volumes/a" in line] == wanted
