"""What `ringfence status` says of vulnerabilities: counts where data is declared, else that nobody asked."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import TYPE_CHECKING, Never

import pytest

from infra.declaration.model import Platform
from infra.outcome import CheckVerdict
from ringfence.health.look import vulnerable
from ringfence.health.model import Answers, Finding, Seen
from ringfence.health.vulnerabilities import journal
from tests.fast.declaration.declared import PLATFORM as TREE
from tests.fast.declaration.declared import SERVICES
from tests.fast.ringfence.health.servers import BASTION, NOW, STORE, WEB
from tests.fast.vulnerabilities.publishing import RELEASE, Row, listed, packed

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
LIMITS = {"tracker": 20, "deadlines": {"high": 5}, "tracker_data": "trixie"}
PLATFORM = Platform.model_validate(TREE | {"services": {**SERVICES, "status": LIMITS}})
NONE = "0 upgraded, 0 newly installed\n"
HAVING = Answers({"installed": listed("openssl 3.5.1-1 openssl 3.5.1-1"), "release": RELEASE, "offered": NONE})
FREE = Answers({"installed": listed(), "release": RELEASE, "offered": NONE})
SEEN = Seen({WEB: HAVING, BASTION: FREE, STORE: Answers.none("no way to it")}, STORE, project="b7e1")


@pytest.fixture(autouse=True)
def place(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the declared data is."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    return tree / "trixie"


def publish(place: Path, days: int) -> None:
    """Put data of some days ago there: one vulnerability, of openssl."""
    place.write_bytes(packed([Row("CVE-2026-1001", "openssl", "SHRF", "3.5.2-1")]))
    day = (NOW - timedelta(days=days)).timestamp()
    os.utime(place, (day, day))


def told(platform: Platform = PLATFORM, seen: Seen = SEEN) -> dict[str, Finding]:
    """What is told, by server."""
    return {host.server: finding for host, finding in vulnerable(platform, seen, NOW).items()}


def test_open_vulnerabilities_are_counted_for_each_server(place: Path) -> None:
    """Within the declared deadline they are no fault, and a server that does not answer has not none."""
    publish(place, 5)
    found = told()
    assert found["web"] == Finding("vulnerabilities", CheckVerdict.PASS, "1 open, 1 of them with a fix, no deadline is over")
    assert found["platform-bastion"].said == "0 open, 0 of them with a fix, no deadline is over"
    assert found["platform-services"] == Finding("vulnerabilities", CheckVerdict.ERROR, "no way to it", "ringfence vulns platform")


def test_a_deadline_that_is_over_is_a_fault_of_its_server_alone(place: Path) -> None:
    """Named, with the verb that tells the rest."""
    publish(place, 6)
    found = told()
    said = "1 open, 1 of them with a fix; the deadline of 1 is over: CVE-2026-1001"
    assert found["web"] == Finding("vulnerabilities", CheckVerdict.FAIL, said, "ringfence vulns acme")
    assert found["platform-bastion"].verdict is CheckVerdict.PASS


def test_data_that_is_not_fit_for_use_makes_all_of_it_untold(place: Path) -> None:
    """It is too old, or not there."""
    publish(place, 21)
    assert {(one.verdict, "too old" in one.said) for one in told().values()} == {(CheckVerdict.ERROR, True)}
    place.unlink()
    assert {(one.verdict, "no such file" in one.said) for one in told().values()} == {(CheckVerdict.ERROR, True)}


def test_an_update_that_nobody_can_tell_of_is_said(place: Path) -> None:
    """What is open is told all the same."""
    publish(place, 1)
    answers = Answers({key: text for key, text in HAVING.texts.items() if key != "offered"}, {"offered": "it ended with 100"})
    found = told(seen=Seen({WEB: answers}, STORE, project="b7e1"))["web"]
    assert (found.verdict, found.said.startswith("1 open, 1 of them with a fix; what an update")) == (CheckVerdict.ERROR, True)


def test_without_declared_data_nobody_is_asked() -> None:
    """Which is said."""
    found = told(Platform.model_validate(TREE | {"services": SERVICES}))
    assert {(one.verdict, one.said[:42]) for one in found.values()} == {
        (CheckVerdict.NOT_APPLICABLE, "not asked: no tracker data is declared (se")
    }


def test_a_journal_that_cannot_be_kept_is_no_health(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines would begin again with every look, whether it cannot be read or not be written."""
    publish(place, 1)
    (tmp_path / "vulnerabilities").write_text("in the way")
    assert {(one.verdict, "journal of vulnerabilities cannot be read" in one.said) for one in told().values()} == {
        (CheckVerdict.ERROR, True)
    }
    (tmp_path / "vulnerabilities").unlink()

    def full(*_: object) -> Never:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "write", full)
    assert {(one.verdict, "the journal cannot be kept" in one.said) for one in told().values()} == {(CheckVerdict.ERROR, True)}
