"""The reference of the checks as Markdown, made from the checks themselves: what each shows, why that matters, and what it asks. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ringfence.doctor.checks import CHECKS
from ringfence.doctor.checks.services import SERVICES
from ringfence.doctor.extensions import EXTENSIONS, WORTH_HAVING
from ringfence.doctor.model import DECLARATION, STACKS
from ringfence.doctor.reads import NAMED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

BEGIN, END = "<!-- made from scripts/ringfence/doctor: begin -->", "<!-- made from scripts/ringfence/doctor: end -->"
BAR = "&#124;"
OTHERS = {DECLARATION: "the platform's declaration", STACKS: "what the stacks made (`pulumi stack export`)"}


def page() -> str:
    """Return the generated part of docs/doctor.md."""
    return "\n".join((BEGIN, "", *_services(), "", *_extensions(), "", *_checks(), "", END)) + "\n"


def inserted(text: str) -> str:
    """Return a page with its generated part as it should be. Raises ``ValueError`` for a page without a place for it."""
    before, after = text.index(BEGIN), text.index(END) + len(END)
    return text[:before] + page().rstrip("\n") + text[after:]


def _table(*head: str, rows: Iterable[Iterable[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(cell.replace('|', BAR) for cell in row)} |" for row in rows)


def _services() -> Iterator[str]:
    yield from ("## Services", "")
    rows = ((one.type, one.project, one.version, one.microversion or "-", one.used_for) for one in SERVICES)
    yield from _table("service", "project", "version", "microversion", "for", rows=rows)


def _extensions() -> Iterator[str]:
    yield from ("## Extensions of Neutron", "")
    rows = [(f"`{one.alias}`", one.needed_for, f"only with `{one.since}`" if one.since else "yes") for one in EXTENSIONS]
    yield from _table(
        "extension", "for", "needed", rows=[*rows, *((f"`{one.alias}`", one.needed_for, "worth having") for one in WORTH_HAVING)]
    )


def _checks() -> Iterator[str]:
    yield from ("## Checks", "")
    rows = ((f"`{one.name}`", one.title, one.why, "; ".join(map(_need, one.needs)) or "-") for one in CHECKS)
    yield from _table("check", "when it passes", "why it matters", "asks", rows=rows)


def _need(need: str) -> str:
    return OTHERS.get(need) or (f"`{NAMED[need].by_hand}`" if NAMED[need].by_hand.startswith("openstack") else NAMED[need].by_hand)
