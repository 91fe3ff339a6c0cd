"""Controls of servers at work: what is expected of each, and that nothing but its answer makes a control pass."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE
from hardening.controls.model import SshSetting
from hardening.image import cache
from infra.errors import GuestError
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify import examined
from ringfence.verify.inside import controls
from ringfence.verify.inside.expected import of_all
from ringfence.verify.probes.session import Logins
from ringfence.verify.report import files, hardening, junit, page
from ringfence.verify.result import Check, Kind, Result
from tests.fast.ringfence.verify.inventories import inventory
from tests.fast.ringfence.verify.test_parts import SERVERS, Server, verified
from tests.fast.ringfence.verify.test_report import Links

if TYPE_CHECKING:
    from pathlib import Path

    from hardening.controls.model import Control
    from ringfence.verify.inside.expected import Expected

pytestmark = pytest.mark.fast

PLAIN, OFFERING = inventory(), inventory(services=True)
WEB = next(node for node in PLAIN.tenants[0].nodes())


def ought(name: str, *, services: bool = False) -> Expected:
    """What a server ought to be."""
    found = OFFERING if services else PLAIN
    offering = found.services()
    return of_all(found, [found.bastion(), *([offering] if offering else [])])[name][1]


def asked(name: str, *, services: bool = False) -> tuple[Control, ...]:
    """The controls as a server is asked for them."""
    return controls.of_server((OFFERING if services else PLAIN).platform, ought(name, services=services))


def sshd(found: tuple[Control, ...]) -> dict[str, str]:
    """What is expected of sshd."""
    return {part.keyword: part.value for control in found for part in control.renders if isinstance(part, SshSetting)}


def said(found: tuple[Control, ...], other: dict[str, str] | None = None) -> str:
    """What a server prints on which all of it holds, but for some questions."""
    questions = [one for control in found for one in effects.of(control)]
    return "".join(f"\n@@ {n}\n{(other or {}).get(one.asks, one.says)}\n" for n, one in enumerate(questions)) + "\n@@ end\n"


def judged(found: tuple[Control, ...], answer: str | GuestError) -> dict[str, Outcome]:
    """Outcomes by control."""
    return {told["control"]: outcome for outcome, told in controls.judge(WEB, "acme", found, answer)}


def test_without_operators_a_server_is_expected_to_be_as_the_image_says() -> None:
    """The first boot's own part says the same of forwarding."""
    assert sshd(asked(WEB.name)) == sshd(CATALOGUE)


def test_with_operators_their_accounts_and_algorithms_are_expected() -> None:
    """Of the declaration, not of the server; the image's settings that nobody overrides stay."""
    found = sshd(asked(WEB.name, services=True))
    differs = {keyword: value for keyword, value in found.items() if value != sshd(CATALOGUE)[keyword]}
    assert differs == {
        "AllowUsers": "rf-admin rf-observer ringfence ringfence",  # sshd gathers these from all files
        "PubkeyAcceptedAlgorithms": "ssh-ed25519,sk-ssh-ed25519-cert-v01@openssh.com",
        "HostKeyAlgorithms": "ssh-ed25519-cert-v01@openssh.com,ssh-ed25519",
    }
    assert sshd(asked("platform/services", services=True)) == found


@pytest.mark.parametrize("services", [False, True])
def test_a_bastion_is_expected_to_forward_and_nothing_else_of_it_differs(*, services: bool) -> None:
    """What a match of an account says is no setting of every login."""
    found = sshd(asked("platform/bastion", services=services))
    differs = {keyword: value for keyword, value in found.items() if value != sshd(CATALOGUE)[keyword]}
    forwards = {"DisableForwarding": "no", "AllowTcpForwarding": "local", "MaxStartups": "30:30:100"}
    operators = {"AllowUsers", "PubkeyAcceptedAlgorithms", "HostKeyAlgorithms"} if services else set[str]()
    assert {keyword: differs[keyword] for keyword in forwards} == forwards
    assert differs.keys() - forwards.keys() == operators


def test_nothing_that_changes_a_server_is_asked() -> None:
    """And every control is asked for all the same."""
    found = asked(WEB.name)
    assert [control.identifier for control in found] == [control.identifier for control in CATALOGUE]
    assert all(effects.of(control) for control in found)
    assert not any(effect.changes for control in found for effect in control.effects)
    assert not any(word in effects.script(found) for word in ("systemctl restart", "systemctl start", "busctl", ">/proc/"))


