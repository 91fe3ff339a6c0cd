"""The authority and its certificates as resources: renewed by the clock, taken back by their serial numbers, secret in the state."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from infra.dynamic import certificates
from infra.dynamic.certificates import LIST_DAYS, AuthorityLifecycle, CertificateLifecycle
from infra.errors import CertificateError
from infra.pki.certificates import facts
from infra.pki.keys import key_id, read_key
from infra.pki.revocation import read_list
from tests.fast.pki.test_certificates import context, handshake

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from infra.dynamic.base import Props

pytestmark = pytest.mark.fast
START = datetime(2026, 1, 1, tzinfo=UTC)
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
AUTHORITY: Props = {
    "organisation": "platform",
    "name": "ringfence",
    "revoked": [],
    "days": 1825.0,
    "list_days": 90.0,
    "generation": 1.0,
}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Set the clock to a number of days after the start."""

    def turn(days: float) -> None:
        monkeypatch.setattr(certificates, "now", lambda: START + timedelta(days=days))

    turn(0)
    return turn


def authority() -> Props:
    """A new authority as the state knows it."""
    return AuthorityLifecycle().create(dict(AUTHORITY)).outs or {}


def asked(by: Props) -> Props:
    """What the program asks of a certificate."""
    return {
        "authority_certificate": by["certificate"],
        "authority_key": by["private_key"],
        "organisation": "acme",
        "name": "acme-web",
        "purposes": ["client", "server"],
        "names": [],
        "addresses": ["172.30.0.4"],
        "days": 90.0,
        "generation": 1.0,
    }


def updated(olds: Props, **news: object) -> Props:
    """The authority after an update."""
    return AuthorityLifecycle().update("id", olds, {**AUTHORITY, **news}).outs or {}


def test_a_certificate_belongs_to_its_key_and_says_who_it_is_for() -> None:
    """Key and certificate are new each time, and signed by the authority."""
    by = authority()
    outs = CertificateLifecycle().create(asked(by)).outs or {}
    told = facts(outs["certificate"])
    assert told.key_id == key_id(read_key(outs["private_key"]))
    assert (told.issuer_key_id, told.subject.organisation, f"{told.serial:x}") == (facts(by["certificate"]).key_id, "acme", outs["serial"])
    assert (outs["ends"], outs["standing"]) == ("2026-04-01T00:00:00+00:00", "valid")
    again = CertificateLifecycle().update("id", outs, asked(by)).outs or {}
    assert again["private_key"] != outs["private_key"]


@pytest.mark.parametrize(("days", "due"), [(0, False), (59, False), (61, True), (100, True)])
def test_a_certificate_is_renewed_when_a_third_of_its_life_is_left(clock: Callable[[float], None], days: float, *, due: bool) -> None:
    """Nothing else has to change for it: `up` looks at the clock, and `refresh` tells."""
    by = authority()
    outs = CertificateLifecycle().create(asked(by)).outs or {}
    clock(days)
    assert CertificateLifecycle().diff("id", outs, asked(by)).changes is due
    read = CertificateLifecycle().read("id", dict(outs)).outs or {}
    assert (read["standing"] != outs["standing"]) is due


@pytest.mark.parametrize(
    "change",
    [{"addresses": ["172.30.0.5"]}, {"name": "x"}, {"purposes": ["client"]}, {"generation": 2.0}, {"authority_certificate": UNKNOWN}],
    ids=str,
)
def test_a_certificate_that_should_say_something_else_is_made_anew_in_place(change: Props) -> None:
    """Never replaced: whatever uses it is not either."""
    by = authority()
    outs = CertificateLifecycle().create(asked(by)).outs or {}
    diff = CertificateLifecycle().diff("id", outs, {**asked(by), **change})
    assert (diff.changes, diff.replaces) == (True, [])


def test_a_renewed_authority_keeps_its_key_and_so_what_it_has_issued(clock: Callable[[float], None]) -> None:
    """Certificates are not issued anew because the authority's own was."""
    by = authority()
    clock(1300)
    assert AuthorityLifecycle().diff("id", by, dict(AUTHORITY)).changes
    issued = CertificateLifecycle().create(asked(by)).outs or {}
    renewed = updated(by)
    assert facts(renewed["certificate"]).life.end > facts(by["certificate"]).life.end
    assert (renewed["private_key"], renewed["trusted"]) == (by["private_key"], renewed["certificate"])
    assert not CertificateLifecycle().diff("id", issued, asked(renewed)).changes
    assert not AuthorityLifecycle().diff("id", renewed, dict(AUTHORITY)).changes


