"""Backups of a tenant's server on the live cloud: a run that is killed goes on, and what is restored has the marker, behind its LUKS."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.backups import settings
from infra.backups.records import CREATING, READABLE
from infra.dynamic import clouds
from infra.ssh.access import open_server
from ringfence import folder
from ringfence.backups import tenants as opening
from ringfence.backups.at_rest import STORE
from ringfence.backups.waiting import Waiting
from ringfence.logins import logins
from ringfence.project import declaration_text
from tests.live.tools import as_root, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openstack.connection import Connection

    from infra.backups.records import BackupRecord
    from infra.ssh.access import Session
    from ringfence.backups.tenants import TenantBackups
    from ringfence.verify.open import Opened

pytestmark = pytest.mark.live
RINGFENCE = str(Path(sys.executable).parent / "ringfence")
SECONDS = 900
"""How long anything may take that comes in the end."""
MARKER = "ringfence-backup-marker"
SERIAL = 20
"""Characters of a volume's id that a virtio disk has for its serial number."""
AWAIT = 'for i in $(seq 1200); do [ -b "$1" ] && exit 0; sleep 0.5; done; ls -l /dev/disk/by-id; exit 1'
READ = f'set -e; mkdir -p /run/restored; mount -o ro,noload "$1" /run/restored; cat /run/restored/{MARKER}; umount /run/restored'
HELD = "/run/ringfence-held"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which one server with a data disk is to be backed up: its tenant, its name, its id, and the disk."""

    folder: Path
    tenant: str
    server: str
    id: str
    disk: str


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, opened: Opened) -> Place:
    """Give the folder. The server is one that nobody declares backups of; of the tenant's others those go on that have some."""
    tenant, server = next(
        (one, name)
        for one in opened.inventory.tenants
        for name, entry in one.declaration.servers.items()
        if entry.data and settings.of_server(opened.inventory.platform, one.declaration, entry) is None
    )
    made = tmp_path_factory.mktemp("backups")
    for file in folder.root().glob("Pulumi*.yaml"):
        shutil.copy(file, made)
    file = made / f"Pulumi.{tenant.name}.yaml"
    declared = yaml.safe_load(file.read_text())
    servers = declared["config"]["ringfence:tenant"]["servers"]
    backed = {record.mark.server for record in opening.opened(tenant.name).storage.records() if record.mark}
    for name in servers.keys() - backed:
        servers[name].pop("backup", None)
    servers[server]["backup"] = {"keep": 2, "quiesce": [f"touch {HELD}"], "thaw": [f"rm {HELD}"]}
    file.write_text(declaration_text(declared))
    return Place(made, tenant.name, server, tenant.facts.servers[server].id, next(iter(tenant.declaration.servers[server].data)))


@pytest.fixture(scope="module")
def tenant(place: Place) -> Iterator[TenantBackups]:
    """Give the tenant's storage, in the folder; afterwards the server has no backups."""
    before = Path.cwd()
    os.chdir(place.folder)
    try:
        found = opening.opened(place.tenant)
        assert own(found, place) == [], "somebody else's backups are there"
        yield found
        _emptied(found, place)
    finally:
        os.chdir(before)


def own(tenant: TenantBackups, place: Place) -> list[BackupRecord]:
    """Return the backups of the server."""
    return [record for record in tenant.storage.records() if record.mark and record.mark.server == place.server]


def _emptied(tenant: TenantBackups, place: Place) -> None:
    storage, waiting = tenant.storage, Waiting(SECONDS)
    for record in sorted(own(tenant, place), key=lambda each: each.order, reverse=True):
        waiting.until(record.id, partial(storage.record, record.id), lambda one: one is None or one.status != CREATING)
        storage.delete(record.id)
        waiting.until(record.id, partial(storage.record, record.id), lambda one: one is None)


