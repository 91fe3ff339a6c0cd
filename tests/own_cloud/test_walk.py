"""Everything that docs/own-cloud.md tells a reader to run works as it stands there, and leaves the cloud as it was."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.own_cloud import cloud
from tests.own_cloud.blocks import ENDED, blocks, said, script

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = cloud.ROOT / "docs" / "own-cloud.md"
HOURS = 3
POOL = "backups"
"""Where this cloud keeps backups, by Ceph's driver."""


@dataclass(frozen=True, slots=True)
class Walk:
    """How the walk went: what each block printed, by the line of the page, the cloud before and after, and the pool of backups after it."""

    status: int
    log: str
    before: dict[str, list[str]]
    after: dict[str, list[str]]
    pool: str

    def of(self, command: str) -> str:
        """Return what the block with a command printed."""
        line = next(block.line for block in blocks(PAGE.read_text()) if command in block.code)
        return said(self.log).get(line, "")


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Walk]:
    """Make the cloud, walk, and wipe the cloud unless something went wrong."""
    state = Path(os.environ.get("RINGFENCE_STATE") or Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state") / "ringfence")
    lab = cloud.SecondLab(state / "own-cloud")
    failed = request.session.testsfailed
    lab.run("up")
    before = cloud.settled(lab.connect())
    status, log = _run(lab, tmp_path_factory.mktemp("operator"), lab.folder / "walk.log")
    yield Walk(status, log, before, cloud.inventory(lab.connect()), lab.run("exec", "rbd", "ls", "--long", POOL, capture=True))
    if request.session.testsfailed == failed:
        lab.run("wipe")
    else:
        settings = " ".join(f"{name}={value}" for name, value in lab.settings().items() if name.startswith("RINGFENCE_"))
        sys.stderr.write(f"\nthe cloud is left for a look: {settings} {cloud.LAB} status, or wipe\n")


def _run(lab: cloud.SecondLab, home: Path, log: Path) -> tuple[int, str]:
    """Run the page in one shell in an empty folder, from an empty state; its output goes to the screen and to a file."""
    lab.give_credential(home)
    folder = home / "empty"
    folder.mkdir()
    environment = {
        **cloud.bare(),
        "HOME": str(home),
        "RINGFENCE_CACHE": str(cloud.caches()),
        "RINGFENCE_SOURCE": str(cloud.ROOT),
        "OPERATORS": cloud.OPERATORS,
        **lab.way_in(),
    }
    text = script(blocks(PAGE.read_text()))
    with log.open("w+") as out, subprocess.Popen(["tee", str(log)], stdin=subprocess.PIPE) as screen:
        done = subprocess.run(
            ["bash", "-c", text], cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=screen.stdin, stderr=subprocess.STDOUT,
            timeout=HOURS * 3600, check=False,
        )  # fmt: skip
        if screen.stdin:
            screen.stdin.close()
        screen.wait()
        return done.returncode, out.read()


def test_every_command_of_the_page_works(walk: Walk) -> None:
    """In one shell, in the page's order, to its end."""
    assert walk.status == 0, walk.log[-4000:]
    assert ENDED in walk.log


def test_the_tenant_is_verified_and_nothing_failed(walk: Walk) -> None:
    """With packets, through the bastion, on a cloud that the product knows nothing of."""
    assert "initech: as declared as far as looked at" in walk.of("ringfence prove --state cloud")


def test_a_server_is_not_replaced_by_surprise(walk: Walk) -> None:
    """The preview is refused and says how to allow it; then it is replaced, and verified again."""
    told = walk.of("ringfence:allowReplace")
    assert "initech-web would be replaced" in told
    assert "refused: the address is written" in told
    assert "initech: as declared as far as looked at" in told


def test_backups_are_made_drilled_and_restored_by_cephs_driver(walk: Walk) -> None:
    """Each is AES-256-XTS by its header in the pool of the backups, and in the end nothing is left there."""
    told = walk.of("ringfence backup drill initech")
    assert [f"{count} backups are AES-256-XTS by their LUKS headers" in told for count in (1, 2)] == [True, True]
    assert "root       booted" in told
    assert "NOT RESTORED" not in walk.log
    assert re.search(r"^initech/web root, .*: volume ", walk.of("ringfence backup restore initech/web"), re.MULTILINE)
    assert walk.status == 0
    assert walk.pool.strip() == ""


def test_the_cloud_is_as_it_was_before(walk: Walk) -> None:
    """Nothing of ringfence is left, quotas included, and nothing of anybody else has changed."""
    changed = {kind: sorted({*walk.before.get(kind, ())} ^ {*walk.after.get(kind, ())}) for kind in {**walk.before, **walk.after}}
    assert {kind: rows for kind, rows in changed.items() if rows} == {}
    assert walk.after == walk.before


def test_no_secret_is_in_what_was_printed(walk: Walk) -> None:
    """Neither a password of the cloud's, nor a key of its storage, nor a private key."""
    file = Path(os.environ.get("RINGFENCE_STATE") or "") / "own-cloud" / "lab" / "secrets.json"
    assert "PRIVATE KEY" not in walk.log
    if file.exists():
        assert all(secret not in walk.log for secret in _secrets(file))


def _secrets(file: Path) -> list[str]:
    """Return all secrets of the lab, those of services and of accounts of Ceph included."""
    kept = json.loads(file.read_text()).values()
    return [secret for value in kept for secret in ([value] if isinstance(value, str) else value.values())]
