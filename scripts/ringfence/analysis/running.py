"""A running cloud as a state: connected to, read, and every error of its client said in the words of whoever asked."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from infra.declaration import names
from infra.errors import CloudError
from infra.neutron import cloud, store
from infra.neutron.snapshot import FORMAT_VERSION, Header

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.neutron.snapshot import Record, Snapshot

CHOOSE = 'name an entry of clouds.yaml: --state cloud:NAME, or export OS_CLOUD=NAME; in the lab: eval "$(./scripts/lab env)"'
LOG_IN = "check user, password and project of this entry of clouds.yaml; a credential that may read all projects is needed"
REACH = "is the cloud up, and is auth_url of this entry of clouds.yaml right? In the lab: ./scripts/lab status"
LONGEST = 300
"""Characters of the client's own words that an error carries."""


def running(name: str | None, tell: Callable[[str, int], None]) -> Snapshot:
    """Read a running cloud into a snapshot. Raises ``CloudError`` for whatever the cloud or the way to it does not give."""
    header, records = streamed(name, tell)
    return store.from_records(header, records, "cloud")


def streamed(name: str | None, tell: Callable[[str, int], None]) -> tuple[Header, Iterator[Record]]:
    """Return a running cloud as a header and a stream of records, so that a large one never has to fit into memory.

    Raises:
        CloudError: here and while the records are read: no cloud, an unknown one, none that answers, or one that refuses.
    """
    with translated(name):
        import openstack  # noqa: PLC0415 - takes a second, and only this source needs it

        opened = openstack.connect(cloud=name)
        connection = cast("cloud.Connection", opened)  # the SDK's proxies are keystoneauth adapters: get() takes params by keyword
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        label = name or opened.config.name or ""
        complete = cloud.sees_everything(connection)
        driver = cloud.driver(connection)
    notes = () if driver else ("the API does not tell which firewall driver enforces the groups: pass --driver",)
    header = Header(format=FORMAT_VERSION, origin="cloud", complete=complete, driver=driver, taken=taken, cloud=label, notes=notes)
    return header, _guarded(name, cloud.records(connection, (names.PLATFORM,), tell))


def _guarded(name: str | None, records: Iterator[Record]) -> Iterator[Record]:
    with translated(name):
        yield from records


@contextmanager
def translated(name: str | None) -> Iterator[None]:
    """Raise :class:`CloudError` for what openstacksdk, keystoneauth and requests raise: the one place that knows their families."""
    try:
        yield
    except Exception as error:
        found = _problem(error)
        if found is None:
            raise
        what, hint = found
        words = " ".join(str(error).split())[:LONGEST]
        where = f"cloud:{name}" if name else "cloud"
        raise CloudError.of(
            what, where=where, got=f"{type(error).__name__}: {words}" if words else type(error).__name__, hint=hint
        ) from error


def _problem(error: Exception) -> tuple[str, str] | None:
    """Return what is wrong and what to do; ``None`` for what is nobody's of these."""
    from keystoneauth1 import exceptions as keystone  # noqa: PLC0415 - with the cloud's client, which takes a second to import
    from openstack import exceptions as sdk  # noqa: PLC0415 - as above
    from requests import exceptions as http  # noqa: PLC0415 - as above

    kinds: tuple[tuple[tuple[type[Exception], ...], str, str], ...] = (
        ((keystone.Unauthorized,), "the cloud refused the credential", LOG_IN),
        ((keystone.HttpServerError,), "the API did not answer as it should", REACH),
        ((keystone.HttpError,), "the API refused", LOG_IN),
        ((sdk.ConfigException, keystone.AuthPluginException, keystone.OptionError), "there is no such cloud to read", CHOOSE),
        ((keystone.ConnectionError, keystone.DiscoveryFailure, keystone.EndpointNotFound), "the cloud cannot be reached", REACH),
        ((http.ConnectionError, http.Timeout), "the cloud cannot be reached", REACH),
        ((keystone.ClientException, sdk.SDKException, http.RequestException), "the API did not answer as it should", REACH),
    )
    return next(((what, hint) for family, what, hint in kinds if isinstance(error, family)), None)
