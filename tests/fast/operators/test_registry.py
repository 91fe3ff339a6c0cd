from __future__ import annotations

from datetime import timedelta

import pytest

from infra.errors import QuestionError
from infra.operators.changes import Ending, revoked
from infra.operators.reading import registry
from infra.operators.registry import Registry, rendered
from tests.fast.operators.sample import EMPTY, NOW, hardware, with_certificate

pytestmark = pytest.mark.fast


def read(text: str) -> tuple[Registry | None, list[str]]:
    """Read a file as everybody does: the registry, and what is wrong."""
    try:
        return registry(text.encode()), []
    except QuestionError as refused:
        return None, [problem.what for problem in refused.problems]


def busy() -> Registry:
    """Return a file with two operators, one of whom is gone."""
    first, _ = with_certificate(EMPTY, "alice", 1)
    second, _ = with_certificate(first, "bob", 2)
    return revoked(second, Ending("bob", "carol", 'left: the "key" too'), NOW)[0]


def test_what_is_written_is_read_again() -> None:
    """Also texts with quotes; the strict reader of declarations finds nothing to refuse."""
    assert read(rendered(busy())) == (busy(), [])


def test_an_empty_file_is_an_empty_registry() -> None:
    """Nobody was added yet."""
    assert read(rendered(Registry())) == (Registry(), [])


def test_each_certificate_is_one_line() -> None:
    """Git merges and compares by lines."""
    assert sum("serial:" in line for line in rendered(busy()).splitlines()) == 2 + 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("serial: 20261129203006", "serial: 20261129203005", "two certificates have one serial"),
        ("role:", "rights:", "unknown key"),
        ('"admin"', '"owner"', ""),
        ('"2026-11-29T20:25:05Z"', '"2026-11-29T20:25:05+01:00"', "not a moment"),
        ('"2026-12-06T20:30:05Z"', '"2026-11-01T20:30:05Z"', "ends before it begins"),
        ("authority:", "authorities:", ""),
        ("serial: 20261129203005", 'serial: "20261129203005"', ""),
    ],
)
def test_what_could_mean_something_else_is_refused(old: str, new: str, said: str) -> None:
    """Two of one serial, an unknown key or role, a moment of another zone, a life that is none."""
    text = rendered(busy())
    assert old in text
    found, mistakes = read(text.replace(old, new))
    assert mistakes
    assert any(said in mistake for mistake in mistakes)
    del found


def test_a_revocation_by_key_covers_a_certificate_that_the_file_has_forgotten() -> None:
    """The line of the certificate is lost; the same key certified anew is still refused."""
    certified_, certificate = with_certificate(EMPTY, "alice", 1)
    gone, _ = revoked(certified_, Ending("alice", "carol", "lost"), NOW)
    forgotten = certificate.model_copy(update={"serial": 5})
    assert gone.is_revoked(forgotten)
    assert not gone.is_revoked(forgotten.model_copy(update={"key": str(hardware(7))}))


def test_a_certificate_is_in_force_from_its_beginning_to_its_end() -> None:
    """The end itself is outside, as in sshd (PROTOCOL.certkeys: ``valid before``)."""
    certified_, certificate = with_certificate(EMPTY, "alice", 1)
    second = timedelta(seconds=1)
    moments = (certificate.since - second, certificate.since, certificate.until - second, certificate.until)
    assert [bool(certified_.in_force(moment)) for moment in moments] == [False, True, True, False]


def test_a_revoked_certificate_is_not_in_force() -> None:
    """Bob is gone, alice is not."""
    assert [one.operator for one in busy().in_force(NOW)] == ["alice"]


def test_no_serial_is_given_out_twice() -> None:
    """Two in one second get two; one that was revoked and whose line was lost stays taken."""
    found = busy()
    serials = [one.serial for one in found.certificates]
    assert serials == [20261129203005, 20261129203006]
    lost = found.model_copy(update={"certificates": found.certificates[:1]})
    assert lost.next_serial(NOW) == 20261129203007
