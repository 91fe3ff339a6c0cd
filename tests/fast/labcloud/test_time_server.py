from __future__ import annotations

import struct

import pytest

from labcloud.processes.time_server import EPOCH, PACKET, answer, stamp

pytestmark = pytest.mark.fast

CLIENT_4 = 4 << 3 | 3
ASKED = 0x1234_5678_9ABC_DEF0


def question(first: int = CLIENT_4) -> bytes:
    """Return what a client asks: its own time is the last field."""
    return PACKET.pack(first, 0, 6, -20, 0, 0, bytes(4), 0, 0, 0, ASKED)


def test_a_stamp_counts_from_1900_in_units_of_a_fraction_of_a_second() -> None:
    """RFC 5905, section 6: 32 bits of seconds, 32 bits of their fraction."""
    assert stamp(0.5) == EPOCH << 32 | 1 << 31


def test_an_answer_holds_the_time_that_was_asked_with_and_the_machines_own() -> None:
    """A client drops an answer without its own time in it: it could be anybody's."""
    text = answer(question(), 100.0, 100.25)
    assert text is not None
    first, stratum, *_, reference, asked, received, sent = PACKET.unpack(text)
    assert (first & 7, first >> 3 & 7, first >> 6, stratum) == (4, 4, 0, 2)
    assert (asked, received, sent) == (ASKED, stamp(100.0), stamp(100.25))
    assert reference <= received


@pytest.mark.parametrize(
    "odd",
    [b"", question()[:-1], question(4 << 3 | 4), question(4 << 3 | 1), question(2 << 3 | 3), struct.pack("!B", 0xFF) * 48],
    ids=["nothing", "too short", "an answer", "a peer", "an old version", "a control message"],
)
def test_what_is_no_question_of_a_client_gets_no_answer(odd: bytes) -> None:
    """Two servers would answer one another for ever."""
    assert answer(odd, 0.0, 0.0) is None
