"""The engine destroys the stack; a lock of a run that was killed is taken away, one of a run that lives is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from infra.errors import CloudError
from ringfence import locks
from ringfence.offboarding import stack

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
LOCK = "file:///s/.pulumi/locks/organization/ringfence/acme/1.json?no_tmp_dir=true: created by root@host (pid 1) at 2030-01-31T10:00:00Z"


@pytest.fixture
def engine(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an engine on the path that notes what it is asked, and fails while a lock is there."""
    del tree
    (tmp_path / "pulumi").write_text(
        f'#!/bin/sh\necho "$1 $*" >>{tmp_path}/asked\n'
        f"[ $1 = cancel ] && rm -f {tmp_path}/lock\n[ ! -e {tmp_path}/lock ] || {{ cat {tmp_path}/lock; exit 255; }}\n"
        f"[ ! -e {tmp_path}/broken ] || {{ echo error: no answer; exit 255; }}\n",
        encoding="utf-8",
    )
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return tmp_path


def asked(engine: Path) -> list[str]:
    """Return what the engine was asked, in order."""
    return [line.split()[0] for line in (engine / "asked").read_text(encoding="utf-8").splitlines()]


def test_a_stack_is_destroyed_without_a_question(engine: Path) -> None:
    """By its name, whichever is selected."""
    stack.destroy("acme", engine / "log")
    assert (engine / "asked").read_text(encoding="utf-8") == "destroy destroy --yes --skip-preview --stack acme --non-interactive\n"


def test_a_dead_lock_is_taken_away_once_and_a_living_one_is_told(engine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of the engine on one stack would destroy its state."""
    (engine / "lock").write_text(f"error: {locks.LOCKED} 1 lock(s)\n  {LOCK}\n", encoding="utf-8")
    monkeypatch.setattr(locks, "is_dead", lambda _: False)
    with pytest.raises(CloudError, match="look there whether it still runs"):
        stack.destroy("acme", engine / "log")
    assert asked(engine) == ["destroy"]
    monkeypatch.setattr(locks, "is_dead", lambda _: True)
    stack.destroy("acme", engine / "log")
    assert asked(engine) == ["destroy", "destroy", "cancel", "destroy"]


def test_what_the_engine_says_when_it_fails_is_told(engine: Path) -> None:
    """And nothing of an earlier run."""
    (engine / "log").write_text(f"{locks.LOCKED}\n{LOCK}\n", encoding="utf-8")
    (engine / "broken").touch()
    with pytest.raises(CloudError, match="no answer"):
        stack.destroy("acme", engine / "log")
    assert asked(engine) == ["destroy"]
