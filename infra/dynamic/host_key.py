"""A server's SSH host key, read from its own serial console at its first boot.

The key never crosses a network that could change it: the server prints it on its console, Nova hands the console's log to the project that
owns the server, and the stack's state keeps it. Every later login is checked against it.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, ClassVar

from pulumi import Input, Output, ResourceOptions
from pulumi.dynamic import CreateResult, Resource, UpdateResult

from infra.dynamic.base import Lifecycle, Props, required
from infra.dynamic.clouds import Credential, admin, deployer
from infra.errors import GuestError

if TYPE_CHECKING:
    from openstack.connection import Connection

KEY_LINE = re.compile(r"ringfence-hostkey: (ssh-ed25519 [A-Za-z0-9+/]{68})(?![A-Za-z0-9+/])")
READY_LINE = re.compile(r"^.*ringfence-ready\b", re.MULTILINE)
WAIT_SECONDS = 600
"""A busy emulating host boots a guest in 30 to 90 s; far beyond that something is wrong."""
POLL_SECONDS = 2.0
TAIL_CHARACTERS = 600


def parse(console: str) -> str | None:
    """Return the host key once the server has said that it is ready, else ``None``.

    The *first* key counts: what a guest prints after its first boot is not evidence of anything.
    """
    if not READY_LINE.search(console):
        return None
    found = KEY_LINE.search(console)
    return found.group(1) if found else None


def wait(cloud: Connection, server_id: str) -> str:
    """Poll the console until the server is ready. Raises :class:`GuestError` when it takes too long or the server failed."""
    deadline = time.monotonic() + WAIT_SECONDS
    console = ""
    while time.monotonic() < deadline:
        console = cloud.compute.get_server_console_output(server_id)["output"] or ""
        key = parse(console)
        if key:
            return key
        if cloud.compute.get_server(server_id).status == "ERROR":
            break
        time.sleep(POLL_SECONDS)
    raise GuestError.of(
        "the server did not come up",
        where=server_id,
        expected=f"the lines ringfence-hostkey and ringfence-ready on its console within {WAIT_SECONDS} s",
        got=console[-TAIL_CHARACTERS:] or "an empty console",
        hint="pulumi up goes on from here once the server boots",
    )


class HostKeyLifecycle(Lifecycle):
    """Read the key once per server; it stays the server's for life."""

    identity: ClassVar[tuple[str, ...]] = ("server_id",)

    def create(self, props: Props) -> CreateResult:
        """Wait for the first boot and keep the key."""
        server_id = required(props, "server_id", "host key")
        credential = props.get("credential")
        cloud = deployer(Credential.of(credential)) if credential else admin()
        return CreateResult(server_id, {**props, "host_key": wait(cloud, server_id)})

    def update(self, _id: str, _olds: Props, _news: Props) -> UpdateResult:
        """Keep the key."""
        return UpdateResult({**_news, "host_key": _olds["host_key"]})


class HostKey(Resource, module="ringfence", name="HostKey"):
    """``host_key`` is the server's public key, as in ``known_hosts``: ``ssh-ed25519 AAAA...``."""

    host_key: Output[str]

    def __init__(
        self,
        name: str,
        server_id: Input[str],
        credential: Output[dict[str, str]] | None = None,
        opts: ResourceOptions | None = None,
    ) -> None:
        """Declare it for a server; without a credential the operator's admin reads the console (the bastion's)."""
        marked = ResourceOptions(additional_secret_outputs=["credential"] if credential else [])
        props = {"server_id": server_id, "credential": credential, "host_key": None}
        super().__init__(HostKeyLifecycle(), name, props, ResourceOptions.merge(opts, marked))
