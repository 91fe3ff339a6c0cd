"""What controls make of the image: files, lines of Debian's files, and the traps that lock people out."""

from __future__ import annotations

import pytest

from hardening.controls import rendering
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import Control, KernelModule, KernelParameter, Line, Mode, SshSetting, Text
from hardening.image import archive, build, recipe
from hardening.image.root import TREE

pytestmark = pytest.mark.fast
POST_QUANTUM = {"mlkem768x25519-sha256", "sntrup761x25519-sha512@openssh.com"}


def ssh_settings() -> dict[str, str]:
    """What the image's configuration of sshd says."""
    return {part.keyword: part.value for control in CATALOGUE for part in control.renders if isinstance(part, SshSetting)}


def parameters() -> dict[str, str]:
    """Every parameter of the kernel that the image sets."""
    return {part.name: part.value for control in CATALOGUE for part in control.renders if isinstance(part, KernelParameter)}


def test_each_kind_becomes_a_file_below_the_title_of_its_control() -> None:
    """A person who reads the file on a server learns why a line is there."""
    control = Control(
        "x", "Why", ("8.9",), (), (), (KernelParameter("a.b", "1"), KernelModule("floppy"), SshSetting("Port", "1"), Mode("etc", 0o755))
    )
    made = {file.path: file.text for file in rendering.rendered((control,)).files}
    assert made[rendering.SYSCTL] == "\n# Why.\na.b = 1\n"
    assert made[rendering.MODPROBE] == "\n# Why.\nblacklist floppy\ninstall floppy /bin/false\n"
    assert made[rendering.SSHD_CONFIG] == "\n" + rendering.SSHD + "\n# Why.\nPort 1\n"
    assert rendering.rendered((control,)).modes == (Mode("etc", 0o755),)


def test_a_line_takes_the_place_of_another_or_comes_last() -> None:
    """And a line that Debian no longer has is a mistake, not a silence."""
    lines = (Line("x", "B 2", instead_of="B"), Line("x", "C 3"))
    assert rendering.edited("A 1\nB 1\n# B 0\n", lines) == "A 1\nB 2\n# B 0\nC 3\n"
    with pytest.raises(ValueError, match=r"/x: no line begins with 'D'"):
        rendering.edited("A 1\n", (Line("x", "D 4", instead_of="D"),))


def test_nothing_is_written_twice() -> None:
    """A file of the tree that a control writes too would be lost."""
    made = [file.path for file in rendering.rendered().files]
    assert len(set(made)) == len(made)
    assert [path for path in made if (TREE / path).exists()] == []
    assert not {wanted.path for wanted in rendering.rendered().modes} & set(recipe.MODES)


def test_a_file_of_sudo_has_a_name_that_sudo_reads() -> None:
    """Names with a dot are skipped, and others than root must not read the rules (sudoers(5))."""
    files = [file for file in rendering.rendered().files if file.path.startswith("etc/sudoers.d/")]
    assert files
    assert all("." not in file.path.rpartition("/")[2] and file.mode == 0o440 for file in files)


def test_nobody_is_locked_out() -> None:
    """Each of these has kept everybody out of a server once, here or at somebody else's."""
    assert parameters()["net.ipv4.conf.all.arp_ignore"] == "1"
    assert "kernel.modules_disabled" not in parameters()
    texts = [(part.path, part.text) for part in rendering.rendered().files]
    assert all("requiretty" not in text.replace("!requiretty", "") for _, text in texts)
    assert all(not mode.path.endswith("sudo") for mode in rendering.rendered().modes)
    assert "NOPASSWD" in (TREE / "etc/sudoers.d/ringfence").read_text(encoding="utf-8")
    assert not any("faillock" in line.text for line in rendering.rendered().lines)
    assert recipe.ACCOUNT in ssh_settings()["AllowUsers"].split()


def test_ssh_offers_only_what_holds() -> None:
    """Key exchange against a quantum computer, one kind of host key, authenticated encryption, keys only, no root."""
    sshd = ssh_settings()
    assert set(sshd["KexAlgorithms"].split(",")) == POST_QUANTUM
    assert sshd["HostKeyAlgorithms"] == "ssh-ed25519"
    assert all(name.startswith("aes256-") for name in sshd["Ciphers"].split(","))
    assert all(name.endswith("-etm@openssh.com") for name in sshd["MACs"].split(","))
    assert sshd["AuthenticationMethods"] == "publickey"
    assert (sshd["PasswordAuthentication"], sshd["PermitRootLogin"], sshd["AllowUsers"]) == ("no", "no", recipe.ACCOUNT)
    forwarding = {name: value for name, value in sshd.items() if "Forwarding" in name or name in {"PermitTunnel", "GatewayPorts"}}
    assert forwarding.pop("DisableForwarding") == "yes"
    assert set(forwarding.values()) == {"no"}
    assert len(forwarding) == 6


def test_what_differs_between_servers_comes_first() -> None:
    """Sshd takes the first value that it reads: the files of this server, then the image's. Of MaxStartups it takes the last."""
    text = next(file.text for file in rendering.rendered().files if file.path == rendering.SSHD_CONFIG)
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines[:3] == ["MaxStartups 10:30:60", "Include /run/ringfence/files/ssh/*.conf", "Include /etc/ssh/sshd_config.d/*.conf"]


def test_a_package_of_a_control_is_installed_and_no_list_names_it_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The build installs what controls need, besides the recipe's own."""
    monkeypatch.setattr(archive, "host_options", list)
    packages = rendering.rendered().packages
    assert f"--include={','.join((*recipe.PACKAGES, *packages))}" in build.bootstrap_command()
    assert not set(packages) & set(recipe.PACKAGES)


def test_a_text_is_written_with_its_mode() -> None:
    """Lists of who may use cron are for root."""
    made = {file.path: file for file in rendering.rendered().files}
    assert made["etc/cron.allow"] == Text("etc/cron.allow", "", 0o640)
