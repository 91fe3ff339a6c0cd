"""Public keys as OpenSSH writes them, told apart by what they say of themselves (RFC 4253 section 6.6, PROTOCOL.u2f)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass

from infra.errors import QuestionError

HARDWARE = "sk-ssh-ed25519@openssh.com"
"""Ed25519 on a FIDO2 authenticator: the private half never leaves it."""
PLAIN = "ssh-ed25519"
"""Ed25519 in a file: authorities and the automation."""
LENGTH = 4
POINT = 32
"""Bytes of an Ed25519 public key (RFC 8032)."""
APPLICATION = "ssh:"
"""What the application of a key for SSH begins with; anything else is somebody's login to a web site."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key without its comment."""

    kind: str
    blob: bytes

    def __str__(self) -> str:
        """Write it as in ``authorized_keys``."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"

    @property
    def fingerprint(self) -> str:
        """The name of the key, as ``ssh-keygen -l`` and sshd's log write it."""
        return "SHA256:" + base64.b64encode(hashlib.sha256(self.blob).digest()).decode().rstrip("=")


def read(text: str, kind: str, where: str = "") -> PublicKey:
    """Read one public key of one kind. Raises :class:`QuestionError` for anything else, two keys included."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    words = lines[0].split() if len(lines) == 1 else []
    expected = f"one line: {kind} AAAA..."
    if len(words) < 2 or words[0] != kind:  # noqa: PLR2004 - kind and key; a comment may follow
        got = " and ".join(line.split()[0][:40] for line in lines[:3]) or "nothing"
        raise QuestionError.of("not a public key that can be used here", where=where, expected=expected, got=got, hint=_hint(kind))
    try:
        blob = base64.b64decode(words[1], validate=True)
        fields = tuple(_fields(blob))
    except (binascii.Error, ValueError) as error:
        raise QuestionError.of("this public key is damaged", where=where, expected=expected, got=str(error)) from error
    wrong = _wrong(kind, fields)
    if wrong:
        raise QuestionError.of("this public key is damaged or of another kind", where=where, expected=expected, got=wrong, hint=_hint(kind))
    return PublicKey(kind, blob)


def _wrong(kind: str, fields: tuple[bytes, ...]) -> str:
    """Say what is wrong with the fields of a key; nothing when all is as its kind demands."""
    parts = 3 if kind == HARDWARE else 2
    if len(fields) != parts:
        return f"{len(fields)} fields"
    if fields[0] != kind.encode():
        return f"a key that calls itself {fields[0].decode(errors='replace')}"
    if len(fields[1]) != POINT:
        return f"{len(fields[1])} bytes of key"
    if kind == HARDWARE and not fields[2].startswith(APPLICATION.encode()):
        return f"the application {fields[2].decode(errors='replace')}"
    return ""


def _fields(blob: bytes) -> list[bytes]:
    """Take the key apart: each field has its length before it (RFC 4251 section 5, ``string``)."""
    found, rest = [], blob
    while rest:
        size = int.from_bytes(rest[:LENGTH])
        if len(rest) < LENGTH + size:
            message = "a field that ends too early"
            raise ValueError(message)
        found.append(rest[LENGTH : LENGTH + size])
        rest = rest[LENGTH + size :]
    return found


def _hint(kind: str) -> str:
    if kind == HARDWARE:
        return "make a key on a FIDO2 authenticator with: ssh-keygen -t ed25519-sk -O resident -O verify-required"
    return ""