def test_another_generation_is_another_key_and_the_former_is_believed_until_it_ends(clock: Callable[[float], None]) -> None:
    """What it has issued is issued anew, one server after another."""
    by = authority()
    issued = CertificateLifecycle().create(asked(by)).outs or {}
    other = updated(by, generation=2.0)
    assert other["private_key"] != by["private_key"]
    assert other["trusted"] == other["certificate"] + by["certificate"]
    assert CertificateLifecycle().diff("id", issued, asked(other)).changes
    clock(1826)
    assert (updated(other, generation=2.0))["former"] == []


def test_a_list_is_signed_again_when_it_is_due_or_says_something_else(clock: Callable[[float], None]) -> None:
    """What was revoked keeps its time; the number grows."""
    by = authority()
    clock(5)
    first = updated(by, revoked=["2a"])
    assert AuthorityLifecycle().diff("id", by, {**AUTHORITY, "revoked": ["2a"]}).changes
    clock(61)
    quiet = {**AUTHORITY, "revoked": ["2a"]}
    assert not AuthorityLifecycle().diff("id", first, quiet).changes
    clock(66)
    assert AuthorityLifecycle().diff("id", first, quiet).changes
    second = updated(first, revoked=["2a", "ff"])
    assert second["certificate"] == by["certificate"]
    numbers = [read_list(each["revocation_list"])[2] for each in (by, first, second)]
    assert numbers == sorted(set(numbers))
    _, revoked, _ = read_list(second["revocation_list"])
    assert revoked == {0x2A: START + timedelta(days=5), 0xFF: START + timedelta(days=66)}


def test_a_list_ends_with_the_authority_and_no_day_before(clock: Callable[[float], None]) -> None:
    """Nobody is refused for a list while certificates are good, however seldom the platform is brought up."""
    by = authority()
    for day in (0, 5, 700):
        clock(day)
        life = read_list(updated(by, list_days=float(LIST_DAYS))["revocation_list"])[0]
        assert (life.end, life.start < certificates.now()) == (facts(by["certificate"]).life.end, True)


def test_a_certificate_that_is_taken_back_is_made_anew() -> None:
    """Another one's revocation changes nothing, nor do lists that nobody knows yet."""
    by = authority()
    outs = CertificateLifecycle().create(asked(by)).outs or {}
    for revoked, changes in ((["2a"], False), (["2a", outs["serial"]], True)):
        lists = updated(by, revoked=revoked)["lists"]
        assert CertificateLifecycle().diff("id", outs, {**asked(by), "authority_lists": lists}).changes is changes
    assert not CertificateLifecycle().diff("id", outs, {**asked(by), "authority_lists": UNKNOWN}).changes


@pytest.mark.parametrize("revoked", [False, True], ids=["good", "revoked"])
def test_the_former_key_signs_a_last_list_for_what_it_has_issued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, revoked: bool) -> None:
    """Without one nobody would believe its certificates, which are good until each server has a new one."""
    monkeypatch.setattr(certificates, "now", lambda: datetime.now(UTC))  # OpenSSL looks at the real clock
    by = authority()
    own, theirs = (CertificateLifecycle().create({**asked(by), "name": name}).outs or {} for name in ("acme-web", "globex-db"))
    other = updated(by, generation=2.0, revoked=[theirs["serial"]] if revoked else ["2a"])
    ends = [(each["certificate"], each["private_key"]) for each in (own, theirs)]

    def said(lists: str) -> str:
        return handshake(
            context(tmp_path, ssl.PROTOCOL_TLS_SERVER, ends[0], other["trusted"], lists),
            context(tmp_path, ssl.PROTOCOL_TLS_CLIENT, ends[1], other["trusted"]),
            "172.30.0.4",
        )

    assert ("certificate revoked" in said(other["lists"])) if revoked else not said(other["lists"])
    assert "unable to get certificate CRL" in said(other["revocation_list"])


@pytest.mark.parametrize("serial", ["", "g1", "0", "-5", " "])
def test_what_is_no_serial_number_is_refused(serial: str) -> None:
    """A typing mistake must not look like a revocation."""
    with pytest.raises(CertificateError, match="no serial number"):
        updated(authority(), revoked=[serial])


def test_what_cannot_be_read_any_more_is_made_anew() -> None:
    """A state that was damaged by hand."""
    by = authority()
    assert AuthorityLifecycle().diff("id", {**by, "certificate": "x"}, dict(AUTHORITY)).changes
    assert AuthorityLifecycle().diff("id", {**by, "revocation_list": "x"}, dict(AUTHORITY)).changes
    assert AuthorityLifecycle().diff("id", {**by, "lists": None}, dict(AUTHORITY)).changes, "as an older ringfence has left it"
    assert facts(updated({**by, "certificate": "x", "revocation_list": "y"})["certificate"]).key_id == facts(by["certificate"]).key_id
