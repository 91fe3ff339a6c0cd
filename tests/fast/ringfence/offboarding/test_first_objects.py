"""The first objects of copies in Ceph, behind a prefix: noted by `rbd info`, asked for with `rados listsnaps`, waited for."""

from __future__ import annotations

import itertools
import json
import shlex
from typing import TYPE_CHECKING

import msgspec
import pytest

from infra.errors import CloudError
from infra.offboarding.inventory import Medium, StoredHead
from infra.offboarding.proof import FirstObjects
from ringfence.offboarding import first_objects
from ringfence.verify.storage.at_rest import VARIABLE
from tests.fast.offboarding.tenants import MINE, OTHER, inventory

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
MEDIA = (
    Medium("volume", "v1", place="volumes/volume-v1", fingerprint=MINE),
    Medium("snapshot", "n1", place="volumes/volume-v1@snapshot-n1", fingerprint=MINE),
    Medium("copy", "t", place="trash of volumes/t1", fingerprint=MINE),
    Medium("backup", "b1", place="file:/kept/b1/volume-00001", fingerprint=MINE),
    Medium("backup", "b2"),
)
INFO = {
    "volumes/volume-v1": {"block_name_prefix": "rbd_data.1"},
    "volumes/volume-v1@snapshot-n1": {"block_name_prefix": "rbd_data.1"},
    "--pool volumes --image-id t1": {"block_name_prefix": "rbd_data.2", "data_pool": "cold"},
    "volumes/volume-v9": {"block_name_prefix": "rbd_data.9"},
}
V1, T1, V9 = (f"{pool}/rbd_data.{name}.{0:016x}" for pool, name in (("volumes", 1), ("cold", 2), ("volumes", 9)))
NEIGHBOUR = StoredHead("volumes/volume-v9", OTHER)


def environment(folder: Path, *there: str) -> dict[str, str]:
    """Return the settings with a prefix that has these objects; what else it is asked for is not there, or fails."""
    cases = [
        f"{shlex.quote(f'rbd info {words} --format json')}) printf %s {shlex.quote(json.dumps(text))};;" for words, text in INFO.items()
    ]
    for each in there:
        pool, _, name = each.partition("/")
        cases.append(f"{shlex.quote(f'rados --pool {pool} listsnaps {name} --format json')}) echo '{{}}';;")
    gone = f"echo 'error listing snap shots: {first_objects.GONE}' >&2; exit 1"
    cases.append(f"'rados --pool volumes listsnaps '*|'rados --pool cold listsnaps '*) {gone};;")
    (folder / "answer").write_text(f'case "$*" in {" ".join(cases)} *) echo "no: $*" >&2; exit 1;; esac\n', encoding="utf-8")
    return {VARIABLE: f"sh {folder}/answer"}


def test_every_copy_that_is_an_image_has_its_first_object_noted(tmp_path: Path) -> None:
    """A snapshot's is its image's; a file has none, and without a prefix nobody is asked."""
    found = first_objects.noted(environment(tmp_path), MEDIA)
    assert [each.first_object for each in found] == [V1, V1, T1, "", ""]
    assert first_objects.noted({}, MEDIA) == MEDIA
    with pytest.raises(CloudError, match=r"no: rbd info volumes/x"):
        first_objects.noted(environment(tmp_path), (Medium("volume", "x", place="volumes/x"),))


def test_an_object_that_is_left_for_a_snapshot_is_told_and_a_neighbours_is_found(tmp_path: Path) -> None:
    """Only "no such file" means that it is gone; any other failure is an error."""
    one = inventory()
    noted = msgspec.structs.replace(one, media=first_objects.noted(environment(tmp_path), MEDIA))
    heads = (StoredHead("volumes/plain"), NEIGHBOUR)
    assert first_objects.looked(environment(tmp_path, V9, T1)[VARIABLE], noted, heads) == FirstObjects(2, (T1,), NEIGHBOUR.place, ())
    assert first_objects.looked(environment(tmp_path)[VARIABLE], noted, heads) == FirstObjects(2, (), "", ())
    assert first_objects.looked(environment(tmp_path, V9)[VARIABLE], noted, ()) == FirstObjects(2, (), "", ())
    former = msgspec.structs.replace(one, media=MEDIA)
    missing = tuple(each.place for each in MEDIA[:3])
    assert first_objects.looked(environment(tmp_path, V9)[VARIABLE], former, heads) == FirstObjects(0, (), NEIGHBOUR.place, missing)
    with pytest.raises(CloudError, match="no: rados --pool other"):
        first_objects.left(environment(tmp_path)[VARIABLE], ["other/x"])


def test_trimming_is_waited_for_and_the_wait_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing had to be waited for, nothing is said."""
    monkeypatch.setattr("time.sleep", lambda _: None)
    told: list[str] = []
    looks = iter([[V1, T1], [T1], []])
    ticks = itertools.count(0, 10)
    said = first_objects.waited(lambda: next(looks), told.append, clock=lambda: next(ticks))
    assert said == "the storage had trimmed all deleted snapshots of copies after 30 s"
    assert [line.split("first object of ")[1].split(",")[0] for line in told] == ["2 copies", "1 copies"]
    assert first_objects.waited(list, told.append) == ""
    said = first_objects.waited(lambda: [V1], told.append, 25, lambda: next(ticks))
    assert said == "the storage still has the first object of 1 copies after 25 s"
