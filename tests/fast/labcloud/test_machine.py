"""The lab's edges on the machine: the way in, the forwarder's lock, ports in use, the trial of KVM, the archive, the packages."""

from __future__ import annotations

import fcntl
import os
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from labcloud.inside import schema
from labcloud.inside.shell import MARK
from labcloud.machine import archive, kvm, outside, packages
from labcloud.processes import enter
from labcloud.settings import LabError
from labcloud.up import Once, only_one

if TYPE_CHECKING:
    from labcloud.layout import Layout


def test_the_kernel_names_the_supervisor(tmp_path: Path) -> None:
    """Whoever listens on the control socket is the supervisor, at any length of path; a socket file that nobody serves is none."""
    lab = tmp_path / ("long-" * 30)
    lab.mkdir()
    assert enter.supervisor(lab) is None
    before = Path.cwd()
    os.chdir(lab)
    try:
        with socket.socket(socket.AF_UNIX) as server:
            server.bind("control.sock")
            server.listen()
            assert enter.supervisor(lab) == os.getpid()
    finally:
        os.chdir(before)
    assert (lab / "control.sock").exists()
    assert enter.supervisor(lab) is None


def test_a_command_for_the_internet_runs_in_its_namespace() -> None:
    """First the lab's namespaces, then the host that stands for the internet."""
    command = enter.inside(42, "ping", "-c1", "172.24.4.1", internet=True)
    assert command[:3] == ["nsenter", "-t", "42"]
    assert command[-7:] == ["ip", "netns", "exec", "internet", "ping", "-c1", "172.24.4.1"]
    assert "netns" not in enter.inside(42, "true")


def test_a_left_over_process_id_is_no_forwarder(layout: Layout) -> None:
    """Only a held lock counts, never the number in the file."""
    file = layout.root / "forwarder.lock"
    assert outside.forwarder_pid(layout) is None
    file.write_text("1")
    assert outside.forwarder_pid(layout) is None
    with file.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert outside.forwarder_pid(layout) == 1


def test_who_holds_a_port_is_named() -> None:
    """The error about a taken port names the process."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert outside.holder(server.getsockname()[1]).startswith(f"process {os.getpid()} (")


def test_a_taken_port_is_refused_before_anything_starts(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the address, the holder and the way out."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(outside, "PORTS", (port - layout.port_offset,))
        with pytest.raises(LabError, match=f"127.0.0.1:{port}: an API port of the lab is taken") as refused:
            outside.start_forwarder(layout)
    assert f"process {os.getpid()}" in str(refused.value)
    assert "RINGFENCE_LAB_PORT_OFFSET" in str(refused.value)


@pytest.mark.parametrize(
    ("console", "runs"),
    [
        ("[ 1.2] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)\n", True),
        ("qemu-system-x86_64: error: failed to set MSR 0x48f to 0x7fffff00036dfb\n", False),
        ("[    0.000000] Linux version 6.1.0\n", False),
        ("", False),
    ],
)
def test_kvm_counts_when_a_kernel_comes_to_its_end(console: str, *, runs: bool) -> None:
    """Neither silence nor a first line is proof."""
    assert kvm.reached_end(console) is runs


def test_without_a_device_there_is_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No /dev/kvm: emulation, known at once."""
    monkeypatch.setattr(kvm, "DEVICE", tmp_path / "kvm")
    assert kvm.known(tmp_path) == "qemu"


def test_the_archive_of_databases_goes_round(layout: Layout, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one lab packs another unpacks; over a half-made database, never over a whole one."""
    monkeypatch.setattr(archive, "location", lambda cache: cache / "databases.tar.zst")
    for part in archive.PARTS:
        (layout.data / part).mkdir(parents=True)
    (layout.data / "mysql/ibdata1").write_text("tables")
    (layout.data / "mysql" / MARK).touch()
    (layout.data / "schema/nova").touch()
    assert archive.is_wanted(tmp_path)
    archive.keep(layout, tmp_path)
    assert not archive.is_wanted(tmp_path)
    assert not archive.restore(layout, tmp_path)
    (layout.data / "mysql" / MARK).unlink()
    (layout.data / "mysql/ibdata1").write_text("half")
    (layout.data / "schema/nova").unlink()
    assert archive.restore(layout, tmp_path)
    assert (layout.data / "mysql/ibdata1").read_text() == "tables"
    assert (layout.data / "schema/nova").exists()


def test_the_archive_holds_no_password() -> None:
    """Nova's record of its cell is a template, so nothing that the migrations write is a secret."""
    commands = [command for lane in schema.LANES for migration in lane for command in migration.commands]
    cell = next(command for command in commands if "create_cell" in command)
    assert "{password}" in cell[cell.index("--transport-url") + 1]
    assert "password" not in cell[cell.index("--database_connection") + 1]


def test_every_database_is_made_once() -> None:
    """The lanes share no database: they run side by side."""
    databases = [name for lane in schema.LANES for migration in lane for name in migration.databases]
    assert sorted(databases) == sorted(set(databases))
    assert {"nova", "nova_api", "nova_cell0", "neutron", "keystone", "cinder"} <= set(databases)


def test_missing_packages_are_those_that_dpkg_does_not_call_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removed packages with left-over configuration are missing as well."""
    first, second, *others = packages.listed()
    listed = "".join(f"{name} installed\n" for name in others) + f"{first} config-files\n"
    monkeypatch.setattr(subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1, listed, ""))
    assert packages.missing() == (first, second)


def test_once_is_done_again_after_a_failure_and_for_a_new_content(tmp_path: Path) -> None:
    """The mark is set by success only, and holds for one content."""
    mark = tmp_path / "mark"
    assert Once(mark, "a").is_due
    with pytest.raises(RuntimeError), Once(mark, "a"):
        raise RuntimeError
    with Once(mark, "a") as once:
        assert once.is_due
    assert not Once(mark, "a").is_due
    assert Once(mark, "b").is_due


def test_two_at_a_time_are_refused(tmp_path: Path) -> None:
    """The second `up` says that the first still works."""
    root = tmp_path / "lab"
    with only_one(root), pytest.raises(LabError, match="another `lab up`"), only_one(root):
        pass
    with only_one(root):
        assert root.is_dir()
