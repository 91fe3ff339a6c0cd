"""What an operator's certificate of the tests is to say, right or wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from infra.operators.registry import Certificate
from infra.operators.roles import Role


@dataclass(frozen=True, slots=True)
class Life:
    """What a certificate is to say."""

    serial: int
    tenant: str = "acme"
    role: Role = Role.ADMIN
    operator: str = "alice"
    since: timedelta = timedelta(minutes=-5)
    until: timedelta = timedelta(hours=1)

    def certificate(self, public: str) -> Certificate:
        """Return it for a key; no check of the key, for wrong ones are certified here as well."""
        now = datetime.now(UTC)
        return Certificate.model_construct(
            serial=self.serial,
            operator=self.operator,
            tenant=self.tenant,
            role=self.role,
            key=public,
            since=now + self.since,
            until=now + self.until,
        )
