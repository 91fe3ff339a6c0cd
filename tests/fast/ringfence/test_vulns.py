"""``ringfence vulns``: what people and programs are told, and the exit code, which is never 0 where something is not known."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra import paths
from infra.vulnerabilities.journal import Sight, read
from ringfence.health import collect
from ringfence.health.collect import Answered
from ringfence.health.model import Answers, Host
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.offering import offer, offer_nothing
from tests.fast.ringfence.test_json_keys import KEYS
from tests.fast.vulnerabilities.publishing import RELEASE, Row, listed, packed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast
NOW = datetime.now(UTC)
WEB, BASTION = Host("acme", "web"), Host("platform", "platform-bastion")
HOSTILE = "\x1b[2J\u202e[bold]a description"
FIXED = Row(f"CVE-{NOW.year}-1001", "openssl", "SHRF", "3.5.2-1", "3.5.1-1+deb13u1", HOSTILE)
OPEN = Row(f"CVE-{NOW.year}-1002", "bash", "SL  ")
PLAN = "Inst openssl [3.5.1-1] (3.5.1-1+deb13u1 Debian-Security:13 [amd64])\n1 upgraded, 0 newly installed\n"
RECORD = "Package: openssl\nVersion: 3.5.1-1+deb13u1\n"
GOOD = {"installed": listed("openssl 3.5.1-1 openssl 3.5.1-1", "bash 5 bash 5"), "release": RELEASE, "offered": PLAN + RECORD}


@dataclass
class Cloud:
    """What servers answer, and who was asked what."""

    folder: Path
    hosts: dict[Host, Answers] = field(default_factory=lambda: {WEB: Answers(GOOD)})
    down: dict[str, str] = field(default_factory=dict)
    declared: dict[str, tuple[str, ...]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)

    def answered(self, declared: Mapping[str, Iterable[str]], commands: Mapping[str, object], *, services: bool) -> Answered:
        """Answer."""
        del services
        self.declared, self.asked = {tenant: tuple(servers) for tenant, servers in declared.items()}, set(commands)
        return Answered(self.hosts, "b7e1", self.down)

    def publish(self, *rows: Row, days: float = 1) -> None:
        """Put data of some days ago where the platform declares it."""
        place, day = self.folder / "tracker" / "trixie", (NOW - timedelta(days=days)).timestamp()
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(packed(rows or (FIXED, OPEN)))
        os.utime(place, (day, day))


@pytest.fixture
def cloud(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A server that has two vulnerabilities, one with a fix, and data of yesterday that the platform declares."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    offer(tree, status={"tracker": 20, "tracker_data": "tracker/trixie"})
    made = Cloud(tree)
    made.publish()
    monkeypatch.setattr(collect, "answered", made.answered)
    return made


@pytest.mark.usefixtures("cloud")
def test_a_vulnerability_is_told_with_its_version_its_deadline_and_what_mends_it(run: Run) -> None:
    """Those without a fix are counted, and listed when they are asked for; nothing of the data is a command of the terminal."""
    ended = run("vulns", "acme")
    assert ended.code == 0, ended.err
    until = (NOW + timedelta(days=6)).date()
    line = f"CVE-{NOW.year}-1001 high openssl 3.5.1-1 -> 3.5.1-1+deb13u1 (openssl): until {until}; an update mends it"
    assert line in ended.out
    assert "2 open: 1 with a fix, 1 without one in the release; --all lists those without; the deadline of 0 is over" in ended.out
    assert f"CVE-{NOW.year}-1002" not in ended.out
    assert f"CVE-{NOW.year}-1002 low bash 5 (bash): no fix in the release yet" in run("vulns", "--all").out
    assert f"tracker/trixie for trixie: {NOW - timedelta(days=1):%Y-%m-%d %H:%M} UTC, 1 days old" in ended.out
    assert "\x1b" not in ended.out


def test_a_deadline_that_is_over_is_one_whatever_else_is_not_known(cloud: Cloud, run: Run) -> None:
    """It counts from the day of the data in which the fix was there first, which newer data does not change."""
    cloud.publish(days=9)
    assert run("vulns").code == 1
    cloud.publish(days=0)
    ended = run("vulns")
    assert (ended.code, f"OVER since {(NOW - timedelta(days=2)).date()}" in ended.out) == (1, True)
    cloud.hosts[Host("acme", "db")] = Answers.none("no way to it")
    ended = run("vulns")
    assert (ended.code, "CANNOT TELL: no way to it" in ended.out) == (1, True)


def test_a_fix_that_comes_later_begins_the_deadline(cloud: Cloud, run: Run) -> None:
    """However long the vulnerability was known; and the first sight of both stays in the journal."""
    cloud.publish(Row(FIXED.bug, "openssl", "SHR ", "3.5.2-1"), days=19)
    cloud.hosts[WEB] = Answers(GOOD | {"offered": "0 upgraded, 0 newly installed\n"})
    assert run("vulns").code == 0
    cloud.publish(days=2)
    assert run("vulns").code == 0
    kept = read((paths.state() / "vulnerabilities" / "b7e1.json").read_bytes(), "")
    sight = kept.servers["acme/web"][f"openssl {FIXED.bug}"]
    assert sight == Sight(sight.first, sight.first + timedelta(days=17))


UNTOLD = {
    "a server does not answer": Answers.none("no way to it"),
    "a server is of another release": Answers(GOOD | {"release": RELEASE.replace("trixie", "forky")}),
    "a server does not say its release": Answers(GOOD | {"release": ""}),
    "the packages are not told": Answers({key: text for key, text in GOOD.items() if key != "installed"}, {"installed": "it ended with 1"}),
    "no package is told": Answers(GOOD | {"installed": ""}),
    "updates are not told": Answers({key: text for key, text in GOOD.items() if key != "offered"}, {"offered": "it ended with 100"}),
    "the server broke off before updates": Answers({key: text for key, text in GOOD.items() if key != "offered"}, {"": "it broke off"}),
    "updates are not understood": Answers(GOOD | {"offered": "E: broken\n"}),
}


@pytest.mark.parametrize("answers", UNTOLD.values(), ids=UNTOLD)
def test_what_is_not_known_of_a_server_is_never_none(answers: Answers, cloud: Cloud, run: Run) -> None:
    """It cannot be told, with the reason."""
    cloud.hosts[WEB] = answers
    ended = run("vulns")
    assert (ended.code, "CANNOT TELL: " in ended.out) == (2, True)
    told = run("vulns", "--json").json
    assert (told["exit_code"], bool(told["servers"][0]["untold"])) == (2, True)


def test_nothing_is_told_where_nobody_was_asked(cloud: Cloud, run: Run) -> None:
    """A tenant that is not up is said; one that is named has to be."""
    cloud.hosts, cloud.down = {}, {"acme": "it has no stack"}
    ended = run("vulns")
    assert (ended.code, "not up: acme: it has no stack" in ended.out) == (2, True)
    ended = run("vulns", "acme")
    assert (ended.code, "acme: the tenant is not up" in ended.err) == (2, True)
    assert run("vulns", "initech").code == 2


def test_without_data_nobody_is_asked(cloud: Cloud, run: Run, tree: Path, tmp_path: Path) -> None:
    """None is declared, none is there, it is too old, or the journal is not as it was written: an error, and no answer."""
    cloud.publish(days=21)
    assert (run("vulns").code, cloud.asked) == (2, set())
    (tree / "tracker" / "trixie").unlink()
    assert (run("vulns").code, cloud.asked) == (2, set())
    offer(tree)
    ended = run("vulns")
    assert (ended.code, "there is no data" in ended.err, cloud.asked) == (2, True, set())
    cloud.publish()
    (tmp_path / "vulnerabilities").mkdir()
    (tmp_path / "vulnerabilities" / "b7e1.json").write_text("{}")
    ended = run("vulns", "--data", tree / "tracker" / "trixie")
    assert (ended.code, "journal of vulnerabilities cannot be read" in ended.err) == (2, True)


def test_an_option_names_other_data_and_no_service_is_needed(cloud: Cloud, run: Run, tree: Path) -> None:
    """Who is asked is what was named; without a service of packages nobody asks what it would bring."""
    assert run("vulns", "platform", "acme").code == 0
    assert (set(cloud.declared), cloud.declared["platform"]) == ({"acme", "platform"}, ())
    assert {"web"} <= set(cloud.declared["acme"])
    assert cloud.asked == {"installed", "release", "offered"}
    offer_nothing(tree)
    ended = run("vulns", "--data", "tracker/trixie")
    assert (ended.code, cloud.asked) == (0, {"installed", "release"})
    assert "updates were not asked for" in ended.out


def test_no_key_of_the_answer_gets_another_name(cloud: Cloud, run: Run) -> None:
    """With a server of each kind."""
    cloud.hosts[BASTION] = Answers.none("no way to it")
    cloud.down["globex"] = "it has no stack"
    cloud.publish(days=9)
    hold(KEYS / "vulns.txt", key_paths(run("vulns", "--json").json))
