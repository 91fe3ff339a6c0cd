"""What is read of servers, as the cloud's admin."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from infra.dynamic import usage

pytestmark = pytest.mark.fast


@pytest.mark.parametrize("text", ["2026-11-30T03:04:05Z", "2026-11-30T03:04:05", "2026-11-30T04:04:05+01:00"])
def test_the_cloud_says_when_it_made_a_server(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """In UTC, whether it says so or not; by the server's id."""

    def get(path: str, *, raise_exc: bool) -> SimpleNamespace:
        assert (path, raise_exc) == ("/servers/s", True)
        return SimpleNamespace(json=lambda: {"server": {"created": text}})

    monkeypatch.setattr(usage, "admin", lambda: SimpleNamespace(compute=SimpleNamespace(get=get)))
    assert usage.made("s") == datetime(2026, 11, 30, 3, 4, 5, tzinfo=UTC)
