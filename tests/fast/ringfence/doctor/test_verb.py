"""``ringfence doctor`` as a user runs it: what is lacking with what mends it, for people and programs, and exit codes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ringfence.commands import doctor
from ringfence.doctor import collect
from tests.fast.key_paths import hold, key_paths
from tests.fast.ringfence.doctor import recorded

if TYPE_CHECKING:
    from ringfence.doctor.model import Facts
    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> recorded.Case:
    """Put the recorded facts, which the test may damage, in the place of the collector."""
    case = recorded.case()
    monkeypatch.setattr(collect, "seen", lambda _declared, _tell: case.facts().seen)
    monkeypatch.setattr(collect, "made", lambda: _made(case.facts()))
    monkeypatch.setattr(doctor, "_declared", lambda _today: case.declared)
    return case


def _made(facts: Facts) -> tuple[object, str]:
    return facts.made, facts.why


def test_a_whole_cloud_is_told_shortly_and_well(cloud: recorded.Case, run: Run) -> None:
    """Exit code 0, who asked, every check on a line, and nothing to mend."""
    ended = run("doctor")
    assert ended.code == 0, ended.out + ended.err
    assert f"as operator in project platform ({cloud.seen['token']['project_id']})" in ended.out
    assert "pass            services" in ended.out
    assert "mend:" not in ended.out


def test_what_is_lacking_is_told_with_why_and_the_command_that_mends_it(cloud: recorded.Case, run: Run) -> None:
    """Exit code 1; the finding, why it matters, and the whole command."""
    cloud.row("images")["hw_cdrom_bus"] = "sata"
    ended = run("doctor")
    assert ended.code == 1
    told = ended.out.splitlines()
    place = next(number for number, line in enumerate(told) if line.startswith("fail"))
    assert told[place + 1].startswith("  why: On another bus")
    assert "hw_cdrom_bus sata, needed is scsi" in told[place + 2]
    assert told[place + 3] == f"    mend: openstack image set --property hw_cdrom_bus=scsi {cloud.row('images')['id']}"


def test_what_cannot_be_told_ends_with_two(cloud: recorded.Case, run: Run) -> None:
    """A refusal is no pass and no lack."""
    cloud.answer("hypervisors", 403)
    ended = run("doctor", "--json")
    assert ended.code == ended.json["exit_code"] == 2
    (bad,) = [check for check in ended.json["checks"] if check["verdict"] == "error"]
    assert bad["check"] == "hypervisors"
    assert "openstack hypervisor list" in bad["findings"][0]["mend"]


def test_programs_are_told_everything(cloud: recorded.Case, run: Run) -> None:
    """Cloud, credential, number of tenants, counts, and every check with its findings."""
    told = run("doctor", "--json", "--tenants", "9").json
    assert (told["cloud"], told["tenants"], told["credential"]["project"]) == ("lab", 9, cloud.seen["token"]["project"])
    assert sum(told["counts"].values()) == len(told["checks"])
    hold(Path(__file__).parents[1] / "json_keys" / "doctor.txt", key_paths(told))


def test_names_from_the_cloud_are_text_only(cloud: recorded.Case, run: Run) -> None:
    """A tenant's name that would move the cursor or colour the terminal is shown, not obeyed."""
    cloud.rows("projects").append({**cloud.row("projects"), "id": "old", "name": "\x1b[2Jgone", "tags": ["managed-by=ringfence"]})
    ended = run("doctor")
    assert ended.code == 1
    assert "\x1b" not in ended.out
    assert "gone" in ended.out


def test_a_tenant_that_is_being_made_is_not_left_over(cloud: recorded.Case, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its project is in the cloud first and in its stack a moment later: the engine is asked once more."""
    before = {**cloud.facts().made, "acme": type(cloud.facts().made["acme"])()}  # type: ignore[dict-item, index]
    answers = iter([(before, ""), _made(cloud.facts())])
    monkeypatch.setattr(collect, "made", lambda: next(answers))
    assert run("doctor").code == 0


def test_without_a_cloud_it_is_said_how_to_name_one(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exit code 2 and what to do, whatever is declared."""
    for name in ("OS_CLOUD", "OS_CLIENT_CONFIG_FILE", "OS_AUTH_URL"):
        monkeypatch.delenv(name, raising=False)
    ended = run("doctor", "--json")
    assert ended.code == 2
    assert "OS_CLOUD" in ended.json["errors"][0]["hint"]
