"""Whom sender and store believe, by the lists that they have: by OpenSSL, over connections in memory."""

from __future__ import annotations

import json
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hardening.logs import sender, store, wire
from infra.pki.lives import Life
from infra.pki.revocation import revocation_list
from tests.fast.pki.authorities import NOW, issue, request, signer
from tests.fast.pki.test_certificates import handshake

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.fast
OWN, STRANGER = (signer(now=NOW - timedelta(100)) for _ in range(2))
LIFE = Life.of(NOW, 10)
THIS, OTHER, ANOTHER = 8, 9, 10
LISTS = {
    "nothing is revoked": (revocation_list(OWN, {}, 1, LIFE), ""),
    "another one is": (revocation_list(OWN, {ANOTHER: NOW}, 1, LIFE), ""),
    "this one is": (revocation_list(OWN, {THIS: NOW, ANOTHER: NOW}, 1, LIFE), "certificate revoked"),
    "it has ended": (revocation_list(OWN, {}, 1, Life(NOW - timedelta(2), NOW - timedelta(1))), "CRL has expired"),
    "it is of tomorrow": (revocation_list(OWN, {}, 1, Life(NOW + timedelta(1), NOW + timedelta(2))), "CRL is not yet valid"),
    "it is of another authority": (revocation_list(STRANGER, {}, 1, LIFE), "unable to get certificate CRL"),
}


def papers(folder: Path, monkeypatch: pytest.MonkeyPatch, serial: int, revoked: str | None) -> None:
    """Put a server's files where the guest's code looks for them."""
    certificate, key = issue(OWN, request(name=f"web-{serial}"), serial=serial)
    texts = {"AUTHORITY": OWN.certificate, "CERTIFICATE": certificate, "KEY": key, "REVOKED": revoked}
    for name, text in texts.items():
        file = folder / f"{serial}-{name}"
        monkeypatch.setattr(wire, name, str(file))
        if text is not None:
            file.write_text(text)


@pytest.mark.parametrize("judge", [ssl.PROTOCOL_TLS_SERVER, ssl.PROTOCOL_TLS_CLIENT], ids=["store", "sender"])
@pytest.mark.parametrize("what", LISTS)
def test_each_side_believes_by_its_own_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, judge: int) -> None:
    """A list that says nothing of this authority, or not today, is as good as none: nobody is believed, and the words say why."""
    text, said = LISTS[what]
    papers(tmp_path, monkeypatch, OTHER, text)
    judging = wire.context(judge)
    papers(tmp_path, monkeypatch, THIS, LISTS["nothing is revoked"][0])
    shown = wire.context(ssl.PROTOCOL_TLS_CLIENT if judge == ssl.PROTOCOL_TLS_SERVER else ssl.PROTOCOL_TLS_SERVER)
    got = handshake(*((judging, shown) if judge == ssl.PROTOCOL_TLS_SERVER else (shown, judging)), "172.30.0.4")
    assert (said in got) if said else not got


@pytest.mark.parametrize("program", [store, sender], ids=["store", "sender"])
@pytest.mark.parametrize("text", [None, "", "no list"], ids=["missing", "empty", "something else"])
def test_without_a_list_it_ends_with_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], text: str | None, program: object
) -> None:
    """Which names the file; with a list the same papers will do."""
    papers(tmp_path, monkeypatch, THIS, text)
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"address": "192.0.2.1", "port": 1}))
    monkeypatch.setattr(program, "SETTINGS", settings)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    assert program.main() == 1  # type: ignore[attr-defined] # both have one
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"{wire.REVOKED}: no list of revoked certificates, so nobody is believed: ")
    papers(tmp_path, monkeypatch, THIS, LISTS["nothing is revoked"][0])
    assert wire.context(ssl.PROTOCOL_TLS_SERVER).verify_flags & ssl.VERIFY_CRL_CHECK_LEAF
