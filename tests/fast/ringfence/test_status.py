"""What is up, and when each tenant was last verified: its own verification, not the latest of anybody's."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest

from infra.backups.findings import BackupFinding
from infra.outcome import CheckVerdict, Outcome
from ringfence.backups import looking
from ringfence.backups.looking import BackupLook
from ringfence.health import collect, look
from ringfence.health.model import Seen
from ringfence.verify import stacks
from ringfence.verify.report import files
from ringfence.verify.result import Check, Kind
from tests.fast.ringfence.health.servers import NOW, OWNERS, STORE, WEB, WHOLE, changed, clock
from tests.fast.ringfence.offering import offer, offer_nothing
from tests.fast.ringfence.verify.test_report import result

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fast.ringfence.command import Run

pytestmark = pytest.mark.fast


@pytest.fixture
def _no_tenant_is_up(tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two declared tenants, no stack of theirs, and an empty state."""
    del tree
    monkeypatch.setenv("RINGFENCE_STATE", str(tmp_path))
    monkeypatch.setattr(stacks, "tenant", lambda _: SimpleNamespace(facts=SimpleNamespace(servers={})))
    monkeypatch.setattr(collect, "seen", lambda *_: (Seen({}, STORE), {}))


def verified(day: str, tenant: str, verdict: CheckVerdict) -> None:
    """Write the report of a verification of one tenant."""
    reason = "" if verdict is CheckVerdict.PASS else "why"
    one = result(Check(Kind.CLOUD, Outcome("rules", verdict, reason, tenant)))
    files.write(dataclasses.replace(one, tenants=(tenant,), started=f"{day}T10:00:00+0000"))


@pytest.mark.usefixtures("_no_tenant_is_up")
def test_each_tenant_has_its_own_last_verification(run: Run) -> None:
    """A later one of somebody else says nothing about it."""
    verified("2026-01-01", "acme", CheckVerdict.FAIL)
    verified("2026-01-02", "acme", CheckVerdict.PASS)
    verified("2026-01-03", "initech", CheckVerdict.FAIL)
    told = {tenant["name"]: tenant["last_verification"] for tenant in run("status", "--json").json["tenants"]}
    assert told["globex"] is None
    assert (told["acme"]["started"][:10], told["acme"]["green"], "1 pass" in told["acme"]["summary"]) == ("2026-01-02", True, True)
    assert "not looked at: " in told["acme"]["summary"]
    assert "globex  up; never verified" in run("status").out


@pytest.mark.usefixtures("_no_tenant_is_up")
def test_a_type_of_icmp_is_told_and_one_tenant_can_be_asked_for(run: Run) -> None:
    """As the flow declares it; an unknown tenant is refused."""
    tenants = run("status", "acme", "--json").json["tenants"]
    assert [tenant["name"] for tenant in tenants] == ["acme"]
    assert next(flow["what"] for flow in tenants[0]["flows"] if flow["name"] == "alive") == "icmp 8"
    assert (run("status", "initech").code, "acme or globex" in run("status", "initech").err) == (2, True)


@pytest.mark.usefixtures("_no_tenant_is_up")
def test_a_report_that_cannot_be_read_is_an_error_and_no_older_answer(run: Run, tmp_path: Path) -> None:
    """The one before it may say otherwise."""
    verified("2026-01-01", "acme", CheckVerdict.PASS)
    (tmp_path / "reports" / "2026-01-02").mkdir()
    (tmp_path / "reports" / "2026-01-02" / "verify.json").write_text("{")
    ended = run("status")
    assert (ended.code, "2026-01-02/verify.json: this report cannot be read" in ended.err) == (2, True)


@pytest.mark.usefixtures("_no_tenant_is_up")
def test_servers_are_asked_where_services_are_declared_and_the_exit_code_tells(
    run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Well is 0, a fault is 1 with its words and the next step, untold is 2; `--no-ask`, and a platform without services, ask nobody."""
    seen = [WHOLE, changed(WEB, **clock(mode="-")), changed(WEB, certificate="")]
    monkeypatch.setattr(collect, "seen", lambda *_: (seen.pop(0), OWNERS))
    monkeypatch.setattr(look, "datetime", SimpleNamespace(now=lambda _: NOW))
    offer(tree)
    ended = run("status")
    assert (ended.code, "  time            172.29.0.200 by NTS, 0.4 ms off\n" in ended.out) == (0, True)
    ended = run("status")
    assert (ended.code, "FAULT: 172.29.0.200 without NTS" in ended.out) == (1, True)
    assert "  vulnerabilities not asked: no tracker data is declared" in ended.out
    ended = run("status", "--json")
    assert (ended.code, ended.json["health"]["exit_code"]) == (2, 2)
    assert (run("status", "--no-ask").code, run("status", "--no-ask", "--json").json["health"]) == (0, None)
    offer_nothing(tree)
    assert (run("status").code, run("status", "--json").json["health"]) == (0, None)


@pytest.mark.usefixtures("_no_tenant_is_up")
def test_backups_are_told_where_they_are_declared(run: Run, tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missed one is a fault of the whole; of a tenant that declares none nobody is asked, nor when nobody is to be."""
    asked: list[list[str]] = []

    def looked(tenants: list[str]) -> list[BackupLook]:
        asked.append(tenants)
        return [BackupLook(name, (BackupFinding("db", "age", CheckVerdict.FAIL, "it is old", "run it"),)) for name in tenants]

    monkeypatch.setattr(looking, "look", looked)
    offer_nothing(tree)
    assert (run("status").code, run("status", "--json").json["backups"], asked) == (0, None, [])
    file = tree / "Pulumi.acme.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("    region: ", "    backup: {}\n    region: ", 1), encoding="utf-8")
    assert run("status", "--no-ask", "--json").code == 0
    told = run("status", "--json")
    assert (told.code, asked) == (1, [["acme"]])
    assert told.json["backups"][0]["checks"][0]["said"] == "it is old"
    assert "backed" not in told.json["tenants"][0]
    assert "next: run it" in run("status").out
