"""Read what ssh-audit says of the algorithms that a server offers."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said.stream import unreadable
from infra import structs

SCOPE: Final = "management"
EXIT: Final = "exit code"
ANSWERED: Final = frozenset({0, 2, 3})
"""Exit codes of an audit that came to its end: nothing to say, warnings, failures."""
KINDS: Final = ("kex", "key", "enc", "mac")


class _Algorithm(msgspec.Struct, frozen=True):
    algorithm: str
    notes: dict[str, list[str]]


class _Audit(msgspec.Struct, frozen=True):
    banner: dict[str, Any]
    kex: tuple[_Algorithm, ...]
    key: tuple[_Algorithm, ...]
    enc: tuple[_Algorithm, ...]
    mac: tuple[_Algorithm, ...]
    cves: list[Any] = []


def read(content: str, code: int, *, version: str, where: str, tier: Tier) -> Examination:
    """Return a finding for each algorithm; whatever ssh-audit warns of is a failure.

    Raises:
        ExaminerError: it did not reach the server, or says something else than is known.
    """
    if code not in ANSWERED:
        raise unreadable(where, expected="an audit that came to its end (0, 2 or 3)", got=f"exit code {code}: {content.strip()[-500:]}")
    try:
        audit = structs.decode(content, _Audit)
    except msgspec.MsgspecError as error:
        raise unreadable(where, expected="the JSON of ssh-audit", got=str(error)) from error
    findings = [_finding(kind, one) for kind in KINDS for one in getattr(audit, kind)]
    findings += [Finding(f"cve {one.get('name', one) if isinstance(one, dict) else one}", Result.FAIL) for one in audit.cves]
    if not all(getattr(audit, kind) for kind in KINDS):
        raise unreadable(where, expected=f"algorithms of {', '.join(KINDS)}", got="none of some")
    return Examination(Examiner.SSH_AUDIT, SCOPE, tier, version, tuple(findings), {EXIT: float(code)})


def _finding(kind: str, one: _Algorithm) -> Finding:
    wrong = [*one.notes.get("fail", []), *one.notes.get("warn", [])]
    return Finding(f"{kind} {one.algorithm}", Result.FAIL if wrong else Result.PASS, "; ".join(wrong))
