"""What the cloud's clients raise, in the words of whoever uses them: the one place that knows the families of their errors."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.errors import CloudError, RingfenceError

if TYPE_CHECKING:
    from collections.abc import Iterator

CHOOSE = 'name an entry of clouds.yaml: --state cloud:NAME, or export OS_CLOUD=NAME; in the lab: eval "$(./scripts/lab env)"'
LOG_IN = "check user, password and project of this entry of clouds.yaml; a credential that may read all projects is needed"
REACH = "is the cloud up, and is auth_url of this entry of clouds.yaml right? In the lab: ./scripts/lab status"
LONGEST = 300
"""Characters of the client's own words that an error carries."""


@contextmanager
def translated(where: str, *, connecting: bool = False) -> Iterator[None]:
    """Raise :class:`CloudError` for what openstacksdk, keystoneauth and requests raise.

    ``connecting``: nothing but the client is at work, on the user's settings, so whatever it raises is about these.
    """
    try:
        yield
    except RingfenceError:
        raise
    except Exception as error:
        found = _meaning(error) or (("the settings of this cloud cannot be used", CHOOSE) if connecting else None)
        if found is None:
            raise
        what, hint = found
        words = " ".join(str(error).split())[:LONGEST]
        got = f"{type(error).__name__}: {words}" if words else type(error).__name__
        raise CloudError.of(what, where=where, got=got, hint=hint) from error


def _meaning(error: Exception) -> tuple[str, str] | None:
    """Return what is wrong and what to do; ``None`` for what none of the clients raises."""
    from keystoneauth1 import exceptions as keystone  # noqa: PLC0415 - with the cloud's client, which takes a second to import
    from openstack import exceptions as sdk  # noqa: PLC0415 - as above
    from requests import exceptions as http  # noqa: PLC0415 - as above

    kinds: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
        ((keystone.Unauthorized,), "the cloud refused the credential", LOG_IN),
        ((keystone.HttpServerError,), "the API did not answer as it should", REACH),
        ((keystone.HttpError, sdk.HttpException), "the API refused", LOG_IN),
        ((keystone.ConnectionError, keystone.DiscoveryFailure, keystone.CatalogException), "the cloud cannot be reached", REACH),
        ((http.ConnectionError, http.Timeout), "the cloud cannot be reached", REACH),
        ((sdk.ConfigException, keystone.AuthPluginException), "there is no such cloud to read", CHOOSE),
        ((keystone.ClientException, sdk.SDKException, http.RequestException), "the API did not answer as it should", REACH),
    )
    return next(((what, hint) for family, what, hint in kinds if isinstance(error, family)), None)
