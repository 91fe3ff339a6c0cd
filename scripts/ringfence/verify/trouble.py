"""Errors of the cloud's client, turned into ringfence's own: what, where, expected, got, next step."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from keystoneauth1.exceptions import ClientException
from openstack.exceptions import SDKException
from paramiko.ssh_exception import SSHException

from infra.errors import CloudError, GuestError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise :class:`CloudError` or :class:`GuestError` for what the clients raise; ``doing`` says what was going on."""
    try:
        yield
    except (ClientException, SDKException) as problem:
        text = str(problem).splitlines()[0][:300]
        raise CloudError.of("the API did not answer as it should", where=doing, got=f"{type(problem).__name__}: {text}",
                            hint="is the cloud up? In the lab: ./scripts/lab status") from problem  # fmt: skip
    except (SSHException, EOFError) as problem:
        raise GuestError.of("a login broke off", where=doing, got=f"{type(problem).__name__}: {problem}") from problem
