"""What may be asked of the operators' file: a certificate for somebody, and an end to certificates. Pure: the moment is handed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from infra.declaration.values import A_NAME, NAME
from infra.errors import QuestionError
from infra.operators.registry import Certificate, Registry, Revocation
from infra.operators.roles import principals

if TYPE_CHECKING:
    from infra.operators.public_keys import PublicKey
    from infra.operators.roles import Role

DAYS, LONGEST = 7, 30
"""How long a certificate lives when nobody says, and at the most."""
BEFORE = timedelta(minutes=5)
"""How far a certificate begins in the past: clocks of servers may be behind."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom somebody wants certified, and for what."""

    operator: str
    tenant: str
    role: Role
    key: PublicKey
    days: int = DAYS


def certified(registry: Registry, wish: Wish, now: datetime) -> tuple[Registry, Certificate]:
    """Return the file with one more certificate, and that certificate.

    Raises:
        QuestionError: the life is too long, the key is revoked, or it is another operator's: a log that names two people names nobody.
    """
    if not 1 <= wish.days <= LONGEST:
        raise QuestionError.of("no such life of a certificate", expected=f"1 to {LONGEST} days", got=f"{wish.days} days")
    key = str(wish.key)
    if registry.is_key_revoked(key):
        hint = "make a new key: a key that was revoked never comes back"
        raise QuestionError.of("this key is revoked", where=wish.key.fingerprint, expected="a key that is not", hint=hint)
    others = sorted({one.operator for one in registry.certificates if one.key == key} - {wish.operator})
    if others:
        expected = f"a key of {wish.operator} alone"
        raise QuestionError.of("this key is somebody else's", where=wish.key.fingerprint, expected=expected, got=f"{others[0]}'s key")
    if re.fullmatch(NAME, wish.operator) is None:
        raise QuestionError.of("no name of an operator", where=wish.operator, expected=A_NAME)
    begins = now.replace(microsecond=0) - BEFORE
    certificate = Certificate(
        serial=registry.next_serial(now),
        operator=wish.operator,
        tenant=wish.tenant,
        role=wish.role,
        key=key,
        since=begins,
        until=begins + BEFORE + timedelta(days=wish.days),
    )
    return Registry(authority=registry.authority, certificates=(*registry.certificates, certificate), revoked=registry.revoked), certificate


@dataclass(frozen=True, slots=True)
class Ending:
    """Whose certificates end: all of an operator's with the keys, or those at one tenant, or one by its serial."""

    operator: str
    by: str
    reason: str
    tenant: str | None = None
    serial: int | None = None


def revoked(registry: Registry, ending: Ending, now: datetime) -> tuple[Registry, tuple[Revocation, ...]]:
    """Return the file with the revocations that are new, and these. Those that are there already are not said twice.

    Raises:
        QuestionError: nobody of that name has such a certificate.
    """
    theirs = [one for one in registry.certificates if one.operator == ending.operator]
    meant = [one for one in theirs if ending.tenant in {None, one.tenant} and ending.serial in {None, one.serial}]
    if not meant:
        what = "nobody of this name has such a certificate"
        known = ", ".join(sorted({one.operator for one in registry.certificates})) or "somebody who was added before"
        got = ", ".join(f"{one.serial} at {one.tenant}" for one in theirs) or "none"
        raise QuestionError.of(what, where=ending.operator, expected=known if not theirs else "one of theirs", got=got)
    gone_serials = {one.serial for one in registry.revoked}
    gone_keys = {one.key for one in registry.revoked}
    serials = [one.serial for one in meant if one.serial not in gone_serials]
    whole = ending.tenant is None and ending.serial is None
    keys = [key for key in dict.fromkeys(one.key for one in meant) if key not in gone_keys] if whole else []
    at = now.replace(microsecond=0)
    new = (
        *(Revocation(serial=serial, at=at, by=ending.by, reason=ending.reason) for serial in serials),
        *(Revocation(key=key, at=at, by=ending.by, reason=ending.reason) for key in keys),
    )
    return Registry(authority=registry.authority, certificates=registry.certificates, revoked=(*registry.revoked, *new)), new


def revocation_list(registry: Registry) -> str:
    """Return what ``ssh-keygen -k`` makes the list for the servers from (ssh-keygen(1), KEY REVOCATION LISTS)."""
    serials = sorted({one.serial for one in registry.revoked if one.serial})
    keys = sorted({one.key for one in registry.revoked if one.key})
    return "".join([*(f"serial: {serial}\n" for serial in serials), *(f"key: {key}\n" for key in keys)])


def signing(certificate: Certificate) -> tuple[str, ...]:
    """Return the options of ``ssh-keygen -s`` for a certificate, without the authority and the key's file; times are UTC.

    The certificate itself demands the PIN (``verify-required``), so a server that forgets to ask for it still gets it. It permits a
    terminal, and a connection through the bastion; a server forwards nothing all the same.
    """
    life = f"{certificate.since:%Y%m%d%H%M%S}:{certificate.until:%Y%m%d%H%M%S}"
    wanted = ("clear", "permit-pty", "permit-port-forwarding", "verify-required")
    return (
        *("-I", certificate.operator, "-n", ",".join(principals(certificate.role, certificate.tenant))),
        *("-z", str(certificate.serial), "-V", life),
        *(word for option in wanted for word in ("-O", option)),
    )
