"""The lab's database is killed with the lab in live tests: what it has said is stored must be there afterwards, as on any real cloud."""

from __future__ import annotations

import subprocess
import time
from configparser import ConfigParser
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

import labcloud
from tests.truth import netns

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.truth, netns.NEEDS_ROOT]

ROWS = 50
PATIENCE_SECONDS = 300.0


def settings(folder: Path) -> list[str]:
    """The settings of the storage engine as the lab has them, for a server of its own in a folder."""
    template = labcloud.__path__[0] + "/templates/etc/mysql/lab.cnf.j2"
    lab = ConfigParser(allow_no_value=True, interpolation=None)
    lab.read(template)
    ours = [f"--{name}={value}" for name, value in lab["mariadbd"].items() if name.startswith("innodb_")]
    assert any("flush" in each for each in ours), f"{template} has no settings of the storage engine"
    return ["--no-defaults", "--user=root", f"--datadir={folder}/data", *ours]


def ask(folder: Path, statements: str) -> subprocess.CompletedProcess[str]:
    """Send statements to the server and end."""
    command = ("mariadb", "--no-defaults", f"--socket={folder}/socket", "--skip-column-names", "--batch")
    return subprocess.run(command, input=statements, capture_output=True, text=True, check=False)


@contextmanager
def killed_in_the_end(folder: Path) -> Iterator[None]:
    """A server that answers; it is killed at once, without a chance to write anything."""
    command = [
        "mariadbd",
        *settings(folder),
        f"--socket={folder}/socket",
        f"--pid-file={folder}/pid",
        "--skip-networking",
        "--skip-log-bin",
    ]
    with (folder / "log").open("a") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while ask(folder, "select 1").returncode:
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, (folder / "log").read_text()
                time.sleep(0.1)
            yield
        finally:
            server.kill()


def test_a_killed_database_keeps_what_it_said_was_stored(tmp_path: Path) -> None:
    """Rows are written one by one, each with its own answer; the kill comes right after the last one."""
    install = ["mariadb-install-db", *settings(tmp_path), "--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(install, check=True, capture_output=True)
    with killed_in_the_end(tmp_path):
        assert ask(tmp_path, "create database lab; create table lab.t (n serial) engine=innodb;").returncode == 0
        time.sleep(1.5)  # the table is not what is tried
        assert ask(tmp_path, ROWS * "insert into lab.t values ();\n").returncode == 0
    with killed_in_the_end(tmp_path):
        assert ask(tmp_path, "select count(*) from lab.t").stdout.split() == [str(ROWS)]
