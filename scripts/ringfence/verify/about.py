"""Where a result comes from: which cloud, which declarations, by whom, with which version. Ids only, never a secret."""

from __future__ import annotations

import contextlib
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError
from ringfence import cloud_errors

if TYPE_CHECKING:
    from openstack.connection import Connection

    from ringfence.fingerprint import Fingerprint


@dataclass(frozen=True, slots=True)
class About:
    """What a report is about. Empty is what nobody could tell."""

    version: str = ""
    auth_url: str = ""
    region: str = ""
    user_id: str = ""
    project_id: str = ""
    application_credential_id: str = ""
    folder: str = ""
    revision: str = ""
    digest: str = ""

    def lines(self) -> list[tuple[str, str]]:
        """Return what is known as (word, value), for people."""
        credential = f"application credential {self.application_credential_id}, " if self.application_credential_id else ""
        values = {
            "ringfence": self.version,
            "cloud": ", ".join(filter(None, (self.auth_url, self.region and f"region {self.region}"))),
            "run by": f"{credential}user {self.user_id}, project {self.project_id}" if self.user_id else "",
            "declarations": self.folder,
            "revision": self.revision,
            "digest": self.digest and f"sha256 {self.digest}",
        }
        return [(word, value) for word, value in values.items() if value]

    def plain(self) -> dict[str, str]:
        """Return everything as plain values."""
        return asdict(self)


def version() -> str:
    """Return ringfence's version."""
    try:
        return metadata.version("ringfence")
    except metadata.PackageNotFoundError:
        return ""


def of_declarations(declarations: Fingerprint) -> About:
    """Say which declarations it is about, and nothing of a cloud."""
    at = f"{declarations.revision} (changed)" if declarations.changed else declarations.revision
    return About(version(), folder=declarations.folder, revision=at, digest=declarations.digest)


def of_run(cloud: Connection, declarations: Fingerprint) -> About:
    """Say which cloud it is, who asks it, and about which declarations. A cloud that does not tell costs these words and no verdict."""
    known = of_declarations(declarations)
    with contextlib.suppress(CloudError), cloud_errors.translated("asking the cloud who is logged in"):
        login: Any = cloud.session.auth
        access = login.get_access(cloud.session)
        return replace(
            known,
            auth_url=str(cloud.config.get_auth_args().get("auth_url") or ""),
            region=str(cloud.config.get_region_name() or ""),
            user_id=str(access.user_id or ""),
            project_id=str(access.project_id or ""),
            application_credential_id=str(access.application_credential_id or ""),
        )
    return known
