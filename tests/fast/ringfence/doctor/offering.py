"""The recorded platform as one that declares services, which were not there when it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.declaration.services import Services
from tests.fast.declaration.declared import SERVICES

if TYPE_CHECKING:
    from tests.fast.ringfence.doctor.recorded import Case


def offering(case: Case, **changes: object) -> None:
    """Declare services on a platform that has been up without them."""
    case.platform(services=Services.model_validate(SERVICES | changes))
    assert case.made is not None
    case.made["platform"]["servers"].pop("platform-services", None)


def full(case: Case, read: str, resource: str) -> None:
    """Let the platform's project have one more of something, and no more."""
    row = case.seen["answers"][read]["body"]["quota_set"][resource]
    row["limit"] = row["in_use"] + row["reserved"] + 1
