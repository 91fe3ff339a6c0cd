"""Logs: a server sends what matters for its security to the store, over mutual TLS; ``hardening.logs`` is what runs on both.

Nothing here says who may write: that is in the certificate of a server, which counts from the server's own address only. So a tenant that
comes later writes without a change of the platform.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from hardening.bundle import GuestFile

if TYPE_CHECKING:
    from infra.declaration.values import Address

UNIT: Final = "ringfence-logs.service"
STORE_UNIT: Final = "ringfence-log-store.service"
SENDER: Final = "logs/sender.json"
STORE: Final = "logs/store.json"
STORE_MARK: Final = "logs/retention"
"""How long lines are kept and how much room they have."""
KEPT: Final = "/data/logs"
"""A folder for each tenant, in it one for each server, in it a file for each day."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where logs are kept: the services server's address and port."""

    address: Address
    port: int


@dataclass(frozen=True, slots=True)
class Retention:
    """How many days a line is kept, and how many GiB all lines may take."""

    days: int
    gibibytes: int


def client(store: Store) -> tuple[GuestFile, ...]:
    """Files of a server that sends its lines to the store; its certificate is beside them."""
    return (GuestFile(SENDER, _settings(store)),)


def server(store: Store, retention: Retention) -> tuple[GuestFile, ...]:
    """Files of the store, which sends its own lines to itself as every server does."""
    held = GuestFile(STORE_MARK, f"{retention.days} {retention.gibibytes * 1024}\n")
    return (*client(store), GuestFile(STORE, _settings(store)), held)


def _settings(store: Store) -> str:
    return json.dumps({"address": str(store.address), "port": store.port}) + "\n"
