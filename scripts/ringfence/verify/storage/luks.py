"""Read a LUKS header: which cipher, and how long its key is. Pure.

LUKS1: "LUKS On-Disk Format Specification Version 1.2.3", section 2.1. LUKS2: "LUKS2 On-Disk Format Specification Version 1.1.1",
sections 2.1 and 3.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass

from infra.errors import CloudError

MAGIC = b"LUKS\xba\xbe"
HEADER2 = 4096
CIPHER = "aes-xts-plain64"
SIZE = 1 << 16
"""Bytes that are enough to read either header."""
XTS_256_BYTES = 64
"""XTS has two keys (IEEE 1619): AES-256-XTS has 512 bits of key, whatever number a volume type's ``key_size`` says."""


@dataclass(frozen=True, slots=True)
class Luks:
    """What a header says."""

    version: int
    cipher: str
    key_bytes: int

    @property
    def is_aes_256_xts(self) -> bool:
        """Whether it is AES with 256 bits in XTS mode with a plain64 sector number."""
        return self.cipher == CIPHER and self.key_bytes == XTS_256_BYTES

    def __str__(self) -> str:
        """Render as ``LUKS1 aes-xts-plain64, 512 bits of key``."""
        return f"LUKS{self.version} {self.cipher}, {self.key_bytes * 8} bits of key"


def read(data: bytes) -> Luks | None:
    """Return what the first :data:`SIZE` bytes of a volume say, ``None`` when there is no LUKS header.

    Raises :class:`CloudError` when there is one that says nothing of its cipher.
    """
    if not data.startswith(MAGIC):
        return None
    try:
        return _read(data)
    except (ValueError, LookupError, TypeError, AttributeError, struct.error) as problem:
        raise CloudError.of("the LUKS header cannot be read", expected=CIPHER, got=f"{type(problem).__name__}: {problem}") from problem


def _read(data: bytes) -> Luks:
    version = struct.unpack_from(">H", data, 6)[0]
    if version == 1:
        name, mode = (data[start : start + 32].rstrip(b"\0").decode("ascii") for start in (8, 40))
        return Luks(1, f"{name}-{mode}", struct.unpack_from(">I", data, 108)[0])
    text = data[HEADER2:].split(b"\0", 1)[0]
    tree = json.loads(text)
    ciphers = {segment["encryption"] for segment in tree["segments"].values()}
    sizes = {slot["key_size"] for slot in tree["keyslots"].values()}
    return Luks(version, " and ".join(sorted(ciphers)), min(sizes))
