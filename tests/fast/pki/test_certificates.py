"""What certificates say, and whom OpenSSL believes because of them."""

from __future__ import annotations

import dataclasses
import ssl
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import CertificateError
from infra.pki.certificates import Purpose, Signer, Subject, facts, issued
from infra.pki.keys import encoded, key_id, read_key
from infra.pki.lives import Life
from infra.pki.revocation import read_list, revocation_list, taken_back
from tests.fast.pki.authorities import BOTH, NOW, issue, new_key, request, signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.fast
SERVER, CLIENT = (frozenset({purpose}) for purpose in (Purpose.SERVER, Purpose.CLIENT))


def context(folder: Path, side: int, pair: tuple[str, str], trusted: str, crl: str = "") -> ssl.SSLContext:
    """One side of a connection, which wants a certificate of the other one."""
    made = ssl.SSLContext(side)
    (folder / f"{side}.crt").write_text(pair[0])
    (folder / f"{side}.key").write_text(pair[1])
    made.load_cert_chain(folder / f"{side}.crt", folder / f"{side}.key")
    made.load_verify_locations(cadata=trusted)
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT
    if crl:
        (folder / "crl.pem").write_text(crl)
        made.load_verify_locations(folder / "crl.pem")
        made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    return made


def handshake(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """What OpenSSL says of a connection between both: nothing, or why not."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(down, up, server_hostname=name), server.wrap_bio(up, down, server_side=True))
    for _ in range(4):
        for end in ends:
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as error:
                return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "server_is_for", "client_is_for", "stranger", "said"),
    [
        ("172.30.0.4", SERVER, CLIENT, "", ""),
        ("acme-web.internal", BOTH, BOTH, "", ""),
        ("fd00::4", BOTH, BOTH, "", ""),
        ("172.30.0.5", SERVER, CLIENT, "", "IP address mismatch"),
        ("other.internal", SERVER, CLIENT, "", "Hostname mismatch"),
        ("172.30.0.4", CLIENT, CLIENT, "", "unsuitable certificate purpose"),
        ("172.30.0.4", SERVER, SERVER, "", "unsuitable certificate purpose"),
        ("172.30.0.4", SERVER, CLIENT, "server", "certificate verify failed"),
        ("172.30.0.4", SERVER, CLIENT, "client", "certificate verify failed"),
    ],
)
def test_openssl_believes_whom_the_authority_names_and_for_that_only(
    tmp_path: Path, name: str, server_is_for: frozenset[Purpose], client_is_for: frozenset[Purpose], stranger: str, said: str
) -> None:
    """Both sides show a certificate; another address, another purpose or another authority of the same name ends it."""
    own, other = signer(), signer()
    server = issue(other if stranger == "server" else own, request(purposes=server_is_for))
    client = issue(other if stranger == "client" else own, request("globex", "globex-db", purposes=client_is_for))
    sides = (
        context(tmp_path, ssl.PROTOCOL_TLS_SERVER, server, own.certificate),
        context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, client, own.certificate),
    )
    got = handshake(*sides, name)
    assert (said in got) if said else not got


@pytest.mark.parametrize(("revoked", "said"), [((), ""), ((9,), ""), ((8, 9), "certificate revoked")], ids=["none", "another", "this"])
def test_a_revoked_certificate_is_refused(tmp_path: Path, revoked: tuple[int, ...], said: str) -> None:
    """The list names serial numbers; another one's revocation changes nothing."""
    own = signer()
    crl = revocation_list(own, dict.fromkeys(revoked, NOW), 1, Life.of(NOW, 10))
    sides = (
        context(tmp_path, ssl.PROTOCOL_TLS_SERVER, issue(own, request()), own.certificate, crl),
        context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, issue(own, request("globex")), own.certificate),
    )
    got = handshake(*sides, "172.30.0.4")
    assert (said in got) if said else not got


