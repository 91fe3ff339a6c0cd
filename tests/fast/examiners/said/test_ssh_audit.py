"""What ssh-audit warns of is a failure, and an audit that did not reach the server is no answer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from examiners.model import Examination, ExaminerError, Result, Tier
from examiners.said import ssh_audit


def content(**more: Any) -> str:  # noqa: ANN401 - whatever the JSON should have
    """What ssh-audit says of a server with one algorithm of each kind."""
    kinds = {kind: [{"algorithm": "good", "notes": {"info": ["new"]}}] for kind in ssh_audit.KINDS}
    return json.dumps({"banner": {"raw": "SSH-2.0-x"}, "cves": [], "target": "x", **kinds, **more})


def read(text: str, code: int = 0) -> Examination:
    """Read it."""
    return ssh_audit.read(text, code, version="1", where="a file", tier=Tier.BOOTED)


def test_good_algorithms_pass() -> None:
    """One finding each, and the exit code as a figure."""
    found = read(content())
    assert {(one.rule, one.result) for one in found.findings} == {(f"{kind} good", Result.PASS) for kind in ssh_audit.KINDS}
    assert found.figures == {"exit code": 0}


@pytest.mark.parametrize("level", ["warn", "fail"])
def test_what_is_warned_of_fails(level: str) -> None:
    """With the reason."""
    found = read(content(mac=[{"algorithm": "old", "notes": {level: ["weak"]}}]), 2)
    assert [(one.rule, one.detail) for one in found.findings if one.result is Result.FAIL] == [("mac old", "weak")]
    assert found.figures == {"exit code": 2}


def test_a_known_vulnerability_fails() -> None:
    """Whatever the algorithms are."""
    found = read(content(cves=[{"name": "CVE-1"}]), 3)
    assert [one.rule for one in found.findings if one.result is Result.FAIL] == ["cve CVE-1"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param(content(), 1, id="not-reached"),
        pytest.param(content(), 255, id="broken"),
        pytest.param("[exception] cannot connect", 0, id="no-json"),
        pytest.param(content(kex=[]), 0, id="no-kex"),
        pytest.param("{}", 0, id="empty"),
    ],
)
def test_an_audit_that_did_not_end_is_refused(text: str, code: int) -> None:
    """It says nothing of the server."""
    with pytest.raises(ExaminerError, match="cannot be read"):
        read(text, code)
