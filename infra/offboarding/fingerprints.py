"""What tells the copies of one encrypted volume from all others: the LUKS UUID, and the digest of the master key. Pure.

Every copy that the storage makes block by block keeps both, whatever secret opens its key slots: backups, restored volumes, clones. So the
fingerprints of a tenant's copies find whatever is left of them, under any name. LUKS1: "LUKS On-Disk Format Specification Version 1.2.3",
section 2.1. LUKS2: "LUKS2 On-Disk Format Specification Version 1.1.1", sections 2.1 and 3.
"""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import msgspec

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Iterable

MAGIC = b"LUKS\xba\xbe"
SIZE = 1 << 16
"""Bytes that are enough to read either header."""
AES_256_XTS = "aes-xts-plain64, 512 bits of key"
_VERSION, _CIPHER, _MODE, _KEY_BYTES, _DIGEST, _UUID = 6, 8, 40, 108, 112, 168
_DIGEST_SIZE, _UUID_SIZE, _NAME_SIZE = 20, 40, 32
_TREE, _FIRST_TREE_END = 4096, 8


class Fingerprint(msgspec.Struct, frozen=True):
    """What a header says of the volume: its UUID, the digests of its master key in hexadecimal, and its cipher."""

    uuid: str
    digests: tuple[str, ...]
    cipher: str

    def same_key(self, others: Iterable[Fingerprint]) -> bool:
        """Whether one of the others has this UUID or the digest of this master key."""
        return any(self.uuid == other.uuid or not set(self.digests).isdisjoint(other.digests) for other in others)

    def __str__(self) -> str:
        """Render for a page."""
        return f"LUKS UUID {self.uuid}, master-key digest {' '.join(self.digests)}"


def read(head: bytes) -> Fingerprint | None:
    """Return the fingerprint of a volume by its first bytes, ``None`` when there is no LUKS header.

    Raises :class:`CloudError` when there is one that does not say which volume it is: nothing could be found by it again.
    """
    if not head.startswith(MAGIC):
        return None
    try:
        found = _read(head)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as problem:
        got = f"{type(problem).__name__}: {problem}"
        raise CloudError.of("the LUKS header cannot be read", expected="a UUID and the digest of a master key", got=got) from problem
    if not found.uuid or not found.digests or not all(found.digests):
        raise CloudError.of("the LUKS header names no volume", expected="a UUID and the digest of a master key", got=str(found))
    return found


def _read(head: bytes) -> Fingerprint:
    version = struct.unpack_from(">H", head, _VERSION)[0]
    uuid = _text(head, _UUID, _UUID_SIZE)
    if version == 1:
        digest = struct.unpack_from(f"{_DIGEST_SIZE}s", head, _DIGEST)[0]
        bits = struct.unpack_from(">I", head, _KEY_BYTES)[0] * 8
        cipher = f"{_text(head, _CIPHER, _NAME_SIZE)}-{_text(head, _MODE, _NAME_SIZE)}, {bits} bits of key"
        return Fingerprint(uuid, (digest.hex(),) if any(digest) else (), cipher)
    if version != 2:  # noqa: PLR2004 - the versions that there are
        message = f"version {version}"
        raise ValueError(message)
    end = struct.unpack_from(">Q", head, _FIRST_TREE_END)[0]
    tree: dict[str, Any] = json.loads(head[_TREE:end].split(b"\0", 1)[0])
    digests = sorted(base64.b64decode(each["digest"], validate=True).hex() for each in tree["digests"].values())
    ciphers = sorted({str(each["encryption"]) for each in tree["segments"].values()})
    bits = min(int(each["key_size"]) for each in tree["keyslots"].values()) * 8
    return Fingerprint(uuid, tuple(digests), f"{' and '.join(ciphers)}, {bits} bits of key")


def _text(head: bytes, start: int, size: int) -> str:
    raw: bytes = struct.unpack_from(f"{size}s", head, start)[0]
    return raw.split(b"\0", 1)[0].decode("ascii")