def ended(*words: str) -> tuple[int, dict[str, Any]]:
    """Run the verb and return its exit code and its answer."""
    command = [RINGFENCE, "backup", *words, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.stdout.startswith("{"), done.stderr
    return done.returncode, json.loads(done.stdout)


@contextlib.contextmanager
def login(place: Place) -> Iterator[Session]:
    """Log in to the server."""
    way = logins((place.tenant,))
    target = next(one.target for one in way.servers if one.server == place.server)
    with open_server(way.jump_host, target) as session:
        yield session


@contextlib.contextmanager
def attached(cloud: Connection, server: str, volume: str) -> Iterator[str]:
    """Let a server have a volume, and take it back."""
    ask(cloud.compute, "POST", f"/servers/{server}/os-volume_attachments", {"volumeAttachment": {"volumeId": volume}})
    try:
        _reached(cloud, volume, "in-use")
        yield f"/dev/disk/by-id/virtio-{volume[:SERIAL]}"
    finally:
        ask(cloud.compute, "DELETE", f"/servers/{server}/os-volume_attachments/{volume}")
        _reached(cloud, volume, "available")


def _reached(cloud: Connection, volume: str, status: str) -> None:
    end = time.monotonic() + SECONDS
    while (now := ask(cloud.block_storage, "GET", f"/volumes/{volume}")["volume"]["status"]) != status:
        assert time.monotonic() < end, f"the volume is {now}, not {status}"
        time.sleep(0.5)


def test_a_backup_that_is_killed_goes_on_and_what_is_restored_has_the_marker(place: Place, tenant: TenantBackups, opened: Opened) -> None:
    """One copy of each disk although its maker was killed; by ids into a volume of the same type; read behind the volume's own key."""
    token, name = secrets.token_hex(16), place.tenant
    with login(place) as session:
        as_root(session, 'echo "$1" >"$2"; sync "$2"', token, f"/data/{MARKER}")
        try:
            _killed_when_begun(tenant, place)
            told = _seen_through("run", name)
            assert {step["what"] for step in told["tenants"][0]["steps"]} <= {"made", "let go", "pruned"}
            skipped = set() if STORE in os.environ else {"skipped"}
            checks = [check for check in told["tenants"][0]["checks"] if check["server"] in {"", place.server}]
            assert {check["verdict"] for check in checks} == {"pass"} | skipped
            (disks,) = (one.disks for one in tenant.servers if one.name == place.server)
            made = own(tenant, place)
            assert sorted(record.volume for record in made) == sorted(disk.volume for disk in disks)
            assert all(record.status in READABLE and record.key for record in made)
            assert ended("run", name)[1]["tenants"][0]["steps"] == []
            as_root(session, f"! test -e {HELD}")
            _are_no_finding(name)
            told = _seen_through("restore", f"{name}/{place.server}", "--disk", place.disk)
            cloud = clouds.deployer(clouds.Credential.of(opened.identities[name].deployer.values))
            assert _read_and_gone(cloud, session, place, told["restored"][0]["volume"]) == token
        finally:
            as_root(session, 'rm -f "$1"', f"/data/{MARKER}")


def _seen_through(*words: str) -> dict[str, Any]:
    """Run a command after which all is well."""
    code, told = ended(*words)
    assert code == 0, told
    return told


def _read_and_gone(cloud: Connection, session: Session, place: Place, volume: str) -> str:
    """Return the marker of a restored volume, and delete that."""
    try:
        row = ask(cloud.block_storage, "GET", f"/volumes/{volume}")["volume"]
        assert (row["encrypted"], row["volume_type"]) == (True, "encrypted")
        with attached(cloud, place.id, volume) as device:
            as_root(session, AWAIT, device)
            return as_root(session, READ, device).strip()
    finally:
        ask(cloud.block_storage, "DELETE", f"/volumes/{volume}")


def _killed_when_begun(tenant: TenantBackups, place: Place) -> None:
    """Start a run, and kill it as soon as one of its backups is there."""
    command = [RINGFENCE, "backup", "run", tenant.name]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as process:
        end = time.monotonic() + SECONDS
        while not own(tenant, place):
            assert process.poll() is None, "the run ended without any backup"
            assert time.monotonic() < end
            time.sleep(0.1)
        os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def _are_no_finding(tenant: str) -> None:
    """The cloud is as declared with its backups in it: they are declared here."""
    words = [RINGFENCE, "verify", tenant, "--only", "cloud"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout
