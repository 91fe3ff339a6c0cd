"""Commands to Ceph's monitor wait for its map: an answer to a client without one is a refusal that means nothing."""

from __future__ import annotations

import json

import pytest

from labcloud.inside import monitor
from labcloud.inside.monitor import NO_CLUSTER, Monitor

CLUSTER = "7d0a4c1e-0b5c-4df0-8a3c-5f2d5a4f7f11"


class Late:
    """A client whose map arrives after some questions, and a monitor that refuses commands of a client without one."""

    def __init__(self, questions: int, answer: tuple[int, bytes, str] = (0, b"", "")) -> None:
        self._left = questions
        self._answer = answer
        self.sent: list[dict[str, object]] = []

    def get_fsid(self) -> str:
        """All zeros until the map has come."""
        self._left -= 1
        return NO_CLUSTER if self._left >= 0 else CLUSTER

    def mon_command(self, command: str, data: bytes) -> tuple[int, bytes, str]:
        """Refuse what carries no cluster id, note and answer the rest."""
        assert data == b""
        if self._left >= 0:
            return -1, b"", "wrong fsid"
        self.sent.append(json.loads(command))
        return self._answer


def test_a_command_waits_for_the_map() -> None:
    """Nothing is sent before the client holds the map."""
    client = Late(3, (0, b'{"osdid":0}', ""))
    assert Monitor(client).ask("osd new", uuid="u") == {"osdid": 0}
    assert client.sent == [{"prefix": "osd new", "format": "json", "uuid": "u"}]


def test_an_empty_answer_is_none() -> None:
    """Many commands of the monitor answer nothing."""
    assert Monitor(Late(0)).ask("osd crush add", id=0) is None


def test_a_refusal_says_which_command_and_why() -> None:
    """The error number alone would help nobody."""
    with pytest.raises(RuntimeError, match=r"refused `osd pool create` .*: full \(error -28\)"):
        Monitor(Late(0, (-28, b"", "full"))).ask("osd pool create", pool="p")


def test_a_map_that_never_comes_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait has an end."""
    monkeypatch.setattr(monitor, "MAP_SECONDS", 0.02)
    with pytest.raises(TimeoutError, match="no map"):
        Monitor(Late(10**9))
