"""What the daily comparison of files looks at, when it runs, and how its list becomes another one."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.controls import integrity
from hardening.controls.rendering import rendered
from hardening.image.root import TREE
from tests.fast.hardening.image import golden

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
SUPERUSER = "/root"
"""The home of a server's root."""
PROGRAM = TREE / "usr/lib/ringfence/know-files"
BOOT = {"multi-user.target", "sysinit.target", "basic.target", "sockets.target", "default.target"}


def is_watched(path: str) -> bool:
    """Whether a file of this name is compared: a rule of the settings takes it, and none leaves it out (aide.conf(5))."""
    rules = [line for line in integrity.AIDE.splitlines() if line.startswith(("/", "!"))]
    taken = any(re.match(line.split()[0], path) for line in rules if line.startswith("/"))
    return taken and not any(re.match(line.removeprefix("!"), path) for line in rules if line.startswith("!"))


@pytest.mark.parametrize("role", ["server", "bastion"])
def test_what_a_first_boot_writes_is_no_difference_and_its_neighbours_are(role: str) -> None:
    """Each server has other ones; a file beside them that nobody wrote is one."""
    folder = golden.FOLDER / role
    written = [f"/{path.relative_to(folder)}" for path in folder.rglob("*") if path.is_file()]
    assert len(written) >= 6
    assert [path for path in written if is_watched(path)] == []
    beside = [f"{path}.x" for path in written if path.startswith("/etc/") and not path.startswith("/etc/ringfence/")]
    assert beside
    assert [path for path in beside if not is_watched(path)] == []


def test_every_file_that_a_control_makes_is_compared_as_are_programs_and_lists_of_accounts() -> None:
    """What is left out is a short list; a rule that takes too much of /etc along would be seen here."""
    paths = [f"/{file.path}" for file in rendered().files]
    programs = ["/usr/sbin/sshd", "/usr/lib/ringfence/apply-policy", "/boot/vmlinuz", "/usr/local/bin/x"]
    keys = f"{SUPERUSER}/.ssh/authorized_keys"
    assert [path for path in [*paths, *programs, keys, "/etc/passwd", "/etc/shadow", "/etc/ssl/certs/x"] if not is_watched(path)] == []


def test_no_boot_waits_for_a_comparison() -> None:
    """The service is wanted by the target that its timer starts, and by nothing that a boot starts."""
    links = {link.path: link.target for link in rendered().links if "aidecheck" in link.path}
    wanting = {path.rpartition(".wants/")[0].rpartition("/")[2] for path in links}
    assert wanting == {"aidecheck.target", "timers.target"}
    assert links["etc/systemd/system/timers.target.wants/aidecheck.timer"].endswith("/aidecheck.timer")
    assert not BOOT & set(re.findall(r"[\w-]+\.target", integrity.CHECK + integrity.TARGET))
    assert re.findall(r"^On\w+=\S+$", integrity.TIMER, re.MULTILINE) == ["OnBootSec=8h", "OnUnitActiveSec=1d"]
    assert "StopWhenUnneeded=yes" in integrity.TARGET


def test_the_sandbox_hides_nothing_that_is_compared() -> None:
    """A folder that the service cannot see would be reported as removed, on every server and every day (systemd.exec(5))."""
    hiding = (
        "ProtectKernelModules=",
        "InaccessiblePaths=",
        "TemporaryFileSystem=",
        "ProtectHome=yes",
        "ProtectHome=tmpfs",
        "RootDirectory=",
    )
    assert [line for line in integrity.CHECK.splitlines() if line.startswith(hiding)] == []
    assert "CAP_DAC_READ_SEARCH" in integrity.CHECK


def changed(folder: Path, program: str, *arguments: str) -> tuple[int, str]:
    """Run the program with another one in the place of AIDE; its exit code, and what the list says then."""
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin/aide").write_text(f"#!/bin/sh\n{program}\n", encoding="utf-8")
    (folder / "bin/aide").chmod(0o755)
    environment = {"PATH": f"{folder}/bin:{os.environ['PATH']}", "RINGFENCE_LISTS": str(folder / "lists")}
    done = subprocess.run((PROGRAM, *arguments), env=environment, capture_output=True, text=True, check=False)
    made = folder / "lists/aide.db"
    return done.returncode, made.read_text(encoding="utf-8") if made.exists() else ""


def test_a_list_is_another_one_only_when_it_was_made_whole(tmp_path: Path) -> None:
    """Differences are no failure of making it; a failure, or a list without the rights that every server has, changes nothing."""
    write = f"echo '/etc 0 {{}},0' >{tmp_path}/lists/aide.db.new"
    assert changed(tmp_path, write.format("POSIX,one"), "first") == (0, "/etc 0 POSIX,one,0\n")
    assert changed(tmp_path, f"{write.format('POSIX,two')}; exit 7") == (0, "/etc 0 POSIX,two,0\n")
    assert changed(tmp_path, f"{write.format('POSIX,three')}; exit 17") == (17, "/etc 0 POSIX,two,0\n")
    assert changed(tmp_path, write.format("0")) == (1, "/etc 0 POSIX,two,0\n")
    assert changed(tmp_path, f"{write.format('POSIX,four')}; exit 14", "first") == (14, "/etc 0 POSIX,two,0\n")
