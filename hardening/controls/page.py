"""The reference of the controls as Markdown, made from the controls themselves. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hardening.controls import effects
from hardening.controls.catalogue import CATALOGUE, FAMILIES
from hardening.controls.model import Group, JournalSetting, KernelModule, KernelParameter, Line, Link, Mode, Package, SshSetting, Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hardening.controls.model import Control

BEGIN, END = "<!-- made from hardening/controls: begin -->", "<!-- made from hardening/controls: end -->"
BAR = "&#124;"


FORMS = {
    KernelParameter: "{0.name} = {0.value}",
    KernelModule: "no module {0.name}",
    SshSetting: "{0.keyword} {0.value}",
    JournalSetting: "journal: {0.name}={0.value}",
    Line: "/{0.path}: {0.text}",
    Text: "/{0.path}",
    Mode: "/{0.path}: mode {0.mode:04o}",
    Group: "group {0.name}",
    Link: "/{0.path} to {0.target}",
    Package: "package {0.name}",
}
"""What each kind of part makes of the image, in words."""


def page() -> str:
    """Return the generated part of docs/controls.md."""
    return "\n".join((BEGIN, "", *_lines(), END)) + "\n"


def inserted(text: str) -> str:
    """Return a page with its generated part as it should be. Raises ``ValueError`` for a page without a place for it."""
    before, after = text.index(BEGIN), text.index(END) + len(END)
    return text[:before] + page().rstrip("\n") + text[after:]


def _lines() -> Iterator[str]:
    questions = sum(len(effects.of(control)) for control in CATALOGUE)
    yield from (f"{len(CATALOGUE)} controls, of whose effects a server is asked {questions} questions.", "")
    for family, controls in FAMILIES.items():
        yield from (f"## {family}", "", "| control | what holds | ISO/IEC | CIS | ANSSI | made of | may break |", f"|{'---|' * 7}")
        yield from map(_row, controls)
        yield ""
    yield from ("## Questions of their own", "")
    yield "Parameters, modules, settings of sshd and modes are asked for in the same way for all. These controls are asked for more:"
    yield from ("", "| control | asked of the server, as root | answer |", "|---|---|---|")
    for control in CATALOGUE:
        yield from (f"| `{control.identifier}` | {_code(one.asks)} | {_code(one.says)} |" for one in control.effects)
    yield ""


def _row(control: Control) -> str:
    iso = ", ".join(f"27017 {clause}" if clause.startswith("CLD") else f"27002 {clause}" for clause in control.iso)
    made = "; ".join(_code(FORMS[type(part)].format(part)) for part in control.renders)
    cells = (control.title, iso or "-", ", ".join(control.cis) or "-", ", ".join(control.anssi) or "-", made, control.may_break or "-")
    return f"| `{control.identifier}` | {' | '.join(cells)} |"


def _code(text: str) -> str:
    return f"<code>{_escaped(text)}</code>" if text else "nothing"


def _escaped(text: str) -> str:
    for character, word in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", BAR), ("\n", "<br>")):
        text = text.replace(character, word)
    return text
