"""The list of what is revoked, with OpenSSH's own reading of it: it only grows, and what is wrong changes nothing."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from hardening.agent import revoked
from hardening.agent.paths import EXIT_REFUSED, EXIT_USAGE
from tests.fast.operators.sample import hardware, plain

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.fast
KEY = f"key: {hardware()}\n"


@pytest.fixture
def listed(tmp_path: Path) -> Callable[[str], str]:
    """Make a list as the command takes it."""
    (tmp_path / "ca.pub").write_text(str(plain()), encoding="utf-8")

    def make(said: str) -> str:
        (tmp_path / "said").write_text(said, encoding="utf-8")
        command = ("ssh-keygen", "-q", "-k", "-f", tmp_path / "krl", "-s", tmp_path / "ca.pub", tmp_path / "said")
        subprocess.run(command, check=True, capture_output=True)
        return base64.b64encode((tmp_path / "krl").read_bytes()).decode()

    return make


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], int]:
    """Run the command as on a server with an empty list."""
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / revoked.LIST).touch()
    for name, path in (("ETC", etc), ("RUN", tmp_path), ("LIB", tmp_path)):
        monkeypatch.setenv(f"RINGFENCE_{name}", str(path))

    def run(text: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        return revoked.main(["-"])

    return run


def test_a_longer_list_takes_the_place_of_a_shorter_one(
    take: Callable[[str], int], listed: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    """From an empty one on; neighbouring serials become a range and are still there."""
    assert take(listed("serial: 5\n")) == 0
    assert take(listed(f"serial: 5\nserial: 6\n{KEY}")) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["entries"] == 2


@pytest.mark.parametrize("said", ["serial: 5\n", f"serial: 6\n{KEY}", "", f"serial: 4\nserial: 6\n{KEY}"])
def test_a_list_that_lacks_something_is_refused(
    take: Callable[[str], int], listed: Callable[[str], str], tmp_path: Path, said: str
) -> None:
    """An older checkout does not let anybody in again; the list stays as it was, byte for byte."""
    assert take(listed(f"serial: 5\n{KEY}")) == 0
    before = (tmp_path / "etc" / revoked.LIST).read_bytes()
    assert take(listed(said)) == EXIT_REFUSED
    assert (tmp_path / "etc" / revoked.LIST).read_bytes() == before
    assert not list((tmp_path / "etc").glob("*.new"))


@pytest.mark.parametrize("text", ["", "rubbish", base64.b64encode(b"rubbish").decode()])
def test_what_is_no_list_is_refused(take: Callable[[str], int], listed: Callable[[str], str], tmp_path: Path, text: str) -> None:
    """Also an empty one, once something is revoked."""
    assert take(listed("serial: 5\n")) == 0
    before = (tmp_path / "etc" / revoked.LIST).read_bytes()
    assert take(text) == EXIT_REFUSED
    assert (tmp_path / "etc" / revoked.LIST).read_bytes() == before


def test_the_command_says_how_it_is_used(take: Callable[[str], int], capsys: pytest.CaptureFixture[str]) -> None:
    """Anything but a list on standard input, or a question."""
    del take
    assert revoked.main([]) == EXIT_USAGE
    assert "usage" in capsys.readouterr().err
    assert revoked.main(["show"]) == 0
    assert json.loads(capsys.readouterr().out)["entries"] == 0
