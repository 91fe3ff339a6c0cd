"""The automation's key: made once, readable by its owner only, never replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.errors import GuestError
from ringfence import keys

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the key of this machine out of it."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    return tmp_path


def test_the_key_is_made_once(state: Path) -> None:
    """A second call finds the first one's key."""
    first, second = keys.ensure(), keys.ensure()
    assert (first.created, second.created) == (True, False)
    assert first.public == second.public
    assert first.private == state / "keys" / "automation"


def test_only_the_owner_can_read_it() -> None:
    """The private half has mode 0600 and is in OpenSSH's format, the public half is beside it."""
    pair = keys.ensure()
    assert pair.private.stat().st_mode & 0o777 == 0o600
    assert pair.private.read_text().startswith("-----BEGIN OPENSSH PRIVATE KEY-----")
    assert pair.private.with_suffix(".pub").read_text().strip() == pair.public


def test_a_lost_public_half_is_written_again() -> None:
    """The public half follows from the private one."""
    pair = keys.ensure()
    pair.private.with_suffix(".pub").unlink()
    assert keys.ensure().public == pair.public
    assert pair.private.with_suffix(".pub").exists()


def test_a_key_that_others_can_read_is_refused() -> None:
    """It may be somebody else's by now."""
    keys.ensure().private.chmod(0o644)
    with pytest.raises(GuestError, match="can be read by others"):
        keys.ensure()


def test_rubbish_is_refused_and_kept() -> None:
    """The error names the file; nothing is overwritten."""
    pair = keys.ensure()
    pair.private.write_text("rubbish")
    with pytest.raises(GuestError, match="cannot be read"):
        keys.ensure()
    assert pair.private.read_text() == "rubbish"
