"""Debian's data as an operator brings it: a file, or a mirror of their own. It is read, and never run."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from infra.errors import QuestionError
from infra.vulnerabilities import tracker

if TYPE_CHECKING:
    from pathlib import Path

    from infra.vulnerabilities.tracker import Data

MOST: Final = 64 * 2**20
"""Bytes of the packed data: some twenty times what Debian publishes."""
SILENCE: Final = 20.0
"""Seconds that a mirror may say nothing."""
WHOLE: Final = 120.0
"""Seconds that it may take as a whole."""
CHUNK: Final = 2**20
SKEW: Final = timedelta(minutes=10)
"""How far clocks may be apart."""
GRACE: Final = timedelta(days=45)
"""How long into a year there may be no CVE of it yet."""
SCHEMES: Final = ("http", "https")
_HINT: Final = "name a file, or the address of your own mirror of debsecan/release/1/RELEASE"


@dataclass(frozen=True, slots=True)
class Published:
    """The data, the day that it is of, and the release that it is for; ``source`` is where it was read."""

    source: str
    release: str
    day: datetime
    data: Data

    def age(self, now: datetime) -> timedelta:
        """Return how old it is."""
        return max(now - self.day, timedelta())


def published(source: str, most_days: int, now: datetime, beside: Path) -> Published:
    """Read the data from a file, relative to ``beside``, or from a URL. Raises :class:`QuestionError` when it is not fit for use."""
    if "://" in source:
        release = _release(urlsplit(source).path, source)
        raw, day = _fetched(source)
    else:
        release = _release(source, source)
        raw, day = _file(beside / source)
    if day > now + SKEW:
        got = f"{day:%Y-%m-%d %H:%M} UTC"
        raise _unusable(source, "the data is of a time to come", "the time at which Debian published it", got)
    if now - day > timedelta(days=most_days):
        expected = f"at most {most_days} days (services.status.tracker)"
        raise _unusable(source, "the data is too old", expected, f"{day:%Y-%m-%d}, {(now - day).days} days ago")
    data = tracker.read(raw, source)
    if data.year is None or data.year < (day - GRACE).year:
        got = f"its newest CVE is of {data.year or 'no year'}"
        raise _unusable(source, f"the data cannot be of {day:%Y-%m-%d}", f"CVEs of {(day - GRACE).year}", got)
    return Published(source, release, day, data)


def _release(path: str, source: str) -> str:
    """Return the release that the last part of a path names, as the tracker has it; the data itself does not say."""
    name = path.rpartition("/")[2].partition(".")[0]
    if not name.isalnum() or not name.islower():
        raise _unusable(source, "its name does not say which release it is for", "a last part such as trixie", name)
    return name


def _file(place: Path) -> tuple[bytes, datetime]:
    """Read a file; its day is when it was written last, so a copy must keep that time."""
    try:
        if not place.is_file():
            raise _unusable(str(place), "there is no such file", "a file with the data of Debian's tracker")
        with place.open("rb") as stream:
            raw = stream.read(MOST + 1)
        day = datetime.fromtimestamp(place.stat().st_mtime, UTC)
    except OSError as error:
        raise _unusable(str(place), "the data cannot be read", "a file that may be read", error.strerror or str(error)) from error
    return _within(raw, str(place)), day


HANDLERS: Final[tuple[type[urllib.request.BaseHandler], ...]] = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.HTTPErrorProcessor,
)
"""All that fetching needs: no other protocol, no cookies, no passwords, and no redirection."""
ELSEWHERE: Final = range(300, 400)
"""Answers of a mirror that sends us to another place."""


def _fetched(url: str) -> tuple[bytes, datetime]:
    """Fetch a URL; its day is what the mirror says of when it was changed last."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise _unusable(
            parts.hostname or parts.scheme, "not an address of a mirror", "http or https, a host and a path, without a name or a password"
        )
    opener = urllib.request.OpenerDirector()
    for handler in HANDLERS:
        opener.add_handler(handler())
    end = time.monotonic() + WHOLE
    raw = b""
    try:
        with opener.open(url, timeout=SILENCE) as answer:
            changed = answer.headers.get("Last-Modified")
            while chunk := answer.read1(CHUNK):
                raw += chunk
                _within(raw, url)
                if time.monotonic() > end:
                    raise _unusable(url, "the mirror takes too long", f"at most {WHOLE:.0f} s")
            wanted = answer.headers.get("Content-Length")
    except urllib.error.HTTPError as error:
        what = "the mirror sends us elsewhere, and we do not follow" if error.code in ELSEWHERE else "the mirror does not have it"
        to = f" {error.headers.get('Location', '')}" if error.code in ELSEWHERE else ""
        raise _unusable(url, what, "the data itself", f"{error.code} {error.reason}{to}") from error
    except (OSError, HTTPException) as error:
        got = f"{type(error).__name__}: {getattr(error, 'reason', error)}"
        raise _unusable(url, "the mirror does not answer", "an answer over HTTP", got) from error
    if wanted is not None and wanted != str(len(raw)):
        raise _unusable(url, "the answer is not whole", f"{wanted} bytes", str(len(raw)))
    return raw, _day(changed, url)


def _day(changed: str | None, url: str) -> datetime:
    try:
        day = parsedate_to_datetime(changed or "")
    except ValueError as error:
        expected = "a header Last-Modified"
        raise _unusable(url, "the mirror does not say of when the data is", expected, changed or "") from error
    return day if day.tzinfo else day.replace(tzinfo=UTC)


def _within(raw: bytes, source: str) -> bytes:
    if len(raw) > MOST:
        raise _unusable(source, "it is too large", f"at most {MOST:,} bytes")
    return raw


def _unusable(source: str, what: str, expected: str, got: str = "") -> QuestionError:
    return QuestionError.of(f"vulnerabilities cannot be told: {what}", where=source, expected=expected, got=got, hint=_HINT)
