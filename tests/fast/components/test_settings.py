"""What the program asks of a machine: on a fresh one, everything that is missing is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.components import settings
from infra.errors import RingfenceError

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast

CHOSEN = {"OS_CLOUD": "mine", settings.NO_CLOUD: ""}


@pytest.fixture(autouse=True)
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a machine with an empty state and no settings."""
    for name in ("OS_CLOUD", settings.NO_CLOUD, settings.IMAGE, *settings.PASSWORD_VARIABLES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    return tmp_path


def missing(environment: dict[str, str], *, platform: bool) -> list[str]:
    """Return what is said to be missing."""
    try:
        settings.check_all(environment, platform=platform)
    except RingfenceError as error:
        return [problem.what if problem.hint else f"{problem.what}, and no next step" for problem in error.problems]
    return []


def test_a_fresh_machine_is_told_everything_at_once() -> None:
    """The platform needs a cloud, a key and an image; a tenant needs no image of its own."""
    assert missing({}, platform=True) == ["no cloud is chosen", "the automation has no key yet", "there is no guest image"]
    assert missing({}, platform=False) == ["no cloud is chosen", "the automation has no key yet"]


def test_what_is_there_is_not_asked_for(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key and an image, the cloud alone is missing; with a cloud too, nothing is."""
    (fresh / "keys").mkdir()
    (fresh / "keys" / "automation.pub").write_text("ssh-ed25519 AAAA")
    (fresh / "guest-image.qcow2").touch()
    assert missing({}, platform=True) == ["no cloud is chosen"]
    assert missing(CHOSEN, platform=False) == []
    monkeypatch.setattr(settings, "cloud", lambda: None)
    assert missing(CHOSEN, platform=True) == []
    monkeypatch.setenv(settings.IMAGE, str(fresh / "gone.qcow2"))
    assert missing(CHOSEN, platform=True) == ["there is no guest image"]
