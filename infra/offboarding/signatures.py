"""Whose key made a signature of `ssh-keygen -Y sign` (OpenSSH, PROTOCOL.sshsig): two signatures of one key are one person's. Pure."""

from __future__ import annotations

import base64
import struct
from enum import StrEnum

from infra.errors import QuestionError

MAGIC = b"SSHSIG"
FIRST, LAST = "-----BEGIN SSH SIGNATURE-----", "-----END SSH SIGNATURE-----"
_LENGTH = len(MAGIC) + 4


class Signer(StrEnum):
    """Who signs."""

    RUN_BY = "run-by"
    VERIFIED_BY = "verified-by"


def public_key(armored: str, where: str) -> bytes:
    """Return the public key that a signature carries. Raises :class:`QuestionError` for what is no signature."""
    lines = armored.strip().splitlines() or [""]
    try:
        blob = base64.b64decode("".join(lines[1:-1]), validate=True)
        (size,) = struct.unpack_from(">I", blob, _LENGTH)
    except (ValueError, struct.error) as error:
        raise _none(where, str(error)) from error
    key = blob[_LENGTH + 4 : _LENGTH + 4 + size]
    if (lines[0], lines[-1]) != (FIRST, LAST) or not blob.startswith(MAGIC) or len(key) != size or not key:
        raise _none(where, lines[0])
    return key


def _none(where: str, got: str) -> QuestionError:
    return QuestionError.of("this is no signature", where=where, expected="what `ssh-keygen -Y sign` writes", got=got)


def refuse_one_person(new: str, others: dict[str, str]) -> None:
    """Raise :class:`QuestionError` when the key of a signature has made one of the others, by their names, too."""
    key = public_key(new, "the new signature")
    for name, text in others.items():
        if public_key(text, name) == key:
            hint = "let somebody else sign, with another key"
            raise QuestionError.of(
                "one key signs for both: who ran the removal verifies it, too", where=name, expected="two people", hint=hint
            )
