"""What a verification starts from: a tenant is left out only when it is known not to be up, and then it is named."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Never

import pytest

from infra.errors import CloudError
from infra.outcome import CheckVerdict, Outcome
from ringfence.verify import open as opening
from ringfence.verify import stacks
from ringfence.verify.result import Check, Kind, Result

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.fast


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], Any]]:
    """Return what the engine answers for each stack, which may be changed."""
    answers: dict[str, Callable[[], Any]] = {name: lambda: SimpleNamespace(facts={}) for name in ("acme", "globex")}
    monkeypatch.setattr(stacks, "known", lambda: (*answers, "platform"))
    monkeypatch.setattr(stacks, "tenant", lambda name: answers[name]())
    monkeypatch.setattr(stacks, "platform", dict)
    monkeypatch.setattr(stacks, "all_made", lambda _: {})
    monkeypatch.setattr("ringfence.verify.open.clouds.admin", lambda: None)
    monkeypatch.setattr("ringfence.verify.open.discovery.complete", lambda inventory, _cloud: inventory)
    return answers


def _raise(error: Exception) -> Never:
    raise error


def test_a_stack_that_cannot_be_read_is_an_error_and_not_left_out(engine: dict[str, Callable[[], Any]]) -> None:
    """Without names too: what nobody could read may be what is wrong."""
    engine["globex"] = lambda: _raise(CloudError.of("the backend is locked"))
    with pytest.raises(CloudError, match="the backend is locked"):
        opening.read()


def test_a_tenant_that_is_not_up_is_left_out_by_name(engine: dict[str, Callable[[], Any]]) -> None:
    """Whether its stack was never made or is empty; asked for by name, it is an error."""
    engine["globex"] = lambda: _raise(stacks.NotUpError.of("the stack is not up", where="globex"))
    opened = opening.read()
    assert ([tenant.name for tenant in opened.inventory.tenants], list(opened.left)) == (["acme"], ["globex"])
    with pytest.raises(stacks.NotUpError):
        opening.read(("globex",))
    del engine["globex"]
    assert "pulumi up" in opening.read().left["globex"]


@pytest.mark.usefixtures("engine")
def test_declarations_and_stacks_are_read_without_a_cloud(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever compares them with a kept file may have no credential; a verification connects."""
    connected: list[str] = []
    monkeypatch.setattr("ringfence.verify.open.clouds.admin", lambda: connected.append("admin"))
    assert [tenant.name for tenant in opening.stacked().inventory.tenants] == ["acme", "globex"]
    assert connected == []
    opening.read()
    assert connected == ["admin"]


CODES = {
    "all as declared": ([CheckVerdict.PASS, CheckVerdict.SKIPPED], 0),
    "something is not": ([CheckVerdict.PASS, CheckVerdict.ERROR, CheckVerdict.FAIL], 1),
    "an error leaves it open": ([CheckVerdict.PASS, CheckVerdict.ERROR], 2),
    "nothing was looked at": ([CheckVerdict.SKIPPED], 2),
    "nothing at all": ([], 2),
}


@pytest.mark.parametrize(("verdicts", "code"), CODES.values(), ids=CODES)
def test_an_error_is_no_failure(verdicts: list[CheckVerdict], code: int) -> None:
    """1 says that something is not as declared; what could not be told is 2."""
    result = Result(("acme",), "now", [Check(Kind.CLOUD, Outcome("x", verdict, "why")) for verdict in verdicts])
    assert result.exit_code == code
