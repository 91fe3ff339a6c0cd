"""The passwords of one lab: random, kept in a file of mode 0600, handed on by files and environment, never as arguments."""

from __future__ import annotations

import base64
import json
import os
import secrets
import struct
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from labcloud.apis import SERVICE_USERS
from labcloud.credentials.ceph_accounts import ACCOUNTS

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """Passwords of the administrator, the message bus and each service user; Barbican's key-encryption key; keys of Ceph's accounts."""

    administrator: str
    bus: str
    key_encryption_key: str
    services: dict[str, str]
    storage: dict[str, str]

    @classmethod
    def fresh(cls) -> Secrets:
        """Draw new ones."""
        return cls(
            administrator=secrets.token_urlsafe(24),
            bus=secrets.token_urlsafe(24),
            # Fernet, which Barbican's simple_crypto uses, asks for 32 bytes in URL-safe base64.
            key_encryption_key=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            services={user: secrets.token_urlsafe(24) for user in SERVICE_USERS},
            storage={account.name: ceph_key() for account in ACCOUNTS},
        )

    @classmethod
    def kept_in(cls, file: Path) -> Secrets:
        """Read the lab's secrets, or draw and keep them on the first call."""
        if not file.exists():
            drawn = cls.fresh()
            write_private(file, json.dumps(asdict(drawn), indent=1) + "\n")
            return drawn
        return cls(**json.loads(file.read_text()))


def ceph_key() -> str:
    """Draw a key as `ceph-authtool --gen-print-key` does: type (AES), time of its making in two numbers, length, then 16 random bytes."""
    return base64.b64encode(struct.pack("<hIIh", 1, int(time.time()), 0, 16) + secrets.token_bytes(16)).decode()


def write_private(file: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)
    draft.replace(file)
