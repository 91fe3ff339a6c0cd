"""A token is shown before it is revoked, and waited for until every service refuses it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from keystoneauth1.exceptions import ConnectFailure

from infra.errors import CloudError, QuestionError
from ringfence.offboarding import tokens
from ringfence.offboarding.tokens import KeptToken

pytestmark = pytest.mark.fast


class Asking:
    """Services that refuse a token one round after the other, and a clock that goes on with each round."""

    def __init__(self, *rounds: dict[str, int]) -> None:
        self.rounds, self.now = list(rounds), 0.0

    def __call__(self) -> dict[str, int]:
        """Answer."""
        self.now += 100
        return self.rounds.pop(0) if len(self.rounds) > 1 else self.rounds[0]

    def clock(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture(autouse=True)
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Sleep for no time, and note for how long."""
    found: list[float] = []
    monkeypatch.setattr("time.sleep", found.append)
    return found


def test_it_is_waited_until_every_service_refuses_and_a_little_longer(slept: list[float]) -> None:
    """A service that forbids (403) or is down (503, no answer) has not refused; tokens shown later are believed that much longer."""
    said: list[str] = []
    asking = Asking({"nova": 401, "cinder": 200}, {"nova": 401, "cinder": 403}, {"nova": 503, "cinder": 0}, {"nova": 401, "cinder": 401})
    assert tokens.waited(asking, 7.5, 900, said.append, asking.clock) == 400
    assert len(said) == 3
    assert slept == [5.0, 5.0, 5.0, 7.5]


def test_a_service_that_goes_on_believing_is_an_error_that_names_it() -> None:
    """Within the bound that was given."""
    asking = Asking({"nova": 401, "cinder": 200})
    with pytest.raises(CloudError, match=r"cinder \(200\)"):
        tokens.waited(asking, 0, 300, lambda _: None, asking.clock)


@pytest.mark.parametrize(("status", "good"), [(200, True), (300, True), (403, True), (401, False), (404, False), (500, False), (0, False)])
def test_a_token_that_a_service_refuses_beforehand_proves_nothing_later(status: int, *, good: bool) -> None:
    """Its refusal afterwards would have another reason."""
    if good:
        tokens.refuse_useless({"nova": status})
    else:
        with pytest.raises(CloudError, match="before it is revoked"):
            tokens.refuse_useless({"nova": status})


def test_a_kept_token_is_read_as_it_was_written_and_never_shown() -> None:
    """Also not in what an error prints."""
    kept = KeptToken("gAAAsecret", {"nova": "http://nova/servers"}, 2.5)
    assert KeptToken.decoded(kept.encoded(), "here") == kept
    assert "gAAAsecret" not in repr(kept)
    for text in (b"", b"{}", b"[]", b'{"token": "x", "urls": [], "seconds": 1}'):
        with pytest.raises(QuestionError, match="kept token"):
            KeptToken.decoded(text, "here")


def test_every_service_is_asked_with_the_token_itself_and_silence_is_no_answer() -> None:
    """The administrator's own token is not sent along."""
    asked: list[tuple[str, dict[str, Any]]] = []

    def get(url: str, **options: Any) -> SimpleNamespace:  # noqa: ANN401 - as requests
        asked.append((url, options))
        if "cinder" in url:
            raise ConnectFailure
        return SimpleNamespace(status_code=401)

    cloud: Any = SimpleNamespace(session=SimpleNamespace(get=get))
    kept = KeptToken("t", {"nova": "http://nova/servers", "cinder": "http://cinder/volumes"})
    assert tokens.answers(cloud, kept) == {"nova": 401, "cinder": tokens.NO_ANSWER}
    assert all(options["headers"] == {"X-Auth-Token": "t"} and options["authenticated"] is False for _, options in asked)
