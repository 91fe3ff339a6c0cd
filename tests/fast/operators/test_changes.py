from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from infra.operators.changes import LONGEST, Ending, Wish, certified, revocation_list, revoked, signing
from infra.operators.roles import ACCOUNTS, AUTOMATION, BASTION_ACCOUNT, THROUGH, Role, principal
from tests.fast.operators.sample import EMPTY, NOW, hardware, with_certificate

if TYPE_CHECKING:
    from infra.operators.registry import Registry

pytestmark = pytest.mark.fast
LATER = NOW + timedelta(days=1)


def two_tenants() -> Registry:
    """Return a file in which alice may enter two tenants, and bob one, all at different moments."""
    registry, _ = with_certificate(EMPTY, "alice", 1, "acme")
    registry, _ = with_certificate(registry, "alice", 1, "globex")
    return with_certificate(registry, "bob", 2)[0]


def test_a_certificate_lives_as_long_as_was_said() -> None:
    """It begins a little in the past, for clocks that are behind."""
    _, certificate = with_certificate(EMPTY, "alice", 1)
    assert certificate.until - NOW == timedelta(days=7)
    assert timedelta(0) < NOW - certificate.since <= timedelta(minutes=5)


@pytest.mark.parametrize("days", [0, -1, LONGEST + 1])
def test_a_long_life_is_refused(days: int) -> None:
    """Nobody gets a certificate for good, and the longest is one."""
    with pytest.raises(QuestionError, match="no such life"):
        certified(EMPTY, Wish("alice", "acme", Role.ADMIN, hardware(), days), NOW)
    assert certified(EMPTY, Wish("alice", "acme", Role.ADMIN, hardware(), LONGEST), NOW)


def test_a_revoked_key_never_comes_back() -> None:
    """Neither for its owner nor for anybody else; another key of the same person does."""
    registry, _ = with_certificate(EMPTY, "alice", 1)
    registry, _ = revoked(registry, Ending("alice", "carol", "lost"), NOW)
    with pytest.raises(QuestionError, match="this key is revoked"):
        with_certificate(registry, "alice", 1)
    assert with_certificate(registry, "alice", 2)


def test_a_key_has_one_owner() -> None:
    """A log that names two people names nobody."""
    registry, _ = with_certificate(EMPTY, "alice", 1)
    with pytest.raises(QuestionError, match="somebody else's"):
        with_certificate(registry, "bob", 1)
    assert with_certificate(registry, "alice", 1)


def test_who_leaves_loses_every_certificate_and_every_key() -> None:
    """At every tenant, and nobody else's."""
    registry, new = revoked(two_tenants(), Ending("alice", "carol", "left"), LATER)
    assert [one.operator for one in registry.in_force(NOW)] == ["bob"]
    assert [one.key for one in new if one.key] == [str(hardware(1))]
    assert len([one for one in new if one.serial]) == 2


def test_who_changes_tenants_keeps_the_key() -> None:
    """The certificates of one tenant end; the key may be certified again."""
    registry, new = revoked(two_tenants(), Ending("alice", "carol", "moved", tenant="acme"), LATER)
    assert [(one.operator, one.tenant) for one in registry.in_force(NOW)] == [("alice", "globex"), ("bob", "acme")]
    assert not [one for one in new if one.key]
    assert with_certificate(registry, "alice", 1)


def test_one_certificate_can_end() -> None:
    """By its serial, which sshd's log has."""
    serial = two_tenants().certificates[1].serial
    registry, _ = revoked(two_tenants(), Ending("alice", "carol", "moved", serial=serial), LATER)
    assert [(one.operator, one.tenant) for one in registry.in_force(NOW)] == [("alice", "acme"), ("bob", "acme")]


@pytest.mark.parametrize("ending", [Ending("eve", "c", "r"), Ending("bob", "c", "r", tenant="globex"), Ending("bob", "c", "r", serial=1)])
def test_a_revocation_that_hits_nobody_is_an_error(ending: Ending) -> None:
    """A misspelt name must not look as if somebody had been locked out."""
    with pytest.raises(QuestionError, match="nobody of this name"):
        revoked(two_tenants(), ending, NOW)


def test_a_revocation_said_twice_is_said_once() -> None:
    """The second says nothing new, and keeps what the first said."""
    once, _ = revoked(two_tenants(), Ending("alice", "carol", "left"), NOW)
    twice, new = revoked(once, Ending("alice", "dave", "again"), LATER)
    assert (twice, new) == (once, ())


def test_the_list_for_the_servers_names_serials_and_keys() -> None:
    """In the words of ssh-keygen, in a fixed order: equal files give equal lists."""
    registry, _ = revoked(two_tenants(), Ending("alice", "carol", "left"), NOW)
    assert revocation_list(registry) == f"serial: 20261129203005\nserial: 20261129203006\nkey: {hardware(1)}\n"
    assert revocation_list(EMPTY) == ""


def test_the_certificate_itself_demands_the_pin() -> None:
    """And it permits nothing that nobody needs: no agent, no X11, no start-up file of the account."""
    _, certificate = with_certificate(EMPTY, "alice", 1)
    words = signing(certificate)
    options = [words[place + 1] for place, word in enumerate(words) if word == "-O"]
    assert options == ["clear", "permit-pty", "permit-port-forwarding", "verify-required"]
    assert words[:4] == ("-I", "alice", "-n", "through-the-bastion,admin@acme")
    assert "20261129202505:20261206203005" in words


def test_no_account_opens_two_doors() -> None:
    """Each role has a login of its own, which is nobody's work account, not the automation's and not the bastion's."""
    logins = [account.login for account in ACCOUNTS.values()]
    works = [account.work for account in ACCOUNTS.values()]
    assert len({*logins, *works, AUTOMATION, BASTION_ACCOUNT}) == len(logins) + len(works) + 2
    assert set(ACCOUNTS) == set(Role)


def test_no_tenants_principal_is_the_bastions() -> None:
    """A name has no ``@`` in it, so principals of two tenants or roles cannot be the same text either."""
    found = {principal(role, tenant) for role in Role for tenant in ("acme", "a-admin", "through-the-bastion", "platform")}
    assert len(found) == len(Role) * 4
    assert THROUGH not in found
