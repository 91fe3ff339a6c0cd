"""Where a result comes from: which cloud, which declarations, by whom, with which version. Ids only, never a secret."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import metadata
from typing import TYPE_CHECKING, Any

from ringfence import cloud_errors

if TYPE_CHECKING:
    from openstack.connection import Connection


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


def of_cloud(cloud: Connection) -> About:
    """Say which cloud it is and who asks it. Raises :class:`CloudError` when it cannot be asked."""
    with cloud_errors.translated("asking the cloud who is logged in"):
        login: Any = cloud.session.auth
        access = login.get_access(cloud.session)
        return About(
            version(),
            str(cloud.config.get_auth_args().get("auth_url") or ""),
            str(cloud.config.get_region_name() or ""),
            str(access.user_id or ""),
            str(access.project_id or ""),
            str(access.application_credential_id or ""),
        )
