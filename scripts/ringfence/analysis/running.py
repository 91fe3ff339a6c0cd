"""A running cloud as a state: connected to, read, and every error of its client said in the words of whoever asked."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from infra.dynamic.clouds import authority
from infra.neutron.snapshot import FORMAT_VERSION, Header, store
from infra.neutron.sources import cloud
from ringfence.cloud_errors import translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from infra.neutron.semantics.parties import Trust
    from infra.neutron.snapshot import Record, Snapshot


def running(name: str | None, trust: Trust, tell: Callable[[str, int], None]) -> Snapshot:
    """Read a running cloud into a snapshot; ``trust`` says which projects are the platform's.

    Raises:
        CloudError: whatever the cloud or the way to it does not give.
    """
    header, records = streamed(name, trust, tell)
    return store.from_records(header, records, "cloud")


def streamed(name: str | None, trust: Trust, tell: Callable[[str, int], None]) -> tuple[Header, Iterator[Record]]:
    """Return a running cloud as a header and a stream of records, so that a large one never has to fit into memory.

    Raises:
        CloudError: here and while the records are read: no cloud, an unknown one, none that answers, or one that refuses.
    """
    where = f"cloud:{name}" if name else "cloud"
    with translated(where, connecting=True):
        import openstack  # noqa: PLC0415 - takes a second, and only this source needs it

        opened = openstack.connect(cloud=name, cacert=authority(os.environ))
    with translated(where):
        connection = cast("cloud.Connection", opened)  # the SDK's proxies are keystoneauth adapters: get() takes params by keyword
        taken = datetime.now(UTC).isoformat(timespec="seconds")
        label = name or opened.config.name or ""
        complete = cloud.sees_everything(connection)
        driver = cloud.driver(connection)
    notes = () if driver else ("the API does not tell which firewall driver enforces the groups: pass --driver",)
    header = Header(format=FORMAT_VERSION, origin="cloud", complete=complete, driver=driver, taken=taken, cloud=label, notes=notes)
    return header, _guarded(where, cloud.records(connection, trust, tell))


def _guarded(where: str, records: Iterator[Record]) -> Iterator[Record]:
    with translated(where):
        yield from records
