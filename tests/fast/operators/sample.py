"""Keys, moments and files of operators, for tests; no key here is anybody's."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from infra.operators.changes import Wish, certified
from infra.operators.public_keys import HARDWARE, PLAIN, PublicKey
from infra.operators.registry import Authority, Certificate, Registry
from infra.operators.roles import Role

NOW = datetime(2026, 11, 29, 20, 30, 5, tzinfo=UTC)


def field(*parts: bytes) -> bytes:
    """Return fields as a key holds them."""
    return b"".join(len(part).to_bytes(4) + part for part in parts)


def hardware(number: int = 1, application: bytes = b"ssh:") -> PublicKey:
    """Return the public half of a key on an authenticator."""
    return PublicKey(HARDWARE, field(HARDWARE.encode(), bytes([number] * 32), application))


def plain(number: int = 1) -> PublicKey:
    """Return the public half of a key in a file."""
    return PublicKey(PLAIN, field(PLAIN.encode(), bytes([number] * 32)))


def text_of(kind: str, blob: bytes) -> str:
    """Return a line of ``authorized_keys``."""
    return f"{kind} {base64.b64encode(blob).decode()} somebody"


EMPTY = Registry(authority=Authority(operators=str(plain(8)), hosts=str(plain(9))))


def with_certificate(registry: Registry, operator: str, number: int, tenant: str = "acme") -> tuple[Registry, Certificate]:
    """Return a file with one more certificate."""
    return certified(registry, Wish(operator, tenant, Role.ADMIN, hardware(number)), NOW)
