"""Data is read from a file or a mirror, and used only when its release and its day are known and it is young enough."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.errors import QuestionError
from ringfence.health.vulnerabilities import data
from ringfence.health.vulnerabilities.data import Published, published
from tests.fast.vulnerabilities.publishing import Row, packed

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.fast
NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
DAY = NOW - timedelta(days=2)
RAW = packed([Row("CVE-2026-1001", "openssl")])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Data of two days ago."""
    return put(tmp_path / "trixie")


def put(place: Path, raw: bytes = RAW, day: datetime = DAY) -> Path:
    """Write data of a day."""
    place.write_bytes(raw)
    os.utime(place, (day.timestamp(), day.timestamp()))
    return place


def read(source: str | Path, beside: Path = Path()) -> Published:
    """Read data of at most three days ago."""
    return published(str(source), 3, NOW, beside)


def test_a_file_is_of_the_day_at_which_it_was_written_and_of_the_release_that_its_name_says(file: Path) -> None:
    """Absolute, or from a folder on; a suffix is no part of the name."""
    found = read(file)
    assert (found.release, found.day, found.age(NOW)) == ("trixie", DAY, timedelta(days=2))
    assert read("trixie", file.parent).release == "trixie"
    assert read(put(file.parent / "sid.z")).release == "sid"
    assert set(found.data.entries) == {"openssl"}


@pytest.mark.parametrize(
    ("name", "raw", "day", "words"),
    [
        ("trixie", RAW, NOW - timedelta(days=3, minutes=1), "too old"),
        ("trixie", RAW, NOW + timedelta(minutes=11), "a time to come"),
        ("trixie", packed([Row("CVE-2025-9999", "openssl")]), DAY, "cannot be of 2026-11-28"),
        ("trixie", packed([Row("TEMP-1-A", "openssl")]), DAY, "cannot be of"),
        ("trixie", b"", DAY, "not whole"),
        ("GENERIC", RAW, DAY, "which release"),
        ("2026-11-30.z", RAW, DAY, "which release"),
    ],
)
def test_data_that_is_not_fit_for_use_is_refused(tmp_path: Path, name: str, raw: bytes, day: datetime, words: str) -> None:
    """Too old, of tomorrow, of another year than its time says, empty, of no release."""
    with pytest.raises(QuestionError, match=words):
        read(put(tmp_path / name, raw, day))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    """So is a folder in its place, and one that is too large."""
    (tmp_path / "sid").mkdir()
    for name in ("trixie", "sid"):
        with pytest.raises(QuestionError, match="there is no such file"):
            read(tmp_path / name)


def test_a_file_that_is_too_large_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it is unpacked."""
    monkeypatch.setattr(data, "MOST", len(RAW) - 1)
    with pytest.raises(QuestionError, match="too large"):
        read(file)


@contextmanager
def mirror(status: int = 200, **headers: str) -> Iterator[str]:
    """A mirror that answers everything alike; the address of its data."""
    own = {"Last-Modified": format_datetime(DAY, usegmt=True), "Content-Length": str(len(RAW))}
    own |= {name.replace("_", "-"): value for name, value in headers.items()}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the library's own name
            self.send_response(status)
            for name, value in own.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(RAW)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/debsecan/release/1/trixie"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_mirror_says_of_which_day_its_data_is() -> None:
    """By the header that every server of files sends."""
    with mirror() as url:
        found = read(url)
    assert (found.release, found.day, set(found.data.entries)) == ("trixie", DAY, {"openssl"})


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (404, {}, "does not have it"),
        (500, {}, "does not have it"),
        (302, {"Location": "/debsecan/release/1/trixie"}, "sends us elsewhere"),
        (308, {"Location": "https://elsewhere.example.net/trixie"}, "sends us elsewhere"),
        (200, {"Last_Modified": ""}, "of when the data is"),
        (200, {"Last_Modified": "yesterday"}, "of when the data is"),
        (200, {"Content_Length": str(len(RAW) + 1)}, "not (whole|answer)"),
        (200, {"Last_Modified": "Mon, 02 Nov 2026 10:00:00 GMT"}, "too old"),
    ],
)
def test_an_answer_that_is_not_the_data_is_refused(status: int, headers: dict[str, str], words: str) -> None:
    """No data, data elsewhere, of no day, cut short, too old."""
    with mirror(status=status, **headers) as url, pytest.raises(QuestionError, match=words):
        read(url)


def test_an_answer_that_does_not_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is too large, and when it takes too long."""
    with mirror() as url:
        monkeypatch.setattr(data, "WHOLE", -1.0)
        with pytest.raises(QuestionError, match="takes too long"):
            read(url)
        monkeypatch.setattr(data, "MOST", len(RAW) - 1)
        with pytest.raises(QuestionError, match="too large"):
            read(url)


def test_a_mirror_that_is_not_there_is_said() -> None:
    """With what the system says of it."""
    with mirror() as url:
        pass
    with pytest.raises(QuestionError, match="does not answer"):
        read(url)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://mirror.example.net/trixie",
        "file:///etc/trixie",
        "http:///trixie",
        "http://a:b@host/trixie",
        "http://host/trixie?x=y",
    ],
)
def test_only_plain_addresses_are_asked(url: str) -> None:
    """No other protocol, no password that would be shown, nothing that a mirror would compute with."""
    with pytest.raises(QuestionError, match="not an address") as error:
        read(url)
    assert "a:b" not in str(error.value)
