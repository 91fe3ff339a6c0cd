"""Looks behind the services: their databases by SQL, the raw storage by its own programs, the hypervisor's folders and machines."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ringfence.backups.at_rest import STORE
from ringfence.offboarding import hypervisors, keystore
from ringfence.verify.storage.at_rest import VARIABLE as STORAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECONDS = 300
HELD_SECONDS = 20
"""For how long after a moment Ceph trims nothing: longer than it takes to remove what services left behind."""
NO_TRIMMING = "nosnaptrim"
AT_ONCE = 4
FIRST = f".{0:016x}"
"""What the name of the first object of an image ends with (RBD, image format 2)."""
FIRST_BYTES = 4 << 20
GONE = b"(2) No such file or directory"
"""What rados says of an object that has no data of its own."""
NEEDED = (STORAGE, STORE, keystore.VARIABLE, hypervisors.VARIABLE, hypervisors.FOLDER)
"""Without these the certificate has claims that were skipped, and there is nothing to compare."""
ROWS = {
    "servers": "nova.instances WHERE deleted = 0 AND project_id {}",
    "servers that were deleted softly": "nova.instances WHERE deleted = 0 AND vm_state = 'soft-delete' AND project_id {}",
    "volumes": "cinder.volumes WHERE deleted = 0 AND project_id {}",
    "snapshots": "cinder.snapshots WHERE deleted = 0 AND project_id {}",
    "backups": "cinder.backups WHERE deleted = 0 AND project_id {}",
    "transfers": "cinder.transfers WHERE deleted = 0 AND volume_id IN (SELECT id FROM cinder.volumes WHERE project_id {})",
    "images": "glance.images WHERE deleted = 0 AND os_hidden = 0 AND owner {}",
    "hidden images": "glance.images WHERE deleted = 0 AND os_hidden = 1 AND owner {}",
    "ports": "neutron.ports WHERE project_id {}",
    "public addresses": "neutron.floatingips WHERE project_id {}",
    "networks": "neutron.networks WHERE project_id {}",
    "subnets": "neutron.subnets WHERE project_id {}",
    "routers": "neutron.routers WHERE project_id {}",
    "security groups": "neutron.securitygroups WHERE project_id {}",
    "sharings": "neutron.networkrbacs WHERE project_id {0} OR target_project {0}",
    "users": "keystone.user WHERE default_project_id {}",
    "projects": "keystone.project WHERE is_domain = 0 AND id {}",
    "credentials": "keystone.credential WHERE project_id {}",
    "role assignments": "keystone.assignment WHERE target_id {}",
    "secrets": "barbican.secrets WHERE deleted = 0 AND project_id IN (SELECT id FROM barbican.projects WHERE external_id {})",
    "encrypted_data": "barbican.encrypted_data WHERE secret_id IN (SELECT id FROM barbican.secrets WHERE project_id IN"
    " (SELECT id FROM barbican.projects WHERE external_id {}))",
    "kek_data": "barbican.kek_data WHERE project_id IN (SELECT id FROM barbican.projects WHERE external_id {})",
}
"""For each kind, the rows of a service's own table that are a project's."""
COUNT = "SELECT COUNT(*) FROM {}"
NAMED = ("keystone.project", "keystone.local_user", "neutron.networks", "neutron.routers", "neutron.subnets", "neutron.ports")
"""Tables in which whatever was made for a tenant has a name that begins with the tenant's."""


def told(variable: str, *words: str, stdin: str = "") -> bytes:
    """Return what a command beside the cloud prints; it has to succeed."""
    done = _ran(variable, *words, stdin=stdin)
    assert done.returncode == 0, (words, done.stderr.decode(errors="replace")[-500:])
    return done.stdout


def _ran(variable: str, *words: str, stdin: str = "") -> subprocess.CompletedProcess[bytes]:
    command = [*shlex.split(os.environ[variable]), *words]
    return subprocess.run(command, input=stdin.encode(), capture_output=True, timeout=SECONDS, check=False)


def _head(pool: str, name: str) -> bytes:
    """Return the first bytes of an object. One that is listed for its snapshots only, or went meanwhile, has none."""
    done = _ran(STORAGE, "rados", "--pool", pool, "get", name, "-")
    is_gone = GONE in done.stderr
    assert done.returncode == 0 or is_gone, (pool, name, done.stderr[-500:])
    return done.stdout[:FIRST_BYTES]


@contextlib.contextmanager
def trimming_held(until: Callable[[], bool]) -> Iterator[None]:
    """Let Ceph keep the objects of deleted snapshots until a while after something is so, as a busy one does."""
    ended = threading.Event()

    def release() -> None:
        while not until() and not ended.wait(1):
            pass
        ended.wait(HELD_SECONDS)
        told(STORAGE, "ceph", "osd", "unset", NO_TRIMMING)

    told(STORAGE, "ceph", "osd", "set", NO_TRIMMING)
    releasing = threading.Thread(target=release)
    releasing.start()
    try:
        yield
    finally:
        ended.set()
        releasing.join()


def wait_for_trimming() -> None:
    """Wait until no placement group trims, or waits for that."""
    end = time.monotonic() + SECONDS
    while True:
        groups = json.loads(told(STORAGE, "ceph", "pg", "dump", "pgs_brief", "--format", "json"))
        states = {each["state"] for each in groups.get("pg_stats", groups)}
        if not any("snaptrim" in state for state in states):
            return
        assert time.monotonic() < end, states
        time.sleep(1)