@pytest.mark.parametrize("days_ago", [91, 0], ids=["ended", "running"])
def test_a_certificate_that_has_ended_is_refused(tmp_path: Path, days_ago: int) -> None:
    """Nothing needs to be revoked that ends by itself."""
    own = signer(now=NOW - timedelta(days=100))
    client = issue(own, request("globex"), now=NOW - timedelta(days=days_ago))
    sides = (
        context(tmp_path, ssl.PROTOCOL_TLS_SERVER, issue(own, request()), own.certificate),
        context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, client, own.certificate),
    )
    got = handshake(*sides, "172.30.0.4")
    assert ("expired" in got) if days_ago else not got


def test_a_server_cannot_sign_certificates(tmp_path: Path) -> None:
    """What a server's key signs is believed by nobody who believes the authority."""
    own = signer()
    middle = Signer(*issue(own, request()))
    new = new_key()
    forged = issued(middle, request("globex"), new, 9, Life.of(NOW, 10))
    (tmp_path / "chain").write_text(forged + middle.certificate)
    sides = (
        context(tmp_path, ssl.PROTOCOL_TLS_SERVER, issue(own, request()), own.certificate),
        ssl.create_default_context(cadata=own.certificate),
    )
    (tmp_path / "key").write_text(encoded(new))
    sides[1].load_cert_chain(tmp_path / "chain", tmp_path / "key")
    assert "certificate verify failed" in handshake(*sides, "172.30.0.4")


def test_a_certificate_says_what_was_asked_for_and_by_whom() -> None:
    """Everything comes back out; the key's identifier is the one that the state knows."""
    own = signer()
    text, key = issue(own, request())
    got = facts(text)
    assert (got.subject, got.purposes, got.names, got.addresses) == (Subject("acme", "acme-web"), BOTH, *dataclasses.astuple(request())[2:])
    assert (got.serial, got.key_id, got.issuer_key_id) == (8, key_id(read_key(key)), facts(own.certificate).key_id)
    assert (got.authority, facts(own.certificate).authority) == (False, True)


def test_nothing_outlives_the_authority() -> None:
    """A certificate and a list end with the authority's certificate at the latest."""
    own = signer(days=30)
    end = facts(own.certificate).life.end
    assert facts(issue(own, request(), days=90)[0]).life.end == end
    assert read_list(revocation_list(own, {}, 1, Life.of(NOW, 90)))[0].end == end


def test_a_list_gives_back_what_was_revoked_and_when() -> None:
    """Read again, so that a new list keeps what the old one said."""
    revoked = {5: NOW - timedelta(days=1), 3: NOW}
    life, got, number = read_list(revocation_list(signer(), revoked, 4, Life.of(NOW, 10)))
    assert (got, number, life) == (revoked, 4, Life.of(NOW, 10))


def test_what_cannot_be_read_or_made_is_refused_without_quoting_a_key() -> None:
    """Every refusal is a CertificateError; a key's text is in none of them."""
    own, other = signer(), signer()
    bad = own.private_key.replace("MIG", "XXX")
    refused: list[Callable[[], object]] = [
        lambda: read_key(bad),
        lambda: facts(bad),
        lambda: read_list(bad),
        lambda: issue(Signer(own.certificate, other.private_key), request()),
        lambda: issue(Signer(own.certificate, bad), request()),
        lambda: issue(own, dataclasses.replace(request(), purposes=frozenset())),
        lambda: issue(own, dataclasses.replace(request(), names=(), addresses=())),
        lambda: issue(own, request(name="n" * 65)),
        lambda: issue(own, request(), now=NOW - timedelta(days=2000)),
    ]
    for attempt in refused:
        with pytest.raises(CertificateError) as caught:
            attempt()
        assert bad.splitlines()[1] not in str(caught.value)
    assert own.private_key not in repr(own)


def test_lists_of_several_keys_are_read_as_one() -> None:
    """One behind the other, as servers get them."""
    life = Life.of(NOW, 10)
    texts = [revocation_list(signer(), {serial: NOW}, 1, life) for serial in (3, 5)]
    assert taken_back("".join(texts)) == {3, 5}


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN X509 CRL-----\nx\n-----END X509 CRL-----\n"])
def test_what_is_no_list_revokes_nothing_in_silence(text: str) -> None:
    """Neither alone nor behind a list."""
    for one in (text, *([revocation_list(signer(), {}, 1, Life.of(NOW, 10)) + text] if text else [])):
        with pytest.raises(CertificateError):
            taken_back(one)
