"""What is read of the journal, and how a line of it travels."""

from __future__ import annotations

from hardening.logs import sender, wire

ENTRY = {
    "__CURSOR": "s=1",
    "__REALTIME_TIMESTAMP": "1796000000123456",
    "PRIORITY": "4",
    "SYSLOG_FACILITY": "10",
    "SYSLOG_IDENTIFIER": "sshd",
    "_PID": "17",
    "MESSAGE": "Accepted publickey",
}


def test_authentication_the_kernel_and_every_warning_are_read_and_nothing_else() -> None:
    """The journal keeps the rest where it is; it goes on behind the last entry that is on the disk."""
    command = sender.journalctl("s=1;i=2")
    matches = command[command.index("--after-cursor=s=1;i=2") + 1 :]
    assert matches[1::2] == ["+"] * (len(matches) // 2)
    assert matches[::2] == [*(f"SYSLOG_FACILITY={number}" for number in (0, 4, 10)), *(f"PRIORITY={number}" for number in range(5))]
    assert not [word for word in sender.journalctl("") if "cursor" in word]


def test_a_line_has_words_for_numbers_and_a_time_in_utc() -> None:
    """As the store keeps it, but for the time at which it came."""
    assert wire.decode(sender.line(ENTRY)) == {
        "sent": "2026-11-30T00:53:20.123456+00:00",
        "facility": "authpriv",
        "severity": "warning",
        "program": "sshd",
        "process": "17",
        "message": "Accepted publickey",
    }


def test_an_entry_that_is_no_utf8_is_there_twice_or_lacks_fields_is_a_line_all_the_same() -> None:
    """The journal takes anything from anybody on the server; nothing of it stops the sender."""
    odd = {
        "__REALTIME_TIMESTAMP": "1",
        "MESSAGE": [104, 105, 255],
        "SYSLOG_IDENTIFIER": ["a", "b"],
        "PRIORITY": "99",
        "SYSLOG_FACILITY": None,
    }
    line = wire.decode(sender.line(odd))
    assert line is not None
    assert (line["message"], line["program"], line["severity"], line["facility"], line["process"]) == ("hi\ufffd", "a", "info", "user", "")


def test_the_longest_line_fits() -> None:
    """A character is at most 12 bytes of JSON; a line that does not fit would be sent for ever."""
    long = sender.line(ENTRY | {"MESSAGE": "\U0001f512" * 20_000, "SYSLOG_IDENTIFIER": "\U0001f512" * 500})
    assert long.isascii()
    assert len(long) < wire.LINE_BYTES < wire.BATCH_BYTES
