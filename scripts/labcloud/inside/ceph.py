"""A Ceph cluster of one monitor and one disk that is a sparse file, and the hypervisor's key to it."""

from __future__ import annotations

import configparser
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from labcloud.credentials import ceph_accounts
from labcloud.inside.monitor import monitor
from labcloud.inside.shell import complete, is_complete, output, run, start_over

if TYPE_CHECKING:
    from labcloud.layout import Layout

CLUSTER_ID = "fsid"
ETC = Path("/etc")
PLACEMENT_GROUPS = 16


def monitor_data(layout: Layout) -> None:
    """Make the monitor's store, once; from then on it knows the accounts."""
    directory = layout.data / "ceph/mon"
    (layout.data / "ceph/mgr").mkdir(parents=True, exist_ok=True)
    if is_complete(directory):
        return
    start_over(directory)
    cluster = output("ceph-conf", "--lookup", CLUSTER_ID)
    monitor_map = "/run/ceph/monmap"
    run("monmaptool", "--create", "--clobber", "--add", "lab", "127.0.0.1:6789", "--fsid", cluster, monitor_map)
    run("ceph-mon", "--mkfs", "-i", "lab", "--monmap", monitor_map, "--keyring", ETC / ceph_accounts.ALL)
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


def pools(layout: Layout) -> None:
    """Make the pools unless they are there, and make them ready for RBD (which may be repeated)."""
    wanted = (ceph_accounts.POOL, *((ceph_accounts.BACKUP_POOL,) if layout.profile.ceph_backups else ()))
    for name in wanted:
        with monitor() as asked:
            # The monitor takes the name of a pool that is there already without a complaint.
            asked.ask("osd pool create", pool=name, pg_num=PLACEMENT_GROUPS)
        run("rbd", "pool", "init", name)


def hypervisor_key(_layout: Layout) -> None:
    """Give libvirt the key with which servers open their volumes; Cinder tells Nova the account and the secret's id."""
    account = configparser.ConfigParser()
    account.read(ETC / ceph_accounts.VOLUMES.keyring)
    virsh = ("virsh", "--quiet", "--connect", "qemu:///system")
    run(*virsh, "secret-define", ETC / "ceph/libvirt-secret.xml")
    key = account[ceph_accounts.VOLUMES.name]["key"]
    run(*virsh, "secret-set-value", output("ceph-conf", "--lookup", CLUSTER_ID), "--file", "/dev/stdin", told=key)


def _disk_id(file: Path) -> str:
    """The disk's UUID, drawn once: with the same one a repeated entry in the map is the same disk."""
    if not file.exists():
        file.write_text(str(uuid.uuid4()))
    return file.read_text()
