"""SSH keys of this machine: the automation's, and those of the authorities that certify operators and hosts. Each is made once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from infra.errors import GuestError
from infra.paths import authority_key, automation_key

if TYPE_CHECKING:
    from pathlib import Path

COMMENT = "ringfence-automation"
PRIVATE_MODE = 0o600
DIRECTORY_MODE = 0o700


@dataclass(frozen=True, slots=True)
class KeyPair:
    """Where the key pair lies, and whether it was made just now."""

    private: Path
    public: str
    created: bool


def ensure() -> KeyPair:
    """Return the automation's key pair; make it when there is none.

    Raises :class:`GuestError` when the private key is there and cannot be read as an unencrypted ed25519 key, or can be read by others.
    """
    return _ensure(automation_key(), COMMENT, "automation")


def ensure_authority(name: str) -> KeyPair:
    """Return the key pair of the authority ``operators`` or ``hosts``; make it when there is none. Raises as :func:`ensure`."""
    return _ensure(authority_key(name), f"ringfence-{name}", f"{name} authority")


def _ensure(file: Path, comment: str, whose: str) -> KeyPair:
    created = not file.exists()
    if created:
        _create(file)
    public = f"{_public_half(file, whose)} {comment}"
    half = file.with_suffix(".pub")
    if not half.exists() or half.read_text(encoding="utf-8").strip() != public:
        half.write_text(f"{public}\n", encoding="utf-8")
    return KeyPair(file, public, created)


def _create(file: Path) -> None:
    """Write a new private key in OpenSSH's format, readable by its owner from the first moment on."""
    file.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
    text = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    temporary = file.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(text)
    temporary.rename(file)


def _public_half(file: Path, whose: str) -> str:
    if file.stat().st_mode & 0o077:
        raise GuestError.of(
            f"the {whose}'s private key can be read by others",
            where=str(file),
            expected="mode 0600",
            got=oct(file.stat().st_mode & 0o777),
            hint=f"chmod 600 {file}, if nobody has read it; else delete it and its .pub and build the servers anew",
        )
    try:
        key = serialization.load_ssh_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        what, expected = f"the {whose}'s private key cannot be read", "an ed25519 key in OpenSSH's format, without a passphrase"
        raise GuestError.of(what, where=str(file), expected=expected, got=str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise GuestError.of(f"the {whose}'s private key is of another kind", where=str(file), expected="ed25519", got=type(key).__name__)
    return key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
