"""What the program asks of a machine: on a fresh one, everything that is missing is said at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from infra.components import settings
from infra.delivery.operators import Operators
from infra.errors import RingfenceError
from infra.operators.hosts import public_half
from infra.operators.registry import FILE, HEAD, Authority, Registry, Revocation, rendered
from tests.fast.operators.sample import plain, with_certificate
from tests.fast.operators.test_hosts import PRIVATE

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


@pytest.fixture
def project(fresh: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a project on a machine where everything else is there."""
    (fresh / "keys").mkdir()
    (fresh / "keys" / "automation.pub").write_text("ssh-ed25519 AAAA")
    for name, value in CHOSEN.items():
        monkeypatch.setenv(name, value)
    return fresh


def asked(project: Path) -> str:
    """Return what is said to somebody who wants sessions recorded."""
    try:
        settings.check_all(CHOSEN, platform=False, recorded=project)
    except RingfenceError as error:
        return str(error)
    return ""


def test_sessions_without_an_authority_of_operators_are_refused_with_the_next_step(project: Path) -> None:
    """Before anything changes: servers would get files that let nobody in."""
    assert "ringfence operator authority" in asked(project)
    (project / FILE).write_text(HEAD, encoding="utf-8")
    assert "no authority of operators is there" in asked(project)
    assert settings.check_all(CHOSEN, platform=False) is None  # type: ignore[func-returns-value]  # without sessions nobody asks


def test_operators_are_what_their_file_says(project: Path) -> None:
    """With this machine's authority for hosts, and no other; a file with a mistake is refused with its line."""
    hosts = public_half(PRIVATE)
    registry = Registry(authority=Authority(operators=str(plain(8)), hosts=hosts))
    registry, one = with_certificate(registry, "alice", 1)
    gone = Revocation(serial=one.serial, at=one.since, by="carol", reason="lost")
    file = project / FILE
    file.write_text(rendered(registry.model_copy(update={"revoked": (gone,)})), encoding="utf-8")
    assert "no key of the authority for hosts" in asked(project)
    (project / "keys" / "hosts-authority").write_text(PRIVATE, encoding="utf-8")
    assert asked(project) == ""
    assert settings.operators(project) == Operators(str(plain(8)), hosts, f"serial: {one.serial}\n", "ssh-ed25519 AAAA")
    file.write_text(file.read_text(encoding="utf-8").replace("serial:", "number:").replace('"serial"', '"number"'), encoding="utf-8")
    assert f"{FILE}:" in asked(project)
