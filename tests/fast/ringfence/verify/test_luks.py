from __future__ import annotations

import json
import struct

import pytest

from ringfence.verify.storage import luks

pytestmark = pytest.mark.fast


def header1(cipher: str = "aes", mode: str = "xts-plain64", key: int = 64) -> bytes:
    """Build the beginning of a LUKS1 header."""
    names = [name.encode().ljust(32, b"\0") for name in (cipher, mode, "sha256")]
    return luks.MAGIC + struct.pack(">H", 1) + b"".join(names) + struct.pack(">II", 4096, key) + b"\0" * 400


def header2(encryption: str = "aes-xts-plain64", size: int = 64) -> bytes:
    """Build the beginning of a LUKS2 header."""
    tree = {"segments": {"0": {"encryption": encryption}}, "keyslots": {"0": {"key_size": size}}}
    return (luks.MAGIC + struct.pack(">H", 2)).ljust(4096, b"\0") + json.dumps(tree).encode() + b"\0" * 100


@pytest.mark.parametrize("data", [header1(), header2()])
def test_aes_256_xts(data: bytes) -> None:
    """64 bytes of key in XTS mode are AES-256, in both versions of the header."""
    found = luks.read(data)
    assert found is not None
    assert found.is_aes_256_xts
    assert "512 bits of key" in str(found)


@pytest.mark.parametrize(
    "data", [header1(key=32), header1(mode="cbc-essiv:sha256"), header1("serpent"), header2(size=32), header2("aes-cbc-plain")]
)
def test_anything_else_is_not(data: bytes) -> None:
    """Half the key (AES-128), another mode and another cipher are found out."""
    found = luks.read(data)
    assert found is not None
    assert not found.is_aes_256_xts


def test_no_header() -> None:
    """A volume in the clear has no header."""
    assert luks.read(b"\0" * luks.SIZE) is None