def sql(*statements: str) -> list[str]:
    """Return one answer for each statement; all are asked at once."""
    lines = told(keystore.VARIABLE, stdin="".join(f"{each};\n" for each in statements)).decode().splitlines()
    assert len(lines) == len(statements), lines
    return lines


def rows(project: str) -> dict[str, tuple[int, int]]:
    """Count the rows of each kind: a project's, and those of all others."""
    asked = [COUNT.format(ROWS[kind].format(which)) for kind in ROWS for which in (f"= '{project}'", f"<> '{project}'")]
    counts = [int(line) for line in sql(*asked)]
    return dict(zip(ROWS, zip(counts[::2], counts[1::2], strict=True), strict=True))


def named(tenant: str) -> dict[str, int]:
    """Count what has the tenant's name, in every table of names."""
    counts = sql(*(COUNT.format(f"{table} WHERE name = '{tenant}' OR name LIKE '{tenant}-%'") for table in NAMED))
    return dict(zip(NAMED, map(int, counts), strict=True))


def secret_rows(secrets: list[str]) -> int:
    """Count the wrapped keys of secrets by their ids, whatever project they are of."""
    listed = ", ".join(f"'{each}'" for each in secrets)
    return int(sql(COUNT.format(f"barbican.encrypted_data WHERE secret_id IN ({listed})"))[0])


@dataclass(frozen=True, slots=True)
class Storage:
    """The raw storage: names of images, snapshots and trash; of every first object the first bytes; and names of all objects."""

    names: tuple[str, ...]
    heads: dict[str, bytes]
    objects: tuple[str, ...]

    @classmethod
    def read(cls) -> Storage:
        """Read all pools."""
        pools = told(STORAGE, "ceph", "osd", "pool", "ls").decode().split()
        names, objects = list[str](), list[tuple[str, str]]()
        for pool in pools:
            names += told(STORAGE, "rbd", "ls", "--long", pool).decode().splitlines()
            names += [f"trash {line}" for line in told(STORAGE, "rbd", "trash", "ls", "--all", pool).decode().splitlines()]
            objects += [(pool, each) for each in told(STORAGE, "rados", "--pool", pool, "ls").decode().splitlines()]
        firsts = [each for each in objects if each[1].endswith(FIRST)]
        with ThreadPoolExecutor(AT_ONCE) as workers:
            found = workers.map(lambda each: _head(*each), firsts)
            heads = {name: head for (_, name), head in zip(firsts, found, strict=True)}
        return cls(tuple(names), heads, tuple(name for _, name in objects))

    def holding(self, text: bytes) -> list[str]:
        """Return the first objects that hold some bytes."""
        return sorted(name for name, head in self.heads.items() if text in head)


@dataclass(frozen=True, slots=True)
class Header:
    """What `cryptsetup` says of an encrypted image, and what the names of all of its objects begin with."""

    image: str
    uuid: str
    digest: bytes
    objects: str


def header(pool: str, image: str) -> Header:
    """Read the header of an image."""
    about = told(STORAGE, "rbd", "info", f"{pool}/{image}").decode()
    prefix = next(line.split()[1] for line in about.splitlines() if line.strip().startswith("block_name_prefix:"))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "head")
        file.write_bytes(told(STORAGE, "rados", "--pool", pool, "get", f"{prefix}{FIRST}", "-"))
        said = subprocess.run(["/usr/sbin/cryptsetup", "luksDump", str(file)], capture_output=True, text=True, check=True).stdout
    uuid, digest = (next(line for line in said.splitlines() if line.startswith(word)).partition(":")[2] for word in ("UUID", "MK digest"))
    return Header(image, uuid.strip(), bytes.fromhex(digest), prefix)


def files_holding(text: str) -> list[str]:
    """Return the files of backups that hold a text."""
    kind, _, folder = os.environ[STORE].partition(":")
    assert kind == "file", "the lab keeps backups as files"
    words = ("sh", "-c", 'grep --recursive --files-with-matches --text --fixed-strings -e "$1" "$2" || [ $? -eq 1 ]', "sh", text, folder)
    return told(STORAGE, *words).decode().splitlines()


def files() -> list[str]:
    """Return every file that holds something below the folder of the services' data, those of Glance among them.

    Cinder leaves an empty file for the lock of every volume that it deletes; its name has the volume's id.
    """
    folder = os.path.commonpath([os.environ[STORE].partition(":")[2], os.environ[hypervisors.FOLDER]])
    return told(STORAGE, "find", folder, "-type", "f", "-size", "+0c").decode(errors="replace").splitlines()


def hypervisor(ids: list[str]) -> dict[str, int]:
    """Count on the hypervisor what has one of some ids: folders, machines, secrets and processes."""
    looks = {
        "folders": ("find", os.environ[hypervisors.FOLDER]),
        "machines": ("virsh", "-q", "-c", "qemu:///system", "list", "--all", "--uuid"),
        "secrets": ("virsh", "-q", "-c", "qemu:///system", "secret-list"),
        "processes": ("ps", "-axww", "-o", "args"),
    }
    lines = {what: told(hypervisors.VARIABLE, *words).decode(errors="replace").splitlines() for what, words in looks.items()}
    return {what: sum(any(each in line for each in ids) for line in found) for what, found in lines.items()}
