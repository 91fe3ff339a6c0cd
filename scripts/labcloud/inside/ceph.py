"""A Ceph cluster of one monitor and one disk that is a sparse file."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from labcloud.inside.monitor import monitor
from labcloud.inside.shell import complete, is_complete, output, run, start_over
from labcloud.layout import POOL

if TYPE_CHECKING:
    from pathlib import Path

    from labcloud.layout import Layout

CLUSTER_ID = "fsid"
PLACEMENT_GROUPS = 16


def monitor_data(layout: Layout) -> None:
    """Make the monitor's store, once."""
    directory = layout.data / "ceph/mon"
    (layout.data / "ceph/mgr").mkdir(parents=True, exist_ok=True)
    if is_complete(directory):
        return
    start_over(directory)
    cluster = output("ceph-conf", "--lookup", CLUSTER_ID)
    monitor_map = "/run/ceph/monmap"
    run("monmaptool", "--create", "--clobber", "--add", "lab", "127.0.0.1:6789", "--fsid", cluster, monitor_map)
    run("ceph-mon", "--mkfs", "-i", "lab", "--monmap", monitor_map)
    complete(directory)


def disk_data(layout: Layout) -> None:
    """Make the disk, once, and enter it in the monitor's map."""
    directory = layout.data / "ceph/osd"
    if is_complete(directory):
        return
    disk = _disk_id(layout.data / "ceph/disk-id")
    start_over(directory)
    with monitor() as asked:
        entered = asked.ask("osd new", uuid=disk)
        if entered != {"osdid": 0}:
            raise SystemExit(f"the cluster knows another disk already ({entered}): ./scripts/lab wipe, then up")
        run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", disk)
        asked.ask("osd crush add", id=0, weight=1.0, args=["root=default", "host=lab"])
    complete(directory)


def pool(_layout: Layout) -> None:
    """Make the pool of the volumes unless it is there, and make it ready for RBD (which may be repeated)."""
    with monitor() as asked:
        # The monitor takes the name of a pool that is there already without a complaint.
        asked.ask("osd pool create", pool=POOL, pg_num=PLACEMENT_GROUPS)
    run("rbd", "pool", "init", POOL)


def _disk_id(file: Path) -> str:
    """The disk's UUID, drawn once: with the same one a repeated entry in the map is the same disk."""
    if not file.exists():
        file.write_text(str(uuid.uuid4()))
    return file.read_text()
