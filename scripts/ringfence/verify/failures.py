"""Errors of the cloud's client, turned into ringfence's own: what, where, expected, got, next step."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from paramiko.ssh_exception import SSHException

from infra.errors import GuestError
from ringfence import cloud_errors

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextlib.contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise :class:`CloudError` or :class:`GuestError` for what the clients raise; ``doing`` says what was going on."""
    try:
        with cloud_errors.translated(doing):
            yield
    except (SSHException, EOFError) as problem:
        hint = "see that the server and the bastion are up, then run it again"
        raise GuestError.of("a login broke off", where=doing, got=f"{type(problem).__name__}: {problem}", hint=hint) from problem
