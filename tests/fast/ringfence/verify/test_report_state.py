"""The report shows how servers and services are, as the status tells it, beside a verdict that is about something else."""

from __future__ import annotations

from typing import Never

import pytest

from infra.declaration.model import Platform
from infra.outcome import CheckVerdict
from ringfence.commands import verify
from ringfence.health import look
from ringfence.verify.report import files, page
from ringfence.verify.result import Kind, State
from tests.fast.declaration import declared
from tests.fast.ringfence.health import servers
from tests.fast.ringfence.verify.test_report import result

pytestmark = pytest.mark.fast
FAULT = {"check": "time", "verdict": "fail", "said": "150 ms <b>off</b>", "mend": "chronyc -n sources"}
UNTOLD = {"check": "time", "verdict": "error", "said": "no way to it", "mend": ""}
WELL = {"check": "logs", "verdict": "pass", "said": "last line 1 h ago", "mend": "nothing"}
STATE = State(
    {
        "servers": [{"tenant": "acme", "server": "web", "checks": [FAULT, WELL]}, {"tenant": "acme", "server": "db", "checks": [UNTOLD]}],
        "platform": [{"check": "store", "verdict": "not-applicable", "said": "not declared", "mend": ""}],
    }
)


def test_the_page_shows_how_servers_and_services_are_and_its_verdict_is_another() -> None:
    """What is at fault has its next step, what was not asked is not well, and none of it turns the run red."""
    found = result()
    found.state = STATE
    text = page.render(found)
    for words in (
        "fault: 150 ms &lt;b&gt;off&lt;/b&gt;<br><small>next: chronyc -n sources</small>",
        "! cannot tell: no way to it</td>",
        f"{page.SYMBOLS[CheckVerdict.PASS]} last line 1 h ago</td>",
        "<th>acme/db</th>",
        "not asked</td>",
        "not declared</td>",
        "no part of the verdict above: 1 at fault, 1 cannot be told, 1 well.",
    ):
        assert words in text, words
    assert "as declared as far as looked at" in text
    assert found.is_green
    assert (files.plain(found)["health"], files.plain(found)["health_untold"]) == (STATE.told, "")


def test_what_nobody_asked_is_said_and_no_table_looks_like_health() -> None:
    """Neither on the page nor for programs."""
    found = result()
    found.state = State(untold="not asked: the platform declares no services")
    text = page.render(found)
    assert "above: not asked: the platform declares no services." in text
    assert "<th>the platform</th>" not in text
    assert (files.plain(found)["health"], files.plain(found)["health_untold"]) == (None, "not asked: the platform declares no services")


@pytest.mark.parametrize(
    ("kinds", "services", "words"),
    [
        ((Kind.MATRIX,), True, "not asked: it belongs to the part guest"),
        (tuple(Kind), False, "not asked: the platform declares no services"),
    ],
)
def test_servers_are_not_asked_where_it_was_left_out_or_nothing_is_declared(
    kinds: tuple[Kind, ...],
    services: bool,  # noqa: FBT001 - of a table
    words: str,
) -> None:
    """It is told which of both."""
    tree = declared.PLATFORM | ({"services": declared.SERVICES} if services else {})
    assert words in verify.state(Platform.model_validate(tree), ("acme",), kinds).summary


def test_the_judges_of_the_status_tell_and_what_breaks_them_costs_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """One home for both; an error that nobody expected is what cannot be told."""
    monkeypatch.setattr(look, "look", lambda *_: servers.look())
    found = verify.state(servers.PLATFORM, ("acme",), tuple(Kind))
    assert found.told == look.plain(servers.look())

    def broken(*_: object) -> Never:
        raise OSError(5, "broken")

    monkeypatch.setattr(look, "look", broken)
    found = verify.state(servers.PLATFORM, ("acme",), tuple(Kind))
    assert (found.told, found.summary.startswith("cannot tell: ")) == (None, True)
