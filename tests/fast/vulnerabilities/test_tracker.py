"""Debian's data is read as a whole or not at all: whatever is not understood is refused with its line."""

from __future__ import annotations

import zlib

import pytest

from infra.errors import QuestionError
from infra.vulnerabilities import tracker
from infra.vulnerabilities.tracker import Entry, Severity
from tests.fast.vulnerabilities.publishing import Row, packed, text

pytestmark = pytest.mark.fast
ROWS = (
    Row("CVE-2026-1000", "openssl", "SHRF", "3.5.2-1", "3.0.17-1~deb12u3 3.5.1-1+deb13u1", "an overflow, remote"),
    Row("TEMP-0000001-ABCDEF", "bash", "S ? ", ""),
    Row("CVE-2025-12345", "libfoo1", "BL  ", "1.2"),
)
GOOD = text(ROWS)


def test_everything_that_is_published_is_read() -> None:
    """Every field of every kind of entry, a description with commas, and the newest year."""
    data = tracker.read(packed(ROWS), "trixie")
    assert data.entries["openssl"] == (
        Entry(
            "CVE-2026-1000",
            "an overflow, remote",
            "openssl",
            binary=False,
            severity=Severity.HIGH,
            remote=True,
            fixed=True,
            unstable="3.5.2-1",
            others=("3.0.17-1~deb12u3", "3.5.1-1+deb13u1"),
        ),
    )
    bash, foo = data.entries["bash"][0], data.entries["libfoo1"][0]
    assert (bash.severity, bash.remote, bash.fixed, bash.unstable, bash.others) == (Severity.UNASSIGNED, None, False, "", ())
    assert (foo.binary, foo.severity, foo.remote) == (True, Severity.LOW, False)
    assert data.year == 2026
    assert tracker.read(packed(ROWS, ""), "trixie").entries.keys() == data.entries.keys()


@pytest.mark.parametrize(
    ("installed", "concerned"),
    [("3.5.1-1", True), ("3.5.1-1+deb13u1", False), ("3.5.1-1+deb13u2", True), ("3.5.2-1", False), ("3.5.2-1+b1", False)],
)
def test_a_version_is_free_of_it_from_unstables_on_or_where_it_is_named(installed: str, concerned: bool) -> None:  # noqa: FBT001 - of a table
    """A later version of the release that the data does not name is not believed to be mended: the data would name it."""
    assert tracker.read(packed(ROWS), "trixie").entries["openssl"][0].concerns(installed) is concerned


BAD = {
    "another version of the format": (GOOD.replace("VERSION 1", "VERSION 2"), ":1"),
    "a name that is none": (GOOD.replace("CVE-2026-1000,,", "cve,,"), ":2"),
    "flags of a vulnerability": (GOOD.replace("CVE-2026-1000,,", "CVE-2026-1000,X,"), ":2"),
    "no description": (GOOD.replace("CVE-2026-1000,,an overflow, remote", "CVE-2026-1000"), ":2"),
    "an index of nothing": (GOOD.replace("bash,1,", "bash,7,"), ":7"),
    "an index below nothing": (GOOD.replace("bash,1,", "bash,-1,"), ":7"),
    "another kind": (GOOD.replace(",SHRF,", ",XHRF,"), ":6"),
    "another urgency": (GOOD.replace(",SHRF,", ",SXRF,"), ":6"),
    "another reach": (GOOD.replace(",SHRF,", ",SHXF,"), ":6"),
    "another word for fixed": (GOOD.replace(",SHRF,", ",SHRX,"), ":6"),
    "a flag too many": (GOOD.replace(",SHRF,", ",SHRFF,"), ":6"),
    "a version that is none": (GOOD.replace("3.5.2-1", "3.5_2"), ":6"),
    "another version that is none": (GOOD.replace("3.5.1-1+deb13u1", "3.5.1-"), ":6"),
    "a field too many": (GOOD.replace(",1.2,", ",1.2,,"), ":8"),
    "nothing behind the entries": (GOOD.split("\n\nopenssl,l")[0] + "\n", ":end"),
    "half a line": (GOOD.rstrip("\n"), ":end"),
    "no list of entries": (GOOD.split("\n\n")[0] + "\n", ":end"),
    "no end of the entries": (GOOD.split("\n\nopenssl,l")[0], ":end"),
    "a source without packages' comma": (GOOD.replace("openssl,libssl3t64 openssl", "openssl"), ":10"),
    "something behind the end": (GOOD + "\nmore\n", ":12"),
    "no entry": ("VERSION 1\n\n\n", "never does"),
}


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_what_is_not_understood_is_refused_with_its_line(bad: tuple[str, str]) -> None:
    """Nothing is left out, and no list is taken for an empty one."""
    with pytest.raises(QuestionError) as error:
        tracker.read(zlib.compress(bad[0].encode()), "trixie")
    assert bad[1] in str(error.value)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "not whole"),
        (b"VERSION 1\n", "unpacked"),
        (packed(ROWS)[:-9], "not whole"),
        (packed(ROWS) + b"x", "not whole"),
        (zlib.compress(b"\xff"), "unpacked"),
    ],
)
def test_what_is_not_packed_as_it_should_be_is_refused(raw: bytes, words: str) -> None:
    """Nothing at all, no packed data, half of it, more behind it, no text."""
    with pytest.raises(QuestionError, match=words):
        tracker.read(raw, "trixie")


def test_data_that_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mirror cannot fill the memory."""
    monkeypatch.setattr(tracker, "MOST_TEXT", 1000)
    with pytest.raises(QuestionError, match="too large"):
        tracker.read(zlib.compress(b"VERSION 1\n" + b"x" * 2000), "trixie")
