"""What the pools hold, asked behind the command prefix: every pool for images, one named pool where Ceph may not be asked."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.drift.raw import Stored, Trash
from infra.errors import CloudError
from ringfence.verify.storage import pools

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
ROWS = [{"image": "volume-1"}, {"image": "volume-1", "snapshot": "s"}]
TRASH = [{"id": "t", "name": "volume-2", "status": "expired at x"}]
DETAIL = [{"pool_name": "volumes", "application_metadata": {"rbd": {}}}, {"pool_name": ".mgr", "application_metadata": {"mgr": {}}}]
DETAIL.append({"pool_name": "backups", "application_metadata": {"rbd": {}}})


class Glance:
    """Image ids in pages of one."""

    def __init__(self, status: int = 200) -> None:
        self.status = status

    def get(self, _path: str, params: dict[str, Any]) -> SimpleNamespace:
        """Answer a page."""
        names = ["i1", "i2"] if params["os_hidden"] == "false" else ["i3"]
        left = names[names.index(params["marker"]) + 1 :] if "marker" in params else names
        body = {"images": [{"id": name} for name in left[:1]], **({"next": "more"} if len(left) > 1 else {})}
        return SimpleNamespace(status_code=self.status, json=lambda: body)


def prefix(folder: Path, ceph: str = json.dumps(DETAIL), listing: str = json.dumps(ROWS)) -> str:
    """Return a prefix under which the two programs answer so."""
    script = folder / "answer"
    script.write_text(
        f"case \"$1 $2\" in 'ceph osd') printf %s {shlex.quote(ceph)};; 'rbd trash') printf %s {shlex.quote(json.dumps(TRASH))};; "
        f'*) printf %s {shlex.quote(listing)};; esac; test -n {shlex.quote(ceph)} || test "$1" != ceph\n',
        encoding="utf-8",
    )
    return f"sh {script}"


def test_every_pool_for_images_is_listed_with_snapshots_and_trash(tmp_path: Path) -> None:
    """And all of Glance's images, page by page."""
    found = pools.listed(prefix(tmp_path), Glance())  # type: ignore[arg-type]
    assert found.looked == ("backups", "volumes")
    assert set(found.stored) == {Stored(pool, "volume-1", snapshot) for pool in found.looked for snapshot in ("", "s")}
    assert found.trash[0] == Trash("backups", "t", "volume-2", "expired at x")
    assert found.images == {"i1", "i2", "i3"}
    assert found.untold == {}


def test_where_ceph_may_not_be_asked_the_named_pool_is_listed_and_the_others_are_said(tmp_path: Path) -> None:
    """By the variable that names it."""
    found = pools.listed(prefix(tmp_path, ceph=""), Glance())  # type: ignore[arg-type]
    assert found.looked == ("volumes",)
    assert list(found.untold) == ["other pools"]


@pytest.mark.parametrize("listing", ["", "{", "rbd: error"])
def test_a_pool_that_does_not_answer_is_an_error(listing: str, tmp_path: Path) -> None:
    """An empty answer is no list without images."""
    with pytest.raises(CloudError, match="cannot be listed"):
        pools.listed(prefix(tmp_path, listing=listing), Glance())  # type: ignore[arg-type]


def test_a_glance_that_refuses_is_an_error(tmp_path: Path) -> None:
    """Or every image would be an orphan."""
    with pytest.raises(CloudError, match="Glance did not answer"):
        pools.listed(prefix(tmp_path), Glance(403))  # type: ignore[arg-type]
