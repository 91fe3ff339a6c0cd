"""OpenSSH's configuration for an operator, as OpenSSH reads it."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.operators.changes import Ending, Wish, certified, revoked
from infra.operators.roles import Role
from infra.ssh.access import JumpHost, Target
from ringfence.logins import Login, Logins
from ringfence.operators import book, configuration
from tests.fast.operators.sample import EMPTY, hardware, plain

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast


@pytest.fixture
def found(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Logins:
    """Return a bastion and a server, in a project in which alice may enter as an administrator."""
    del tree
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path / "state"))
    registry, _ = certified(EMPTY, Wish("alice", "acme", Role.ADMIN, hardware()), datetime.now(UTC))
    book.write(registry)
    (tmp_path / "alice-acme-cert.pub").touch()
    server = Login("acme", "web", Target("172.30.0.3", str(plain(3)), 2222), {})
    return Logins(JumpHost("203.0.113.5", str(plain(2)), tmp_path / "automation", None, 2222), (server,), {})


def read(file: Path, host: str) -> dict[str, str]:
    """Return what OpenSSH makes of a configuration for a host."""
    said = subprocess.run(("ssh", "-G", "-F", file, host), capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in said.splitlines() if " " in line)


def test_key_and_certificate_are_at_both_hops(found: Logins, tmp_path: Path) -> None:
    """The way through the bastion is an `ssh` of its own that reads the file only; each hop has its own account."""
    file = configuration.write(found, "acme", "alice", tmp_path / "alice")
    for host, account in (("platform-bastion", "rf-through"), ("acme-web", "rf-admin")):
        facts = read(file, host)
        assert facts["certificatefile"] == str(tmp_path / "alice-acme-cert.pub")
        assert (facts["identityfile"], facts["user"], facts["port"]) == (str(tmp_path / "alice"), account, "2222")
        assert (facts["stricthostkeychecking"], facts["identitiesonly"]) == ("true", "yes")
    assert read(file, "acme-web")["proxycommand"].startswith(f"ssh -F {file} -W")


def test_hosts_are_known_by_the_authority_and_by_their_pinned_keys(found: Logins, tmp_path: Path) -> None:
    """For their own names: an authority for every host would be believed elsewhere, too."""
    file = configuration.write(found, "acme", "alice", tmp_path / "alice")
    lines = file.with_name("known_hosts").read_text(encoding="utf-8").splitlines()
    assert lines == [
        f"@cert-authority platform-bastion,acme-web {plain(9)}",
        f"platform-bastion {plain(2)}",
        f"acme-web {plain(3)}",
    ]


@pytest.mark.parametrize("who", ["bob", "alice"])
def test_who_may_not_enter_gets_no_configuration(found: Logins, tmp_path: Path, who: str) -> None:
    """Somebody without a certificate, and somebody whose certificate is revoked."""
    registry, _ = revoked(book.read(), Ending("alice", "carol", "lost"), datetime.now(UTC))
    book.write(registry)
    with pytest.raises(QuestionError, match="no certificate in force"):
        configuration.write(found, "acme", who, tmp_path / "alice")


def test_a_certificate_that_is_not_there_is_named(found: Logins, tmp_path: Path) -> None:
    """With the file that is looked for."""
    (tmp_path / "alice-acme-cert.pub").unlink()
    with pytest.raises(QuestionError, match="alice-acme-cert"):
        configuration.write(found, "acme", "alice", tmp_path / "alice")
