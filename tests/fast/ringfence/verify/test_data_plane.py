"""The part that reads OVN: skipped by name where nobody may, an error where it does not answer, and what it says is judged."""

from __future__ import annotations

import json
import shlex
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from infra.drift.ovn.northbound import TABLES
from infra.outcome import CheckVerdict
from ringfence.verify import run
from ringfence.verify.cloud import view
from ringfence.verify.dataplane import northbound
from ringfence.verify.result import Kind
from tests.fast.drift.ovn.written import complete, written
from tests.fast.drift.views import cloud
from tests.fast.ringfence.verify.inventories import inventory

if TYPE_CHECKING:
    from pathlib import Path

    from ringfence.verify.result import Check
    from tests.fast.drift.ovn.written import Tables

pytestmark = pytest.mark.fast


def printed(tables: Tables) -> str:
    """Return tables as ``ovn-nbctl`` prints them."""
    return "\n".join(json.dumps(_table(tables[table])) for table in TABLES)


def _table(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    headings = sorted({key for row in rows.values() for key in row})
    return {"headings": headings, "data": [[_value(row.get(key, []), key) for key in headings] for row in rows.values()]}


def _value(value: object, key: str) -> object:
    if isinstance(value, dict):
        return ["map", [list(pair) for pair in value.items()]]
    if isinstance(value, list):
        return ["set", [_value(one, key) for one in value]]
    return ["uuid", value] if key == "_uuid" else value


@pytest.fixture
def through(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the prefix print a file, whatever is asked."""
    file = tmp_path / "printed"
    monkeypatch.setenv(northbound.VARIABLE, f"sh -c {shlex.quote(f'cat {file}')} sh")
    monkeypatch.setattr(run, "SETTLING_SECONDS", 0.0)
    return file


def checked(monkeypatch: pytest.MonkeyPatch) -> list[Check]:
    """Run the part."""
    made, view_ = cloud(inventory())
    monkeypatch.setattr(view, "collect", lambda *_: complete(view_))
    verification = run.Verification(made, SimpleNamespace(), {})  # type: ignore[arg-type]
    return verification.run(run.Request(frozenset({Kind.DATA_PLANE}))).checks


def test_without_a_prefix_it_is_skipped_for_everybody_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform and each tenant."""
    monkeypatch.delenv(northbound.VARIABLE, raising=False)
    found = checked(monkeypatch)
    assert {check.outcome.tenant for check in found} == {"platform", "acme", "globex"}
    assert {(check.outcome.verdict, check.outcome.reason) for check in found} == {(CheckVerdict.SKIPPED, northbound.SKIP)}


def test_what_ovn_prints_is_judged(through: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As Neutron wrote it, and with an ACL too much."""
    tables = written(complete(cloud(inventory())[1]))
    through.write_text(printed(tables), encoding="utf-8")
    assert {check.outcome.verdict for check in checked(monkeypatch)} == {CheckVerdict.PASS}
    tables["ACL"]["x"] = {"_uuid": "x", "direction": "to-lport", "priority": 2000, "action": "allow", "match": "ip", "external_ids": {}}
    tables["Port_Group"]["pg-drop"]["acls"].append("x")
    through.write_text(printed(tables), encoding="utf-8")
    failed = [check.outcome for check in checked(monkeypatch) if check.outcome.verdict is CheckVerdict.FAIL]
    assert failed
    assert all(one.object_kind == "ACL in OVN" and one.undo for outcome in failed for one in outcome.deviations)


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        ("sh -c 'echo no such socket >&2; exit 1' sh", "no such socket"),
        ("sh -c 'echo {}' sh", "not what ovn-nbctl prints"),
        ("/nowhere/at/all", "FileNotFoundError"),
    ],
)
def test_a_prefix_that_gives_no_answer_is_an_error(prefix: str, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cannot tell, never a pass."""
    monkeypatch.setenv(northbound.VARIABLE, prefix)
    found = checked(monkeypatch)
    assert [check.outcome.verdict for check in found] == [CheckVerdict.ERROR]
    assert says in found[0].outcome.reason
