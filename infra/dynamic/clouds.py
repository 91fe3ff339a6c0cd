"""Connections to the cloud: as the operator's admin (``OS_CLOUD``) or as a tenant's deployer (an application credential)."""

from __future__ import annotations

import functools
import os
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from keystoneauth1.adapter import Adapter
    from openstack.connection import Connection

AUTHORITY = "OS_CACERT"
TIMEOUT_SECONDS = 120
"""How long one API request may take before it counts as failed."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A tenant's application credential, with all that a client needs to use it."""

    auth_url: str
    region: str
    application_credential_id: str
    application_credential_secret: str
    cacert: str = ""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Credential:
        """Read the property of a resource."""
        return cls(**{name: str(value.get(name, "")) for name in cls.__slots__})


def authority(environment: Mapping[str, str]) -> str | None:
    """Return the file of the private certificate authority that ``OS_CACERT`` names, for ``openstack.connect``, if it names one.

    The provider and the ``openstack`` command read the variable. openstacksdk does not, once ``OS_CLOUD`` chooses a cloud by name.

    Raises :class:`CloudError` for a file that another working directory, such as the engine's, would not find.
    """
    text = environment.get(AUTHORITY, "")
    if not text:
        return None
    if not Path(text).is_absolute():
        raise CloudError.of(
            "the certificate authority's file has a relative name, and not every program starts in this folder",
            where=AUTHORITY,
            expected="an absolute path",
            got=text,
            hint=f'export {AUTHORITY}="$(realpath {text})"',
        )
    if not Path(text).is_file():
        raise CloudError.of("the certificate authority's file is not there", where=AUTHORITY, expected="a file in PEM format", got=text)
    return text


@functools.cache
def admin() -> Connection:
    """Connect as the operator's admin. Raises :class:`CloudError` when no cloud is chosen."""
    import openstack  # noqa: PLC0415 - a second of import that `pulumi up` with nothing to do must not pay

    if not os.environ.get("OS_CLOUD"):
        raise CloudError.of(
            "no cloud is chosen",
            expected="the environment variable OS_CLOUD names an entry of clouds.yaml",
            hint='eval "$(./scripts/lab env)", or export OS_CLOUD for a cloud of your own',
        )
    return openstack.connect(api_timeout=TIMEOUT_SECONDS, cacert=authority(os.environ))


@functools.cache
def deployer(credential: Credential) -> Connection:
    """Connect with a tenant's application credential; environment and clouds.yaml are left out of account."""
    from openstack.config import get_cloud_region  # noqa: PLC0415 - see above
    from openstack.connection import Connection  # noqa: PLC0415 - see above

    settings = asdict(credential)
    region = get_cloud_region(
        load_envvars=False,
        load_yaml_config=False,
        auth_type="v3applicationcredential",
        auth={name: settings[name] for name in ("auth_url", "application_credential_id", "application_credential_secret")},
        region_name=credential.region,
        cacert=credential.cacert or None,
        api_timeout=TIMEOUT_SECONDS,
    )
    return Connection(config=region)


def delete(service: Adapter, path: str) -> None:
    """Delete something by a plain request to its service; what is gone already is gone."""
    answer = service.delete(path, raise_exc=False)
    if answer.status_code != HTTPStatus.NOT_FOUND:
        answer.raise_for_status()