def test_a_control_in_force_passes_and_another_answer_fails_by_its_name() -> None:
    """With the question, what was expected and what came, which is cut where it is long."""
    found = asked(WEB.name)
    assert {one.verdict for one in judged(found, said(found)).values()} == {CheckVerdict.PASS}
    question = effects.of(next(control for control in found if control.identifier == "private-files"))[0].asks
    outcomes = judged(found, said(found, {question: "0022" * 100}))
    assert [name for name, one in outcomes.items() if one.verdict is not CheckVerdict.PASS] == ["private-files"]
    reason = outcomes["private-files"].reason
    assert outcomes["private-files"].verdict is CheckVerdict.FAIL
    assert question in reason
    assert "expected '0007'" in reason
    assert len(reason) < len(question) + 300


@pytest.mark.parametrize("mark", ["\n@@ 0\n", "\n@@ 7\n", "\n@@ end\n"])
def test_an_answer_that_is_cut_off_passes_nothing(mark: str) -> None:
    """The script did not end, or nothing was answered at all."""
    found = asked(WEB.name)
    answer = said(found).partition(mark)[0]
    assert {one.verdict for one in judged(found, answer).values()} == {CheckVerdict.ERROR}


def test_one_question_without_an_answer_is_an_error_of_its_control() -> None:
    """Others are told."""
    found = asked(WEB.name)
    outcomes = judged(found, said(found).replace("\n@@ 0\n", "\n"))
    assert [name for name, one in outcomes.items() if one.verdict is CheckVerdict.ERROR] == [found[0].identifier]
    assert "did not answer 1 of" in outcomes[found[0].identifier].reason


def test_servers_are_asked_the_bastion_as_well_and_a_dead_one_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """By control and server; no other server is touched by it."""
    dead, living = SERVERS[0], [*SERVERS[1:], "platform/bastion"]
    links = {name: Server(name, {"bash": said(asked(name))}, node=PLAIN.nodes()[name]) for name in living}
    made = Logins(dict(links), {dead: GuestError.of("the login failed", where=dead)})
    checks = verified(monkeypatch, made, Kind.HARDENING).checks
    assert {(check.details["server"], check.details["control"]) for check in checks} == {
        (name, control.identifier) for name in [dead, *living] for control in CATALOGUE
    }
    assert {check.outcome.verdict for check in checks if check.details["server"] == dead} == {CheckVerdict.ERROR}
    assert all("the login failed" in check.outcome.reason for check in checks if check.details["server"] == dead)
    assert {check.outcome.verdict for check in checks if check.details["server"] in living} == {CheckVerdict.PASS}


