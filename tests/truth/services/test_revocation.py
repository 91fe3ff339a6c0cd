"""Sender and store as the image has them: what the authority has taken back is refused as that, and a fresh certificate is taken."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from hardening.bundle import GuestFile
from hardening.logs import wire
from hardening.services import credentials, logs
from infra.pki.lives import Life
from infra.pki.revocation import revocation_list
from tests.fast.pki.authorities import NOW
from tests.truth.services.house import eventually
from tests.truth.services.papers import Papers
from tests.truth.services.street import DB, NAME, SERVICES, WEB, Street, begin, built, say

if TYPE_CHECKING:
    from tests.truth.services.house import House


@pytest.fixture
def street(house: House) -> Street:
    """The store, and acme's server web, of which a line has arrived."""
    return built(house)


def test_a_revoked_server_is_refused_as_that_until_it_has_another_certificate(street: Street) -> None:
    """The store has a new list, as `up` brings it: what was open ends, the other tenant writes on, and so does the same server anew."""
    db = street.house.add("db", DB)
    begin(db, street.papers, "globex", "db")
    say(db, "of db")
    assert street.arrived("of db", "globex/db")
    street.papers.take_back((street.web.root / wire.CERTIFICATE[1:]).read_text(encoding="ascii"))
    street.services.put((GuestFile(credentials.REVOKED, street.papers.revoked),))
    street.store.stop()
    store = street.services.start(logs.STORE_UNIT)
    say(street.web, "with the revoked certificate")
    assert eventually(lambda: f"{WEB}: SSLCertVerificationError" in store.said), store.said
    assert {line.split("certificate verify failed: ")[-1].split(" (")[0] for line in store.said.splitlines()} == {"certificate revoked"}
    say(db, "of db meanwhile")
    assert street.arrived("of db meanwhile", "globex/db")
    assert str(DB) not in store.said
    assert "with the revoked certificate" not in street.kept("acme/web")
    street.client.stop()
    street.web.put(credentials.files(street.papers.client("acme", "web", WEB)))
    street.web.start(logs.UNIT)
    assert street.arrived("with the revoked certificate")


def test_a_revoked_store_gets_nothing_from_whom_has_the_list(street: Street) -> None:
    """What is said from then on waits for the store's new certificate."""
    papers = street.papers
    say(street.web, "before the list")
    assert street.arrived("before the list")
    papers.take_back((street.services.root / wire.CERTIFICATE[1:]).read_text(encoding="ascii"))
    street.client.stop()
    street.web.put((GuestFile(credentials.REVOKED, papers.revoked),))
    street.client = street.web.start(logs.UNIT)
    say(street.web, "a secret")
    assert street.refused(0), street.client.said
    assert "certificate revoked" in street.client.said
    assert "a secret" not in street.kept("acme/web")
    street.store.stop()
    street.services.put(credentials.files(papers.server(NAME, SERVICES)))
    street.services.start(logs.STORE_UNIT)
    assert street.arrived("a secret")


@pytest.mark.parametrize("how", ["missing", "ended", "foreign"])
def test_without_a_list_of_today_the_store_believes_nobody_and_says_why(street: Street, how: str) -> None:
    """A missing one ends it at once, which systemd tells and tries again; with the right one lines that waited arrive."""
    place = street.services.root / wire.REVOKED[1:]
    right = place.read_text(encoding="ascii")
    ended = Life(NOW - timedelta(minutes=30), NOW - timedelta(minutes=20))
    lists = {
        "missing": ("", "no list of revoked certificates, so nobody is believed"),
        "ended": (revocation_list(street.papers.signer, {}, 1, ended), "CRL has expired"),
        "foreign": (Papers.new().revoked, "unable to get certificate CRL"),
    }
    text, said = lists[how]
    street.store.stop()
    place.write_text(text, encoding="ascii") if text else place.unlink()
    store = street.services.start(logs.STORE_UNIT)
    say(street.web, "meanwhile")
    assert eventually(lambda: said in store.said), store.said
    assert eventually(lambda: store.runs is (how != "missing"), seconds=60)
    assert "meanwhile" not in street.kept("acme/web")
    store.stop()
    place.write_text(right, encoding="ascii")
    street.services.start(logs.STORE_UNIT)
    assert street.arrived("meanwhile")
