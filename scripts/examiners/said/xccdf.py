"""Read what OpenSCAP writes: the results of one profile, in XCCDF 1.2."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from examiners.model import Examination, Examiner, Finding, Result, Tier
from examiners.said import stream
from examiners.said.stream import unreadable

NAMESPACE: Final = "http://checklists.nist.gov/xccdf/1.2"
RULE: Final = "xccdf_org.ssgproject.content_rule_"
PROFILE: Final = "xccdf_org.ssgproject.content_profile_"
NOT_SELECTED: Final = "notselected"
"""A rule of the content that the profile leaves out: nobody asked for it."""
LEAST: Final = 20
"""Rules that the smallest profile asks for at least; fewer mean that another file was read than was meant."""


@dataclass(slots=True)
class _Reader:
    """Takes the elements of ``TestResult`` as they come."""

    where: str
    profile: str = ""
    version: str = ""
    scanner: str = ""
    ended: str = ""
    is_whole: bool = False
    found: dict[str, Finding] = field(default_factory=dict)
    selected: int = 0
    _rule: str | None = None
    _result: str = ""
    _message: str = ""
    _text: list[str] = field(default_factory=list)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._text.clear()
        match name.removeprefix(f"{NAMESPACE} "):
            case "TestResult":
                self.version, self.scanner = attributes.get("version", ""), attributes.get("test-system", "")
                self.ended = attributes.get("end-time", "")
            case "profile" if not self.profile:
                self.profile = attributes.get("idref", "")
            case "rule-result":
                self._rule, self._result, self._message = attributes.get("idref", ""), "", ""

    def text(self, data: str) -> None:
        self._text.append(data)

    def end(self, name: str) -> None:
        match name.removeprefix(f"{NAMESPACE} "):
            case "TestResult":
                self.is_whole = True
            case "result" if self._rule is not None:
                self._result = "".join(self._text).strip()
            case "message" if self._rule is not None:
                self._message = "".join(self._text).strip()
            case "rule-result":
                self._keep()
        self._text.clear()

    def _keep(self) -> None:
        rule, self._rule = (self._rule or "").removeprefix(RULE), None
        if not rule or rule in self.found:
            raise unreadable(self.where, expected="every rule once, with its id", got=rule or "a rule without an id")
        if self._result == NOT_SELECTED:
            return
        try:
            self.found[rule] = Finding(rule, Result(self._result), self._message)
        except ValueError:
            raise unreadable(self.where, expected="a result of XCCDF 1.2", got=f"{rule}: {self._result!r}") from None


def read(content: bytes, *, where: str, profile: str, tier: Tier) -> Examination:
    """Return the results of a profile. Raises :class:`ExaminerError` when this is not the whole result of exactly this profile."""
    reader = _Reader(where)
    stream.feed(reader, content, where)
    if not reader.is_whole or not reader.ended:
        raise unreadable(where, expected="a TestResult that was ended", got="none")
    if reader.profile != PROFILE + profile:
        raise unreadable(where, expected=f"the profile {profile}", got=reader.profile.removeprefix(PROFILE) or "none")
    if len(reader.found) < LEAST:
        raise unreadable(where, expected=f"at least {LEAST} rules with a result", got=str(len(reader.found)))
    version = f"content {reader.version}, {reader.scanner.removeprefix('cpe:/a:redhat:').replace(':', ' ')}"
    return Examination(Examiner.OPENSCAP, profile, tier, version, tuple(reader.found.values()))
