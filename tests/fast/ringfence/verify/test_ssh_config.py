from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from infra.ssh.access import JumpHost, Target
from ringfence import ssh_config

pytestmark = pytest.mark.fast

JUMP_HOST = JumpHost("172.24.4.5", "ssh-ed25519 BASTION", Path("/keys/automation"), "door connect %h %p")
TARGETS = {"web": Target("172.30.0.5", "ssh-ed25519 WEB")}


def test_every_key_is_pinned(tmp_path: Path) -> None:
    """No key is learnt: both hops have an alias with its key, and anything else is refused."""
    text = ssh_config.render(JUMP_HOST, TARGETS, tmp_path)
    assert ssh_config.known_hosts(JUMP_HOST, TARGETS) == "platform-bastion ssh-ed25519 BASTION\nweb ssh-ed25519 WEB\n"
    assert text.count("HostKeyAlias") == 2
    assert "StrictHostKeyChecking yes" in text
    assert "GlobalKnownHostsFile none" in text


def test_servers_are_reached_through_the_bastion(tmp_path: Path) -> None:
    """A server's connection is made by the bastion, the bastion's by the proxy command if there is one."""
    text = ssh_config.render(JUMP_HOST, TARGETS, tmp_path)
    assert f"ProxyCommand ssh -F {tmp_path}/config -W %h:%p platform-bastion" in text
    assert "ProxyCommand door connect %h %p" in text
    direct = ssh_config.render(JumpHost("172.24.4.5", "k", Path("/k")), TARGETS, tmp_path)
    assert "door" not in direct


def test_written_below_the_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files are in a folder that only the user can read."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    config = ssh_config.write("acme", JUMP_HOST, TARGETS)
    assert config.parent.stat().st_mode & 0o777 == 0o700
    assert (config.parent / "known_hosts").exists()


@pytest.mark.parametrize("length", [20, 48, 49, 50, 51, 90])
def test_openssh_takes_the_configuration_however_long_the_folders_path_is(length: int, tmp_path: Path) -> None:
    """It would refuse to log in at all with a socket whose path is too long, and says so before it asks the network."""
    folder = Path("/tmp") / ("f" * (length - len("/tmp/")))  # noqa: S108 - a path of a length, nothing is made there
    config = tmp_path / "config"
    text = ssh_config.render(JumpHost("127.0.0.1", "k", Path("/k"), "false"), {}, folder)
    config.write_text(text.replace(str(folder / "known_hosts"), "none"))
    done = subprocess.run(["ssh", "-F", config, "platform-bastion", "true"], capture_output=True, text=True, check=False)
    assert "too long" not in done.stderr
    assert ("ControlMaster auto" in text) == (len(str(folder)) + 58 <= 107)
