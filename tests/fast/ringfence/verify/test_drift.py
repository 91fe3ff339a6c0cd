"""A server's inside as recorded on a booted one: every way to change it is named by its object, and what a server does by itself is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from infra.errors import GuestError
from infra.outcome import CheckVerdict
from ringfence.verify.guest.files import digest_of
from ringfence.verify.inside import drift
from ringfence.verify.inside.expected import SOCKET_PART
from tests.fast.ringfence.verify import drift_on_disk, drift_running
from tests.fast.ringfence.verify.drift_changes import file
from tests.fast.ringfence.verify.drift_harmless import HARMLESS
from tests.fast.ringfence.verify.recorded_guest import EXPECTED, KNOWN, WEB, answer, row

if TYPE_CHECKING:
    from infra.outcome import Outcome

pytestmark = pytest.mark.fast

Json = dict[str, Any]
WHY = "PermissionError: /x"
BROKEN = {**drift_running.BROKEN, **drift_on_disk.BROKEN}


def _judge(told: Json) -> dict[str, Outcome]:
    found = list(drift.judge(EXPECTED, KNOWN, told, "acme"))
    assert [outcome.check for outcome in found] == [f"acme/web {look}" for look in drift.LOOKS]
    return {outcome.check.removeprefix("acme/web "): outcome for outcome in found}


def test_an_untouched_server_is_clean() -> None:
    """The twin of all of the table."""
    assert {look: (outcome.verdict, outcome.reason) for look, outcome in _judge(answer()).items()} == dict.fromkeys(
        drift.LOOKS, (CheckVerdict.PASS, "")
    )


@pytest.mark.parametrize("way", BROKEN)
def test_a_change_is_named_by_its_object(way: str) -> None:
    """By the look that it belongs to, and by no other."""
    change, look, words = BROKEN[way]
    told = answer()
    change(told)
    found = _judge(told)
    assert [name for name, outcome in found.items() if outcome.verdict is not CheckVerdict.PASS] == [look], {
        n: o.reason for n, o in found.items()
    }
    assert (found[look].verdict, words in found[look].reason) == (CheckVerdict.FAIL, True), found[look].reason


@pytest.mark.parametrize("way", HARMLESS)
def test_what_a_server_does_by_itself_alarms_nobody(way: str) -> None:
    """Nor what tenants may do on their servers."""
    told = answer()
    HARMLESS[way](told)
    assert {outcome.reason for outcome in _judge(told).values()} == {""}


@pytest.mark.parametrize("part", sorted(answer()))
def test_a_part_that_is_not_told_is_an_error_of_what_needs_it(part: str) -> None:
    """It never passes, by whatever way it is not told."""
    for broken in ({"error": WHY}, None, {}, {"rows": [1]}):
        told = answer()
        told[part] = broken
        wrong = [outcome for outcome in _judge(told).values() if outcome.verdict is not CheckVerdict.PASS]
        assert {outcome.verdict for outcome in wrong} == {CheckVerdict.ERROR}, (part, broken)
        assert all("does not tell its" in outcome.reason for outcome in wrong) or broken not in ({"error": WHY}, None)
        assert all(WHY in outcome.reason for outcome in wrong) or broken != {"error": WHY}


@pytest.mark.parametrize(
    ("field", "looks"), [("image", {drift.LOOKS[place] for place in (2, 4, 5, 6)}), ("automation_key", {drift.LOOKS[2]})]
)
def test_what_this_machine_does_not_know_is_said_and_never_passes(field: str, looks: set[str]) -> None:
    """The image, or the automation's key."""
    why = GuestError.of("it is not on this machine", where="SHA-256 0123")
    known = replace(KNOWN, image=why) if field == "image" else replace(KNOWN, automation_key=why)
    found = {outcome.check.removeprefix("acme/web "): outcome for outcome in drift.judge(EXPECTED, known, answer(), "acme")}
    assert {
        name for name, outcome in found.items() if outcome.verdict is CheckVerdict.ERROR and "not on this machine" in outcome.reason
    } == looks
    assert {outcome.verdict for name, outcome in found.items() if name not in looks} == {CheckVerdict.PASS}


def test_the_socket_of_another_port_is_the_one_that_the_first_boot_wrote() -> None:
    """As written it is no difference; another text is, and so is none."""
    text = "[Socket]\nListenStream=\nListenStream=2222\n"
    expected = replace(EXPECTED, first_boot={SOCKET_PART: text})
    for content, words in (
        (digest_of(text), ""),
        ("x", "port.conf is not the image's"),
        ("", "port.conf, which"),
    ):
        told = answer()
        if content:
            file(row(SOCKET_PART, content))(told)
        reasons = "".join(outcome.reason for outcome in drift.judge(expected, KNOWN, told, "acme"))
        assert (words in reasons, bool(reasons)) == (True, bool(words))


def test_the_table_is_long_enough_and_touches_every_look() -> None:
    """Of what was asked for: 25 ways and 10 harmless ones."""
    assert len(BROKEN) >= 25
    assert len(HARMLESS) >= 10
    assert {look for _, look, _ in BROKEN.values()} == set(drift.LOOKS)
    assert WEB.name == EXPECTED.node.name