def test_a_script_that_fails_is_an_error_of_that_server_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is not lost for other parts by it."""
    full = GuestError.of("`bash -s` ended with 1", where=SERVERS[0], got="No space left on device")
    names = [*SERVERS, "platform/bastion"]
    links = {name: Server(name, {"bash": full if name == SERVERS[0] else said(asked(name))}, node=PLAIN.nodes()[name]) for name in names}
    checks = verified(monkeypatch, Logins(dict(links), {}), Kind.HARDENING).checks
    assert {check.details["server"] for check in checks if check.outcome.verdict is CheckVerdict.ERROR} == {SERVERS[0]}
    assert all("No space left" in check.outcome.reason for check in checks if check.outcome.verdict is not CheckVerdict.PASS)


def a_result(told: examined.Examined | None = None) -> Result:
    """A run of this part on two servers, on one of which a control is not in force."""
    found = asked(WEB.name)
    question = effects.of(found[-1])[0].asks
    checks = [Check(Kind.HARDENING, *one) for one in controls.judge(WEB, "acme", found, said(found))]
    checks += [Check(Kind.HARDENING, *one) for one in controls.judge(PLAIN.bastion(), "", found, said(found, {question: "<i>no</i>"}))]
    return Result(("acme",), "then", checks, asked=frozenset({Kind.HARDENING}), examined=told or examined.Examined())


def test_reports_have_controls_by_clause_and_server() -> None:
    """A clause of 27017 first; the control that is not in force is named below each of its clauses, with the server."""
    result = a_result()
    clauses = hardening.by_clause(result)
    assert [name for name, _ in clauses][:2] == ["ISO/IEC 27017 CLD.9.5.2", "ISO/IEC 27002 5.15"]
    assert {row.control for _, rows in clauses for row in rows} == {control.identifier for control in CATALOGUE}
    text = page.render(result)
    assert text.count("platform/bastion:") == len(CATALOGUE[-1].iso)
    assert "<i>no</i>" not in text
    assert "not examined: ./scripts/examine" in text
    links = Links()
    links.feed(text)
    assert links.anchors <= links.ids
    assert f"{WEB.name} {CATALOGUE[0].identifier}" in junit.render(result)
    told = files.plain(result)
    assert told["checks"][0]["details"]["iso"] == list(CATALOGUE[0].iso)
    assert told["examined"] == {"untold": examined.NOT_EXAMINED}


EXAMINED = {
    "image": "new",
    "when": "2026-11-30",
    "runs": [
        {
            "examiner": "openscap",
            "scope": "cis_level2_server",
            "tier": "booted",
            "counts": {"pass": 323, "fail": 46, "error": 0},
            "figures": {"findings without an exception": 40},
            "findings": [{"verdict": "fail"}, {"verdict": "error"}, {"verdict": "pass"}],
        },
        {"examiner": "machine", "scope": "cost", "tier": "booted", "counts": {"pass": 0}, "figures": {"image, MB": 101.4}, "findings": []},
    ],
    "beside": {
        "image": "stock",
        "runs": [
            {"examiner": "openscap", "scope": "cis_level2_server", "tier": "booted", "counts": {"pass": 261, "fail": 107}, "figures": {}},
        ],
    },
    "exceptions": [{"rule": "package_ufw_installed", "examiner": "openscap", "reason": "nftables", "owner": "we", "expires": "2027-11-30"}],
}


def kept(folder: Path, text: str) -> None:
    """Keep an examination where ``./scripts/examine`` keeps it."""
    (folder / "examine").mkdir()
    (folder / "examine/examine.json").write_text(text, encoding="utf-8")


def test_what_examiners_said_is_shown_stock_beside_hardened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their own words, with the exceptions; it decides nothing."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    assert examined.read("").why == examined.NOT_EXAMINED
    kept(tmp_path, json.dumps(EXAMINED))
    found = examined.read("")
    assert [(one.name, one.words, one.unexcused, one.before) for one in found.said] == [
        ("openscap cis_level2_server", "323 pass, 46 fail", "2", "261 pass, 107 fail"),
        ("machine cost", "image, MB 101.4", "0", ""),
    ]
    text = page.render(a_result(found))
    for word in ("261 pass, 107 fail", "said of stock", "package_ufw_installed", "2027-11-30"):
        assert word in text
    assert a_result(found).exit_code == a_result().exit_code


@pytest.mark.parametrize(
    ("servers", "manifest", "doubt"),
    [
        ("abcd", '{"sha256": "abcdef"}', ""),
        ("abce", '{"sha256": "abcdef"}', "the servers were made from another image: SHA-256 abce..., and that of this one is abcd..."),
        ("abcd", "", "cannot tell whether the servers were made from this image: no image new is on this machine"),
        ("abcd", "[]", "cannot tell whether the servers were made from this image: no image new is on this machine"),
        ("", '{"sha256": "abcdef"}', "cannot tell whether the servers were made from this image: no stack says which they were made from"),
    ],
)
def test_an_examination_of_another_image_says_so(
    servers: str, manifest: str, doubt: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Images are told by what is in them: an examination from before a change of the image says nothing of the servers."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(cache, "directory", lambda: tmp_path)
    kept(tmp_path, json.dumps(EXAMINED))
    if manifest:
        (tmp_path / "new.json").write_text(manifest, encoding="utf-8")
    found = examined.read(servers)
    assert found.doubt == doubt
    assert found.plain().get("doubt", "") == doubt
    assert doubt in page.render(a_result(found))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"runs": [{}]}', "\x00"])
def test_an_examination_that_cannot_be_read_is_told_and_shows_nothing(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The verification itself is not touched by it."""
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    kept(tmp_path, text)
    assert examined.read("").why.startswith("cannot tell:")
    assert examined.read("").said == ()
