"""The files of a first boot are the agreed ones, with the right modes, and a refused drive writes none."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

import pytest

from hardening.firstboot.__main__ import main
from tests.fast.hardening.image import drives, golden

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A guest's root with the home of the automation account."""
    (tmp_path / "root/home/ringfence/.ssh").mkdir(parents=True)
    return tmp_path / "root"


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    """A config drive of a server."""
    latest = tmp_path / "drive/openstack/latest"
    latest.mkdir(parents=True)
    (latest / "network_data.json").write_text(drives.text(drives.server_network()), encoding="utf-8")
    (latest / "meta_data.json").write_text(drives.text(drives.server_meta()), encoding="utf-8")
    return tmp_path / "drive"


@pytest.mark.parametrize("case", sorted(golden.CASES))
def test_files_are_the_golden_ones(case: str) -> None:
    """No file more, no file less, and every byte of them."""
    assert {file.path: file.text for file in golden.rendered(case)} == golden.expected(case)


def test_all_files_are_written_with_their_modes(root: Path, drive: Path) -> None:
    """What is rendered is what is on the disk; keys and policies are for root only."""
    assert main([str(drive), str(root)]) == 0
    for file in golden.rendered("server"):
        path = root / file.path
        assert path.read_text(encoding="utf-8") == file.text
        assert stat.S_IMODE(path.stat().st_mode) == file.mode
    assert stat.S_IMODE((root / "etc/ringfence/base.nft").stat().st_mode) == 0o600
    assert not list(root.rglob("*.new"))


def test_a_copied_disk_forgets_the_instance_it_came_from(root: Path, drive: Path) -> None:
    """Names, addresses, the policy and the keys of the earlier instance are gone; files of others stay."""
    for name in ("network/10-zone7.network", "network/10-zone7.link", "network/80-vendor.network", "system/ssh.socket.d/port.conf"):
        path = root / "etc/systemd" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "etc/ringfence/generations/1/files").mkdir(parents=True)
    (root / "etc/ringfence/generations/1/files/server.key").touch()
    (root / "etc/ringfence/confirmed").symlink_to("generations/1")
    assert main([str(drive), str(root)]) == 0
    left = {path.name for path in root.rglob("*") if path.is_file()}
    assert not left & {"10-zone7.network", "10-zone7.link", "port.conf", "server.key"}
    assert not (root / "etc/ringfence/confirmed").is_symlink()
    assert "80-vendor.network" in left


@pytest.mark.parametrize("missing", ["network_data.json", "meta_data.json"])
def test_a_refused_drive_writes_nothing(root: Path, drive: Path, missing: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says why, and the root is as it was."""
    (drive / "openstack/latest" / missing).unlink()
    assert main([str(drive), str(root)]) == 1
    error = capsys.readouterr().err
    assert missing in error
    assert error.count("\n") == 1
    assert [path for path in root.rglob("*") if path.is_file()] == []
