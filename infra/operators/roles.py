"""What an operator may be on a server, and the words for it that a certificate carries (its principals)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AUTOMATION = "ringfence"
"""The account of the automation, in the image; no operator's certificate opens it."""
BASTION_ACCOUNT = "rf-through"
"""The operators' account on the bastion: connections to servers pass through it, and it has no shell."""
THROUGH = "through-the-bastion"
"""The principal of every certificate, that the bastion asks for; it opens no server."""


class Role(StrEnum):
    """What an operator may do on a server."""

    ADMIN = "admin"
    OBSERVER = "observer"

    @property
    def account(self) -> Account:
        """The accounts behind the role."""
        return ACCOUNTS[self]


@dataclass(frozen=True, slots=True)
class Account:
    """Where an operator logs in, and who the recorded session then runs as. Nobody ever has a shell as ``login``."""

    login: str
    work: str


ACCOUNTS = {Role.ADMIN: Account("rf-admin", "root"), Role.OBSERVER: Account("rf-observer", "rf-observing")}
"""No two roles share a login: sshd tells them apart by the account that is asked for."""


def principal(role: Role, tenant: str) -> str:
    """Return the principal that opens a role's account on a tenant's servers; ``@`` is in no name, so none can be read in two ways."""
    return f"{role}@{tenant}"


def principals(role: Role, tenant: str) -> tuple[str, str]:
    """Return the principals of a certificate: through the bastion, and one role at one tenant."""
    return THROUGH, principal(role, tenant)
