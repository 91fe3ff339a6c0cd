"""What sender and store agree on: lines, batches of lines, and the answer to a batch.

A batch is a decimal number of bytes, a line feed, and as many bytes: whole lines, each a JSON object in ASCII and a line feed. The answer
is ``ok``, a space, the same number and a line feed, and it comes after the batch is on the store's disk. There is no other word either way.
"""

from __future__ import annotations

import json
import ssl
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import BinaryIO

FILES = "/run/ringfence/files"
AUTHORITY, CERTIFICATE, KEY, REVOKED = (f"{FILES}/pki/{name}.pem" for name in ("ca", "certificate", "key", "revoked"))

FIELDS = ("sent", "facility", "severity", "program", "process", "message")
"""What a line says of itself; the store puts ``received`` before it, and where it came from is its place."""
SHORT, MESSAGE = 64, 8192
"""Characters that are kept of a field, and of the message."""
LINE_BYTES = 128 * 1024
"""More than any line of a sender: a character is at most 12 bytes of JSON."""
BATCH_BYTES = 256 * 1024
HEADER_BYTES = 12


class WireError(Exception):
    """The other side does not keep to the protocol."""


class PapersError(Exception):
    """This server's own files are not what it needs to show itself to others or to believe them."""


def context(purpose: int) -> ssl.SSLContext:
    """TLS 1.3 with this server's certificate; the other side needs one of the platform's authority that was not taken back.

    A list of another authority, or one that has ended, lets nobody in, as OpenSSL says then. Raises :class:`PapersError` without a list.
    """
    made = ssl.SSLContext(purpose)
    made.minimum_version = ssl.TLSVersion.TLSv1_3
    made.verify_mode = ssl.CERT_REQUIRED
    made.load_verify_locations(AUTHORITY)
    try:
        made.load_verify_locations(REVOKED)
    except OSError as error:
        raise PapersError(f"{REVOKED}: no list of revoked certificates, so nobody is believed: {error}") from error
    made.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    made.load_cert_chain(CERTIFICATE, KEY)
    return made


def encode(fields: dict[str, str]) -> bytes:
    """A line as it travels and as it is kept: ASCII, so that no character of it is one of a terminal."""
    return json.dumps(fields, ensure_ascii=True).encode("ascii") + b"\n"


def decode(line: bytes) -> dict[str, str] | None:
    """What a line says, cut to its limits; ``None`` when it is no line of a sender."""
    try:
        found: Any = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or not all(isinstance(found.get(name), str) for name in FIELDS):
        return None
    return {name: found[name][: MESSAGE if name == "message" else SHORT] for name in FIELDS}


def read_batch(stream: BinaryIO) -> bytes | None:
    """Read one batch; ``None`` when the sender has closed. Raises :class:`WireError`."""
    header = stream.readline(HEADER_BYTES)
    if not header:
        return None
    size = int(header[:-1]) if header.endswith(b"\n") and header[:-1].isdigit() else 0
    if not 0 < size <= BATCH_BYTES:
        raise WireError("no batch")
    batch = stream.read(size)
    if len(batch) != size or not batch.endswith(b"\n"):
        raise WireError("half a batch")
    return batch


def answer(size: int) -> bytes:
    """What the store says when it has a batch."""
    return b"ok %d\n" % size


def moment(seconds: float) -> str:
    """A time as RFC 3339 has it, in UTC with microseconds."""
    whole, micro = divmod(int(seconds * 1_000_000), 1_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{micro:06d}+00:00"
